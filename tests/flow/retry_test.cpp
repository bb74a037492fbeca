// SPDX-License-Identifier: BSL-1.0
#include "eddy/flow/retry.hpp"

#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "eddy/flow/on_cancel.hpp"
#include "eddy/flow/with.hpp"
#include "eddy/testing/test.hpp"
#include "tests/support/moments.hpp"

using namespace std::chrono_literals;
using eddy::coro;
using eddy::retry_policy;
using moments = std::vector<std::chrono::nanoseconds>;

namespace {

/// Fails so often, and notes when it was tried.
class flaky {
 public:
  explicit flaky(int failures) : failures_(failures), begin_(eddy::now()) {}
  coro<int> operator()() {
    tried.push_back(eddy::now() - begin_);
    co_await eddy::sleep(1s);
    if (static_cast<int>(tried.size()) <= failures_)
      throw std::runtime_error("failure " + std::to_string(tried.size()));
    co_return static_cast<int>(tried.size());
  }
  moments tried;

 private:
  int failures_;
  eddy::time_point begin_;
};

EDDY_TEST(retry, S27_pauses_double_up_to_the_cap) {
  flaky f(6);
  const int attempt = co_await eddy::retry(retry_policy().attempts(7).base(2s).cap(10s).jitter(false), std::ref(f));
  EXPECT_EQ(attempt, 7);
  // Each attempt takes 1 s; pauses of 2, 4, 8, 10, 10, 10 s.
  EXPECT_EQ(f.tried, (moments{0s, 3s, 8s, 17s, 28s, 39s, 50s}));
}

EDDY_TEST(retry, S27_the_last_error_is_thrown_when_the_attempts_are_used_up) {
  flaky f(100);
  std::string text;
  try {
    co_await eddy::retry(retry_policy().attempts(3).base(1s).jitter(false), std::ref(f));
  } catch (const std::runtime_error& e) {
    text = e.what();
  }
  EXPECT_EQ(text, "failure 3");
  EXPECT_EQ(f.tried, (moments{0s, 2s, 5s}));
}

EDDY_TEST(retry, S27_jitter_shortens_each_pause_to_no_less_than_half) {
  flaky f(5);
  co_await eddy::retry(retry_policy().attempts(6).base(4s).cap(4s), std::ref(f));
  for (std::size_t i = 1; i < f.tried.size(); ++i) {
    const auto pause = f.tried[i] - f.tried[i - 1] - 1s;
    EXPECT_GE(pause, 2s);
    EXPECT_LE(pause, 4s);
  }
}

EDDY_TEST(retry, S27_only_the_errors_that_are_worth_it) {
  int calls = 0;
  auto f = [&]() -> coro<> {
    ++calls;
    co_await eddy::sleep(1ms);
    throw std::domain_error("no");
  };
  EXPECT_EQ(calls, 0);
  bool caught = false;
  try {
    co_await eddy::retry(retry_policy().attempts(5).on<std::runtime_error>(), f);
  } catch (const std::domain_error&) {
    caught = true;
  }
  EXPECT_TRUE(caught);
  EXPECT_EQ(calls, 1);
}

EDDY_TEST(retry, L9_misuse_is_not_tried_again) {
  int calls = 0;
  auto f = [&]() -> coro<> {
    ++calls;
    throw eddy::misuse_error("no");
    co_return;
  };
  try {
    co_await eddy::retry(retry_policy().attempts(5), f);
  } catch (const eddy::misuse_error&) {
  }
  EXPECT_EQ(calls, 1);
  EXPECT_THROW(retry_policy().attempts(0), eddy::misuse_error);
}

EDDY_TEST(retry, S27_a_pause_that_the_error_asks_for_goes_before_the_policys_own) {
  class busy : public std::runtime_error {
   public:
    explicit busy(std::chrono::seconds after) : std::runtime_error("busy"), after_(after) {}
    std::chrono::seconds after() const { return after_; }

   private:
    std::chrono::seconds after_;
  };
  moments tried;
  const auto begin = eddy::now();
  auto f = [&]() -> coro<> {
    tried.push_back(eddy::now() - begin);
    if (tried.size() == 1) throw busy(120s);
    if (tried.size() == 2) throw std::runtime_error("other");
    co_return;
  };
  auto ask = [](const std::exception_ptr& error) -> std::optional<std::chrono::nanoseconds> {
    try {
      std::rethrow_exception(error);
    } catch (const busy& b) {
      return b.after();
    } catch (...) {
      return std::nullopt;
    }
  };
  auto policy = retry_policy().base(1s).cap(30s).jitter(false).pause_from(ask);
  co_await eddy::retry(policy, f);
  EXPECT_EQ(tried, (moments{0s, 120s, 122s}));
}

EDDY_TEST(retry, S27_no_attempt_begins_after_the_deadline) {
  flaky f(100);
  try {
    co_await eddy::retry(retry_policy().attempts(100).base(2s).cap(2s).jitter(false).limit(9s), std::ref(f));
  } catch (const std::runtime_error&) {
  }
  EXPECT_EQ(f.tried, (moments{0s, 3s, 6s}));  // the next would begin at 9 s
}

EDDY_TEST(retry, S27_the_limit_also_ends_an_attempt_that_hangs) {
  const auto begin = eddy::now();
  int calls = 0;
  auto hangs = [&]() -> coro<> {
    if (++calls == 1) throw std::runtime_error("first");
    co_await eddy::sleep(1h);
  };
  std::string text;
  try {
    co_await eddy::retry(retry_policy().attempts(5).base(2s).jitter(false).limit(9s), hangs);
  } catch (const eddy::timeout_error& e) {
    text = e.what();
  }
  EXPECT_NE(text.find("limit of 9 s reached, set at retry_test.cpp"), std::string::npos) << text;
  EXPECT_EQ(calls, 2);
  EXPECT_EQ(eddy::now() - begin, 9s);
}

EDDY_TEST(retry, S27_a_limit_for_each_attempt_is_an_error_like_any_other) {
  const auto begin = eddy::now();
  int calls = 0;
  auto hangs_twice = [&]() -> coro<int> {
    if (++calls < 3) co_await eddy::sleep(1h);
    co_return calls;
  };
  const int calls_in_all = co_await eddy::retry(
      retry_policy().attempts(3).base(1s).jitter(false).attempt_limit(5s).on<eddy::timeout_error>(), hangs_twice);
  EXPECT_EQ(calls_in_all, 3);
  EXPECT_EQ(eddy::now() - begin, 13s);  // 5 and 1, 5 and 2
}

EDDY_TEST(retry, S27_void_and_references_under_a_limit) {
  int number = 5;
  auto give = [&]() -> coro<int&> { co_return number; };
  int& same = co_await eddy::retry(retry_policy().limit(1s), give);
  EXPECT_EQ(&same, &number);
  co_await eddy::retry(retry_policy().limit(1s).attempt_limit(1s), [] { return eddy::sleep(1ms); });
}

EDDY_TEST(retry, S27_very_many_attempts_and_the_longest_cap_do_not_overflow) {
  const auto error = std::make_exception_ptr(std::runtime_error("x"));
  const auto policy = retry_policy().attempts(1000).base(1s).cap(std::chrono::nanoseconds::max()).jitter(false);
  EXPECT_EQ(policy.pause_after(999, error, eddy::now()), std::chrono::nanoseconds::max());
  co_return;
}

EDDY_TEST(retry, L3_12_a_call_that_throws_before_it_is_a_coroutine_is_a_failed_attempt) {
  int calls = 0;
  auto f = [&]() -> coro<int> {
    if (++calls < 3) throw std::runtime_error("no coroutine");
    return []() -> coro<int> { co_return 5; }();
  };
  const int x = co_await eddy::retry(retry_policy(), f);
  EXPECT_EQ(x, 5);
  EXPECT_EQ(calls, 3);
}

TEST(retry, S27_is_cancellable_at_once_wherever_it_is) {
  int calls = 0;
  const auto went = eddy::testing::explore([&]() -> coro<> {
    calls = 0;
    auto f = [&]() -> coro<> {
      co_await eddy::with(eddy::testing::tracked("attempt"), [&](auto&) -> coro<> {
        co_await eddy::sleep(1ms);
        if (++calls < 3) throw std::runtime_error("x");
      });
    };
    co_await eddy::retry(retry_policy().attempts(3).base(1s).jitter(false), f);
  });
  EXPECT_GE(went.cancel_points, 25U);
}

EDDY_TEST(retry, S27_a_cancelled_task_ends_in_its_pause) {
  flaky f(100);
  const auto begin = eddy::now();
  auto job = eddy::create_task(
      [&]() -> coro<> { co_await eddy::retry(retry_policy().base(1h).cap(1h).jitter(false), std::ref(f)); });
  co_await eddy::sleep(5s);
  co_await eddy::cancel_and_join(job);
  EXPECT_EQ(eddy::now() - begin, 5s);
  EXPECT_EQ(f.tried.size(), 1U);
}

}  // namespace
