// SPDX-License-Identifier: BSL-1.0
// Bodies of `with` that are no coroutines: one that only starts children needs no co_return.
#include <stdexcept>
#include <string>
#include <vector>

#include "eddy/flow/sleep.hpp"
#include "eddy/flow/task_group.hpp"
#include "eddy/flow/with.hpp"
#include "eddy/testing/test.hpp"
#include "tests/support/moments.hpp"

using namespace std::chrono_literals;
using eddy::coro;
using eddy::testing::tracked;

namespace {

EDDY_TEST(with, S28_a_body_may_return_nothing) {
  int done = 0;
  auto child = [&](int seconds) -> coro<> {
    co_await eddy::sleep(std::chrono::seconds(seconds));
    ++done;
  };
  co_await eddy::with(eddy::task_group(), [&](eddy::task_group& group) {
    for (int i = 1; i < 4; ++i) group.create_task(child, i);
  });
  EXPECT_EQ(done, 3);
}

EDDY_TEST(with, S28_a_body_may_return_a_plain_value_or_an_operation) {
  const std::string text = co_await eddy::with(tracked("a"), [](tracked&) { return std::string("text"); });
  EXPECT_EQ(text, "text");
  const auto begin = eddy::now();
  co_await eddy::with(tracked("b"), [](tracked&) { return eddy::sleep(1h); });
  EXPECT_GE(eddy::now() - begin, 1h);
}

EDDY_TEST(with, L3_12_what_a_plain_body_throws_is_its_end) {
  std::vector<std::string> errors;
  try {
    co_await eddy::with(tracked("a"), [](tracked&) { throw std::runtime_error("plain"); });
  } catch (const std::runtime_error& e) {
    errors.emplace_back(e.what());
  }
  try {
    co_await eddy::with(eddy::task_group(), [](eddy::task_group& group) {
      group.create_task([] { return eddy::sleep(1h); });
      throw std::runtime_error("of a group");
    });
  } catch (const eddy::exception_group& group) {
    errors.emplace_back(group.find<std::runtime_error>()->what());
  }
  EXPECT_EQ(errors, (std::vector<std::string>{"plain", "of a group"}));
}

TEST(with, L3_a_plain_body_ends_clean_wherever_it_is_cancelled) {
  const auto went = eddy::testing::explore([]() -> coro<> {
    co_await eddy::with(tracked("a"), [](tracked&) {});
    co_await eddy::with(eddy::task_group(),
                        [](eddy::task_group& group) { group.create_task([] { return eddy::sleep(1ms); }); });
  });
  EXPECT_GE(went.cancel_points, 6U);
}

}  // namespace
