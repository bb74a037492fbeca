// SPDX-License-Identifier: BSL-1.0
#include "eddy/loop/callback.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "eddy/base/errors.hpp"
#include "eddy/base/frame_pool.hpp"
#include "tests/loop/drive.hpp"

using namespace std::chrono_literals;

namespace {

static_assert(std::is_nothrow_move_constructible_v<eddy::callback_handle> &&
              !std::is_copy_constructible_v<eddy::callback_handle>);

class callback : public testing::Test {
 protected:
  void TearDown() override { EXPECT_EQ(eddy::detail::frame_pool::live_blocks(), before_) << "a callback leaked"; }

 private:
  std::int64_t before_ = eddy::detail::frame_pool::live_blocks();
};

TEST_F(callback, S14_takes_a_callable_and_its_arguments_by_value) {
  eddy::event_loop loop;
  int sum = 0;
  auto owned = std::make_unique<int>(3);
  loop.call_soon([&sum](const std::unique_ptr<int>& p, int x) { sum = *p + x; }, std::move(owned), 4);
  drive(loop);
  EXPECT_EQ(sum, 7);
}

TEST_F(callback, S14_a_cancelled_one_never_runs_and_lets_its_arguments_go_at_once) {
  eddy::event_loop loop;
  auto shared = std::make_shared<int>(0);
  auto soon = loop.call_soon([shared] { FAIL(); });
  auto later = loop.call_later(0s, [shared] { FAIL(); });
  EXPECT_EQ(shared.use_count(), 3);
  EXPECT_TRUE(soon.waiting() && later.waiting());
  soon.cancel();
  later.cancel();
  EXPECT_EQ(shared.use_count(), 1);
  EXPECT_FALSE(soon.waiting() || later.waiting());
  soon.cancel();
  drive(loop);
}

TEST_F(callback, S14_may_be_cancelled_between_its_deadline_and_its_turn) {
  eddy::event_loop loop;
  bool ran = false;
  std::vector<eddy::callback_handle> handles;
  loop.call_later(0s, [&] { handles.at(0).cancel(); });
  handles.push_back(loop.call_later(0s, [&] { ran = true; }));
  drive(loop);
  EXPECT_FALSE(ran);
}

TEST_F(callback, a_dropped_handle_does_not_cancel) {
  eddy::event_loop loop;
  int ran = 0;
  {
    auto handle = loop.call_soon([&] { ++ran; });
  }
  {
    auto handle = loop.call_later(1us, [&] { ++ran; });
  }
  drive(loop);
  EXPECT_EQ(ran, 2);
}

TEST_F(callback, a_handle_may_outlive_the_call) {
  eddy::event_loop loop;
  std::vector<eddy::callback_handle> handles;
  handles.push_back(loop.call_soon([&] { handles.at(0).cancel(); }));
  drive(loop);
  EXPECT_FALSE(handles[0].waiting());
  handles[0].cancel();
}

TEST_F(callback, L9_a_moved_from_handle_does_nothing) {
  eddy::event_loop loop;
  int ran = 0;
  auto a = loop.call_soon([&] { ++ran; });
  auto b = std::move(a);
  a.cancel();  // NOLINT: the moved-from handle is the subject
  EXPECT_FALSE(a.waiting());
  EXPECT_TRUE(b.waiting());
  drive(loop);
  EXPECT_EQ(ran, 1);
}

TEST_F(callback, what_never_had_its_turn_goes_with_the_loop) {
  auto shared = std::make_shared<int>(0);
  {
    eddy::event_loop loop;
    loop.call_soon([shared] { FAIL(); });
    loop.call_later(1h, [shared] { FAIL(); });
    loop.call_soon_threadsafe([shared] { FAIL(); });
    EXPECT_EQ(shared.use_count(), 4);
  }
  EXPECT_EQ(shared.use_count(), 1);
}

TEST_F(callback, what_is_scheduled_while_the_loop_goes_is_dropped_too) {
  struct scheduler_in_destructor {
    eddy::event_loop* loop;
    std::shared_ptr<int> shared;
    scheduler_in_destructor(eddy::event_loop* l, std::shared_ptr<int> s) : loop(l), shared(std::move(s)) {}
    scheduler_in_destructor(scheduler_in_destructor&& o) noexcept
        : loop(std::exchange(o.loop, nullptr)), shared(o.shared) {}
    ~scheduler_in_destructor() {
      if (loop != nullptr) loop->call_soon([kept = shared] { FAIL(); });
    }
    void operator()() const { FAIL(); }
  };
  auto shared = std::make_shared<int>(0);
  {
    eddy::event_loop loop;
    loop.call_later(1h, scheduler_in_destructor(&loop, shared));
  }
  EXPECT_EQ(shared.use_count(), 1);
}

TEST_F(callback, L6_one_that_throws_reaches_the_handler_and_the_next_runs) {
  eddy::event_loop loop;
  std::vector<std::string> told;
  loop.set_exception_handler(
      [&](const eddy::unhandled_error& what) { told.push_back(eddy::detail::describe_exception(what.error)); });
  bool next = false;
  loop.call_soon([] { throw std::runtime_error("no"); });
  loop.call_soon([&] { next = true; });
  drive(loop);
  EXPECT_TRUE(next);
  EXPECT_EQ(told, std::vector<std::string>{"std::runtime_error: no"});
}

}  // namespace
