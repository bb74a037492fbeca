// SPDX-License-Identifier: BSL-1.0
// "Ends" of the laws, for what hands over outcomes, and for what owns streams, workers and resources.
#include <string>
#include <vector>

#include "eddy/flow/as_completed.hpp"
#include "eddy/flow/as_outcome.hpp"
#include "eddy/flow/background_tasks.hpp"
#include "eddy/flow/exit_stack.hpp"
#include "eddy/flow/gather.hpp"
#include "eddy/flow/map_concurrent.hpp"
#include "eddy/flow/shield.hpp"
#include "eddy/flow/worker_pool.hpp"
#include "tests/support/ends.hpp"

using namespace std::chrono_literals;
using eddy::coro;

namespace {

using namespace eddy::testing;

EDDY_TEST(ends, S76_of_exit_stack) {
  for (const scope_row& r : scope_rows) {
    const auto entered = co_await end_of(
        [r]() -> coro<> {
          co_await eddy::with(eddy::exit_stack(), [r](eddy::exit_stack& stack) -> coro<> {
            co_await stack.enter(resource(r.clean));
            co_await part(r.body, "body");
          });
        },
        r.pending);
    EXPECT_EQ(entered, r.end) << describe(r);
    const auto pushed = co_await end_of(
        [r]() -> coro<> {
          co_await eddy::with(eddy::exit_stack(), [r](eddy::exit_stack& stack) -> coro<> {
            stack.push([r] { return clean_up(r.clean); });
            stack.push([] {});
            co_await part(r.body, "body");
          });
        },
        r.pending);
    EXPECT_EQ(pushed, r.end) << describe(r);
  }
}

struct end_row {
  ends body;
  bool pending;
  const char* end;
};

EDDY_TEST(ends, S76_of_shield) {
  constexpr end_row rows[] = {{value, false, "value"},
                              {exception, false, "body"},
                              {value, true, "value"},
                              {exception, true, "body"},
                              {cancelled, true, "cancelled +1"}};  // by the end of the grace, which is reported
  for (const end_row& r : rows) {
    const auto end = co_await end_of([r]() -> coro<> { co_await eddy::shield(part(r.body, "body")); }, r.pending);
    EXPECT_EQ(end, r.end) << static_cast<int>(r.body) << r.pending;
  }
}

// The outcome is the value; what the caller makes of it is its own end.
std::string text_of(const eddy::outcome<>& out) {
  if (out.has_value()) return "value";
  return out.cancelled() ? "cancelled" : eddy::testing::text_of(out.exception());
}

coro<> throw_what_it_says(const eddy::outcome<>& out) {
  throw std::runtime_error("outcome " + text_of(out));
  co_return;
}

EDDY_TEST(ends, S76_of_as_outcome) {
  constexpr end_row rows[] = {{value, false, "outcome value"},
                              {exception, false, "outcome body"},
                              {value, true, "outcome value"},
                              {exception, true, "outcome body"},
                              {cancelled, true, "cancelled"}};
  for (const end_row& r : rows) {
    const auto end = co_await end_of(
        [r]() -> coro<> {
          const auto out = co_await eddy::as_outcome(part(r.body, "body"));
          co_await throw_what_it_says(out);
        },
        r.pending);
    EXPECT_EQ(end, r.end) << static_cast<int>(r.body) << r.pending;
  }
}

/// Two parts; "cancelled" is a task that somebody else cancels, unless the whole is.
struct pair_row {
  ends first;
  ends second;
  bool pending;
  const char* end;
};

constexpr pair_row outcome_rows[] = {
    {value, value, false, "outcome value, value"},
    {exception, value, false, "outcome a, value"},
    {value, exception, false, "outcome value, b"},
    {exception, exception, false, "outcome a, b"},
    {value, value, true, "outcome value, value"},
    {exception, value, true, "outcome a, value"},
    {value, cancelled, true, "cancelled"},
    {exception, cancelled, true, "cancelled +1"},  // its own cancellation beats the news of the other
    {cancelled, cancelled, true, "cancelled"},
};

EDDY_TEST(ends, S76_of_gather_with_return_exceptions) {
  for (const pair_row& r : outcome_rows) {
    const auto end = co_await end_of(
        [r]() -> coro<> {
          auto [a, b] = co_await eddy::gather(eddy::return_exceptions, part(r.first, "a"), part(r.second, "b"));
          throw std::runtime_error("outcome " + text_of(a) + ", " + text_of(b));
        },
        r.pending);
    EXPECT_EQ(end, r.end) << static_cast<int>(r.first) << static_cast<int>(r.second) << r.pending;
  }
}

EDDY_TEST(ends, S76_of_a_task_that_somebody_else_cancelled) {
  auto other = eddy::create_task([] { return eddy::sleep(1000h); });
  eddy::event_loop::current().call_later(1ms, [&] { other.cancel("by hand"); });
  const auto awaited = co_await end_of([&]() -> coro<> { co_await other; }, false);
  EXPECT_NE(awaited.find("was cancelled: by hand"), std::string::npos) << awaited;
  const auto out = co_await end_of(
      [&]() -> coro<> {
        const auto news = co_await eddy::as_outcome(other);
        co_await throw_what_it_says(news);
      },
      false);
  EXPECT_EQ(out, "outcome cancelled");
  const auto gathered = co_await end_of(
      [&]() -> coro<> {
        auto [a, b] = co_await eddy::gather(eddy::return_exceptions, other, part(value, "b"));
        throw std::runtime_error("outcome " + text_of(a) + ", " + text_of(b));
      },
      false);
  EXPECT_EQ(gathered, "outcome cancelled, value");
}

/// Takes every outcome of two parts, then ends as the last column says.
template <class Stream>
coro<> take_all(Stream& stream, std::string& seen) {
  while (auto each = co_await stream.next()) seen += (seen.empty() ? "" : ", ") + text_of(*each);
  throw std::runtime_error("outcome " + seen);
}

EDDY_TEST(ends, S76_of_as_completed_and_map_concurrent) {
  for (const pair_row& r : outcome_rows) {
    if (r.pending && r.first == exception && r.second == cancelled) continue;  // see below
    std::string seen;
    const auto completed = co_await end_of(
        [r, &seen]() -> coro<> {
          std::vector<coro<>> both;
          both.push_back(part(r.first, "a"));
          both.push_back(part(r.second, "b"));
          co_await eddy::with(eddy::as_completed(std::move(both)),
                              [&](auto& stream) -> coro<> { co_await take_all(stream, seen); });
        },
        r.pending);
    // A consumer that waits is cancelled: the outcomes that come later are dropped with the stream.
    const char* expected = r.pending ? "cancelled" : r.end;
    EXPECT_EQ(completed, r.pending && r.first == exception ? std::string("cancelled +1") : std::string(expected))
        << static_cast<int>(r.first) << static_cast<int>(r.second) << r.pending;
    seen.clear();
    const auto mapped = co_await end_of(
        [r, &seen]() -> coro<> {
          const std::vector<int> both{0, 1};
          auto f = [r](int which) { return part(which == 0 ? r.first : r.second, which == 0 ? "a" : "b"); };
          co_await eddy::with(eddy::map_concurrent(both, 2, f),
                              [&](auto& stream) -> coro<> { co_await take_all(stream, seen); });
        },
        r.pending);
    EXPECT_EQ(mapped, completed) << static_cast<int>(r.first) << static_cast<int>(r.second) << r.pending;
  }
}

// `first` is the body, `second` the one item's handling.
EDDY_TEST(ends, S76_of_worker_pool) {
  constexpr pair_row rows[] = {
      {value, value, false, "value"},
      {exception, value, false, "body"},
      {value, exception, false, "group of b"},
      {exception, exception, false, "group of body, b"},
      {cancelled, exception, false, "group of b"},
      {value, value, true, "value"},
      {value, cancelled, true, "cancelled"},
      {cancelled, value, true, "cancelled"},
      {cancelled, cancelled, true, "cancelled"},
      {exception, cancelled, true, "body"},
      {cancelled, exception, true, "group of b"},
  };
  for (const pair_row& r : rows) {
    const auto end = co_await end_of(
        [r]() -> coro<> {
          auto handle = [r](int) { return part(r.second, "b", 1s); };
          co_await eddy::with(eddy::worker_pool<int>(1, handle), [r](eddy::worker_pool<int>& pool) -> coro<> {
            co_await pool.put(1);
            co_await part(r.first, "body");
          });
        },
        r.pending);
    EXPECT_EQ(end, r.end) << static_cast<int>(r.first) << static_cast<int>(r.second) << r.pending;
  }
}

// An error in the background ends nobody; it reaches the handler.
EDDY_TEST(ends, S76_of_background_tasks) {
  constexpr pair_row rows[] = {
      {value, value, false, "value"},
      {value, exception, false, "value +1"},
      {exception, value, false, "body"},
      {exception, exception, false, "body +1"},
      {value, cancelled, false, "value"},
      {value, exception, true, "value +1"},
      {cancelled, exception, true, "cancelled +1"},
  };
  for (const pair_row& r : rows) {
    const auto end = co_await end_of(
        [r]() -> coro<> {
          co_await eddy::with(eddy::background_tasks(), [r](eddy::background_tasks& background) -> coro<> {
            background.create_task(part, r.second, "background", 1s);
            co_await part(r.first, "body");
          });
        },
        r.pending);
    EXPECT_EQ(end, r.end) << static_cast<int>(r.first) << static_cast<int>(r.second) << r.pending;
  }
}

}  // namespace
