// SPDX-License-Identifier: BSL-1.0
#include "eddy/flow/on_cancel.hpp"

#include <exception>
#include <stdexcept>
#include <string>
#include <vector>

#include "eddy/flow/sleep.hpp"
#include "eddy/flow/task_group.hpp"
#include "eddy/flow/timeout.hpp"
#include "eddy/testing/test.hpp"
#include "tests/support/moments.hpp"

using namespace std::chrono_literals;
using eddy::coro;

namespace {

/// Program 2: commits when it is left in peace, rolls back when an exception passes.
class transaction {
 public:
  explicit transaction(std::string& end) : end_(&end) {}
  transaction(transaction&& other) noexcept : end_(std::exchange(other.end_, nullptr)), count_(other.count_) {}
  transaction& operator=(transaction&&) = delete;
  ~transaction() {
    if (end_ != nullptr) *end_ += std::uncaught_exceptions() > count_ ? "rollback;" : "commit;";
  }

 private:
  std::string* end_;
  int count_ = std::uncaught_exceptions();
};

coro<> change(std::string& end) {
  transaction local(end);
  co_await eddy::sleep(1s);
}

EDDY_TEST(unwinding, L2_2_a_guard_that_commits_on_success_commits_on_success) {
  std::string end;
  co_await change(end);
  EXPECT_EQ(end, "commit;");
}

EDDY_TEST(unwinding, L2_2_a_guard_that_commits_on_success_rolls_back_on_cancellation) {
  std::string end;
  auto job = eddy::create_task(change, std::ref(end));
  co_await eddy::sleep(1ms);
  co_await eddy::cancel_and_join(job);
  EXPECT_EQ(end, "rollback;");
  EXPECT_EQ(std::uncaught_exceptions(), 0);
}

EDDY_TEST(unwinding, L2_2_also_in_a_branch_and_in_each_frame_of_a_chain) {
  std::string end;
  try {
    co_await eddy::timeout(1ms, [&]() -> coro<> {
      transaction outer(end);
      co_await change(end);
    });
    ADD_FAILURE() << "no timeout";
  } catch (const eddy::timeout_error&) {
  }
  EXPECT_EQ(end, "rollback;rollback;");
}

EDDY_TEST(unwinding, L2_2_also_when_the_guard_is_an_argument_or_a_capture_of_the_task) {
  std::string end;
  auto argument = eddy::create_task([](transaction) -> coro<> { co_await eddy::sleep(1h); }, transaction(end));
  auto capture = eddy::create_task([held = transaction(end)]() -> coro<> { co_await eddy::sleep(1h); });
  co_await eddy::sleep(0s);
  co_await eddy::cancel_and_join(argument);
  EXPECT_EQ(end, "rollback;");
  co_await eddy::cancel_and_join(capture);
  EXPECT_EQ(end, "rollback;rollback;");
}

EDDY_TEST(unwinding, L2_2_a_transaction_made_while_others_are_unwound_is_its_own) {
  std::string outer;
  std::string inner;
  struct finisher {
    std::string& text;
    ~finisher() { transaction nested(text); }  // begins and ends well inside of an unwinding
  };
  auto job = eddy::create_task([&]() -> coro<> {
    transaction t(outer);
    finisher f{inner};
    co_await eddy::sleep(1h);
  });
  co_await eddy::sleep(0s);
  co_await eddy::cancel_and_join(job);
  EXPECT_EQ(outer, "rollback;");
  EXPECT_EQ(inner, "commit;");
}

EDDY_TEST(on_cancel, L2_28_undoes_on_cancellation_alone) {
  int undone = 0;
  auto work = [&](bool fails) -> coro<> {
    auto undo = eddy::on_cancel([&] { ++undone; });
    co_await eddy::sleep(1s);
    if (fails) throw std::runtime_error("work");
  };
  co_await work(false);
  EXPECT_EQ(undone, 0);
  try {
    co_await work(true);
  } catch (const std::runtime_error&) {
  }
  EXPECT_EQ(undone, 0);
  auto job = eddy::create_task(work, false);
  co_await eddy::sleep(0s);
  co_await eddy::cancel_and_join(job);
  EXPECT_EQ(undone, 1);
}

EDDY_TEST(on_cancel, L2_28_no_catch_block_sees_a_cancellation) {
  bool caught = false;
  bool undone = false;
  auto job = eddy::create_task([&]() -> coro<> {
    auto undo = eddy::on_cancel([&] { undone = eddy::unwinding(); });
    try {
      co_await eddy::sleep(1h);
    } catch (...) {
      caught = true;
    }
  });
  co_await eddy::sleep(0s);
  co_await eddy::cancel_and_join(job);
  EXPECT_FALSE(caught);
  EXPECT_TRUE(undone);
  EXPECT_FALSE(eddy::unwinding());
}

EDDY_TEST(on_exit, S70_acts_however_the_scope_is_left) {
  int left = 0;
  auto work = [&](bool fails) -> coro<> {
    auto leave = eddy::on_exit([&] { ++left; });
    co_await eddy::sleep(1s);
    if (fails) throw std::runtime_error("work");
  };
  co_await work(false);
  try {
    co_await work(true);
  } catch (const std::runtime_error&) {
  }
  auto job = eddy::create_task(work, false);
  co_await eddy::sleep(0s);
  co_await eddy::cancel_and_join(job);
  EXPECT_EQ(left, 3);
}

TEST(on_exit, L2_each_guard_acts_once_wherever_it_is_cancelled) {
  int begun = 0;
  int ended = 0;
  eddy::testing::explore(
      [&]() -> coro<> {
        begun = ended = 0;
        for (int i = 0; i < 3; ++i) {
          ++begun;
          auto leave = eddy::on_exit([&] { ++ended; });
          co_await eddy::sleep(1ms);
          co_await eddy::checkpoint();
        }
      },
      eddy::testing::explore_options().check(
          [&] { return begun == ended ? "" : "a guard was left out or acted twice"; }));
}

TEST(unwinding_death, L2_1_a_destructor_that_throws_while_unwinding_ends_the_program_with_task_and_place) {
  struct loud {
    ~loud() noexcept(false) { throw std::runtime_error("loud"); }
  };
  EXPECT_DEATH(eddy::run([]() -> coro<> {
                 auto wait_loudly = []() -> coro<> {
                   loud l;
                   co_await eddy::sleep(1h);
                 };
                 auto job = eddy::create_task([&]() -> coro<> {
                   try {
                     co_await wait_loudly();
                   } catch (...) {
                   }
                 });
                 job.name("noisy");
                 co_await eddy::sleep(0s);
                 co_await eddy::cancel_and_join(job);
               }),
               "destructor threw while .*noisy.* was being cancelled, at on_cancel_test.cpp");
}

}  // namespace
