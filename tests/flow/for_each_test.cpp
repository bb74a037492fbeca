// SPDX-License-Identifier: BSL-1.0
#include "eddy/flow/for_each.hpp"

#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "eddy/flow/sleep.hpp"
#include "eddy/testing/test.hpp"
#include "tests/support/moments.hpp"

using namespace std::chrono_literals;
using eddy::coro;
using eddy::testing::tracked;

namespace {

/// Counts down; owes nothing.
class countdown {
 public:
  explicit countdown(int from) : left_(from) {}
  coro<std::optional<int>> next() {
    co_await eddy::sleep(1ms);
    if (left_ == 0) co_return std::nullopt;
    co_return left_--;
  }

 private:
  int left_;
};

/// Owes awaited clean-up (program 10: a consumer that is unwound while the stream stands between two items).
class owing : public tracked {
 public:
  explicit owing(int from) : tracked("stream"), inner_(from) {}
  auto next() { return inner_.next(); }

 private:
  countdown inner_;
};

EDDY_TEST(for_each, S31_takes_own_iterators_and_calls_for_every_item_in_order) {
  std::vector<int> got;
  co_await eddy::for_each(countdown(3), [&](int x) { got.push_back(x); });
  EXPECT_EQ(got, (std::vector<int>{3, 2, 1}));

  countdown kept(2);
  co_await eddy::for_each(kept, [&](int x) -> coro<> {
    co_await eddy::sleep(1s);
    got.push_back(x);
  });
  EXPECT_EQ(got, (std::vector<int>{3, 2, 1, 2, 1}));
}

EDDY_TEST(for_each, L3_10_a_stream_that_owes_clean_up_is_closed_when_the_consumer_throws) {
  std::string text;
  try {
    co_await eddy::for_each(owing(3), [](int) { throw std::runtime_error("consumer"); });
  } catch (const std::runtime_error& e) {
    text = e.what();
  }
  EXPECT_EQ(text, "consumer");
  EXPECT_EQ(tracked::open(), 0);
  EXPECT_EQ(tracked::opened(), 1);
}

TEST(for_each, L3_10_a_stream_that_owes_clean_up_is_closed_wherever_the_consumer_is_cancelled) {
  const auto went = eddy::testing::explore([]() -> coro<> {
    int sum = 0;
    co_await eddy::for_each(owing(3), [&](int x) -> coro<> {
      co_await eddy::sleep(1ms);
      sum += x;
    });
    EXPECT_EQ(sum, 6);
  });
  EXPECT_GE(went.cancel_points, 20U);
}

}  // namespace
