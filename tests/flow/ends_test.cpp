// SPDX-License-Identifier: BSL-1.0
// "Ends" of the laws: every combination of how a part ends, whether its own context is pending, and how its clean-up
// ends.
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "eddy/flow/as_outcome.hpp"
#include "eddy/flow/finally.hpp"
#include "eddy/flow/gather.hpp"
#include "eddy/flow/race.hpp"
#include "eddy/flow/shield.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/task_group.hpp"
#include "eddy/flow/timeout.hpp"
#include "eddy/testing/test.hpp"
#include "tests/support/ends.hpp"

using namespace std::chrono_literals;
using eddy::coro;

namespace {

using namespace eddy::testing;

EDDY_TEST(ends, S76_of_with) {
  for (const scope_row& r : scope_rows) {
    const auto end = co_await end_of(
        [r]() -> coro<> { co_await eddy::with(resource(r.clean), [r](resource&) { return part(r.body, "body"); }); },
        r.pending);
    EXPECT_EQ(end, r.end) << describe(r);
  }
}

EDDY_TEST(ends, S76_of_finally) {
  for (const scope_row& r : scope_rows) {
    const auto end = co_await end_of(
        [r]() -> coro<> {
          co_await eddy::finally([r] { return part(r.body, "body"); }, [r] { return clean_up(r.clean); });
        },
        r.pending);
    EXPECT_EQ(end, r.end) << describe(r);
  }
}

EDDY_TEST(ends, S76_of_timeout) {
  struct limit_row {
    ends body;
    bool expired;
    bool pending;
    const char* end;
  };
  constexpr limit_row rows[] = {
      {value, false, false, "value"},   {exception, false, false, "body"},     {value, true, false, "value"},
      {exception, true, false, "body"}, {cancelled, true, false, "timeout"},   {value, false, true, "value"},
      {exception, false, true, "body"}, {cancelled, false, true, "cancelled"}, {value, true, true, "value"},
      {exception, true, true, "body"},  {cancelled, true, true, "cancelled"},
  };
  for (const limit_row& r : rows) {
    const auto end = co_await end_of(
        [r]() -> coro<> { co_await eddy::timeout(r.expired ? 700ms : 5s, [r] { return part(r.body, "body"); }); },
        r.pending);
    EXPECT_EQ(end, r.end) << static_cast<int>(r.body) << r.expired << r.pending;
  }
}

// With its clean-up inside: what was a cancelled end of the body is a timeout_error of the limit, and the clean-up's
// error is kept.
EDDY_TEST(ends, S76_of_with_inside_of_timeout) {
  struct limit_row {
    ends body;
    ends clean;
    bool pending;
    const char* end;
  };
  constexpr limit_row rows[] = {
      {cancelled, value, false, "timeout"},         {cancelled, exception, false, "timeout +1"},
      {cancelled, cancelled, false, "timeout +1"},  {value, exception, false, "clean-up"},
      {exception, exception, false, "body +1"},     {cancelled, value, true, "cancelled"},
      {cancelled, exception, true, "cancelled +1"}, {exception, cancelled, true, "body +1"},
  };
  for (const limit_row& r : rows) {
    const auto end = co_await end_of(
        [r]() -> coro<> {
          co_await eddy::timeout(700ms, [r]() -> coro<> {
            co_await eddy::with(resource(r.clean), [r](resource&) { return part(r.body, "body"); });
          });
        },
        r.pending);
    EXPECT_EQ(end, r.end) << static_cast<int>(r.body) << static_cast<int>(r.clean) << r.pending;
  }
}

struct pair_row {
  ends first;
  ends second;
  bool pending;
  const char* end;
};

EDDY_TEST(ends, S76_of_gather) {
  constexpr pair_row rows[] = {
      {value, value, false, "value"},
      {exception, value, false, "a"},
      {value, exception, false, "b"},
      {exception, exception, false, "a +1"},
      {exception, cancelled, false, "a"},
      {cancelled, exception, false, "b"},
      {value, value, true, "value"},
      {value, cancelled, true, "cancelled"},
      {cancelled, cancelled, true, "cancelled"},
      {exception, cancelled, true, "a"},
      {cancelled, exception, true, "b"},
      {exception, exception, true, "a +1"},
  };
  for (const pair_row& r : rows) {
    const auto variadic =
        co_await end_of([r]() -> coro<> { co_await eddy::gather(part(r.first, "a"), part(r.second, "b")); }, r.pending);
    EXPECT_EQ(variadic, r.end) << static_cast<int>(r.first) << static_cast<int>(r.second) << r.pending;
    const auto range = co_await end_of(
        [r]() -> coro<> {
          std::vector<coro<>> both;
          both.push_back(part(r.first, "a"));
          both.push_back(part(r.second, "b"));
          co_await eddy::gather(std::move(both));
        },
        r.pending);
    EXPECT_EQ(range, r.end) << static_cast<int>(r.first) << static_cast<int>(r.second) << r.pending;
  }
}

EDDY_TEST(ends, S76_of_race) {
  constexpr pair_row rows[] = {
      {value, value, false, "value"},
      {value, exception, false, "value +1"},
      {exception, value, false, "a"},
      {exception, exception, false, "a +1"},
      {value, cancelled, false, "value"},
      {exception, cancelled, false, "a"},
      {cancelled, value, false, "value"},
      {cancelled, exception, false, "b"},
      {cancelled, cancelled, true, "cancelled"},
      {value, cancelled, true, "value"},
      {cancelled, exception, true, "b"},
      {exception, exception, true, "a +1"},
  };
  for (const pair_row& r : rows) {
    const auto end =
        co_await end_of([r]() -> coro<> { co_await eddy::race(part(r.first, "a"), part(r.second, "b")); }, r.pending);
    EXPECT_EQ(end, r.end) << static_cast<int>(r.first) << static_cast<int>(r.second) << r.pending;
  }
}

// `first` is the body, `second` a child.
EDDY_TEST(ends, S76_of_task_group) {
  constexpr pair_row rows[] = {
      {value, value, false, "value"},
      {exception, value, false, "group of body"},
      {value, exception, false, "group of child"},
      {exception, exception, false, "group of body, child"},
      {cancelled, exception, false, "group of child"},
      {exception, cancelled, false, "group of body"},
      {value, value, true, "value"},
      {cancelled, value, true, "cancelled"},
      {value, cancelled, true, "cancelled"},
      {cancelled, cancelled, true, "cancelled"},
      {exception, cancelled, true, "group of body"},
      {cancelled, exception, true, "group of child"},
  };
  for (const pair_row& r : rows) {
    const auto end = co_await end_of(
        [r]() -> coro<> {
          co_await eddy::with(eddy::task_group(), [r](eddy::task_group& group) -> coro<> {
            group.create_task(part, r.second, "child", 1s);
            co_await part(r.first, "body");
          });
        },
        r.pending);
    EXPECT_EQ(end, r.end) << static_cast<int>(r.first) << static_cast<int>(r.second) << r.pending;
  }
}

}  // namespace
