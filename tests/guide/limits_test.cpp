// SPDX-License-Identifier: BSL-1.0
// The code of docs/guide/limits.md.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <exception>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "eddy/flow/every.hpp"
#include "eddy/flow/for_each.hpp"
#include "eddy/flow/rate_limiter.hpp"
#include "eddy/flow/retry.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/timeout.hpp"
#include "eddy/net/memory_pipe.hpp"
#include "eddy/sync/queue.hpp"
#include "eddy/testing/test.hpp"

using namespace std::chrono_literals;
using eddy::coro;

namespace {

coro<std::string> page(std::string url) {
  co_await eddy::sleep(1s);
  co_return "<" + url + ">";
}

// [nested]
coro<std::string> first_of(std::vector<std::string> mirrors) {
  co_return co_await eddy::timeout(10s, [&]() -> coro<std::string> {
    for (const std::string& mirror : mirrors) {
      try {
        co_return co_await eddy::wait_for(page(mirror), 900ms);
      } catch (const eddy::timeout_error&) {  // only the inner limit: the outer one is not caught here
      }
    }
    throw std::runtime_error("no mirror answers");
  });
}
// [nested]

EDDY_TEST(limits, S21_the_outer_limit_wins_rightly) {
  bool late = false;
  std::string error;
  try {
    co_await first_of(std::vector<std::string>(100, "slow"));
  } catch (const eddy::timeout_error& e) {
    late = e.limit() == 10s;
    error = e.what();
  }
  EXPECT_TRUE(late) << error;
}

// [deadline]
coro<std::string> both_pages(eddy::time_point deadline) {
  std::string all = co_await eddy::timeout_at(deadline, page("one"));
  all += co_await eddy::timeout_at(deadline, page("two"));  // has what the first has left
  co_return all;
}
// [deadline]

// [reschedule]
coro<int> count_until_silence(eddy::queue<int>& readings) {
  int seen = 0;
  try {
    co_await eddy::timeout(2s, [&](eddy::timeout_scope& limit) -> coro<> {
      while (true) {
        co_await readings.get();
        ++seen;
        limit.reschedule(eddy::now() + 2s);  // std::nullopt lifts it
      }
    });
  } catch (const eddy::timeout_error&) {
  }
  co_return seen;
}
// [reschedule]

EDDY_TEST(limits, S21_deadlines_and_limits_that_are_set_anew) {
  const std::string pages = co_await both_pages(eddy::now() + 3s);
  EXPECT_EQ(pages, "<one><two>");
  bool late = false;
  try {
    co_await both_pages(eddy::now() + 1500ms);
  } catch (const eddy::timeout_error&) {
    late = true;
  }
  EXPECT_TRUE(late);
  eddy::queue<int> readings;
  auto sensor = eddy::create_task([&]() -> coro<> {
    for (int i = 0; i < 4; ++i) {
      co_await eddy::sleep(1s);
      co_await readings.put(i);
    }
  });
  const int seen = co_await count_until_silence(readings);
  EXPECT_EQ(seen, 4);
  co_await sensor;
}

// [keep]
coro<std::pair<std::string, std::string>> read_for_a_while(eddy::stream& connection) {
  std::string got;  // outside of the limited part: what was read so far stays
  try {
    co_await eddy::timeout(5s, [&]() -> coro<> {
      auto lines = connection.reader().lines();
      while (auto line = co_await lines.next()) got += *line + ";";
    });
  } catch (const eddy::timeout_error&) {
  }
  const std::string_view unread(reinterpret_cast<const char*>(connection.reader().buffered().data()),
                                connection.reader().buffered().size());
  co_return std::pair(got, std::string(unread));
}
// [keep]

EDDY_TEST(limits, S24_what_was_read_is_kept_and_what_was_not_stays_in_the_stream) {
  auto [here, there] = eddy::memory_pipe();
  co_await there.writer().write("one\ntwo\nthr");
  const auto [got, unread] = co_await read_for_a_while(here);
  EXPECT_EQ(got, "one;two;");
  EXPECT_EQ(unread, "thr");
  co_await there.writer().write("ee\n");
  auto lines = here.reader().lines();
  const auto rest = co_await lines.next();
  EXPECT_EQ(rest, "three");
}

// A read of an exact number of bytes under a limit takes none of them, and the next one has them all.
EDDY_TEST(limits, S24_read_exactly_under_a_limit_takes_nothing) {
  auto [here, there] = eddy::memory_pipe();
  co_await there.writer().write("12345");
  std::array<std::byte, 8> eight{};
  bool late = false;
  try {
    co_await eddy::wait_for(here.reader().read_exactly(eight), 1s);
  } catch (const eddy::timeout_error&) {
    late = true;
  }
  EXPECT_TRUE(late);
  co_await there.writer().write("678");
  co_await here.reader().read_exactly(eight);
  EXPECT_EQ(static_cast<char>(eight[0]), '1');
  EXPECT_EQ(static_cast<char>(eight[7]), '8');
}

// [rate]
coro<> ask_politely(std::vector<std::string> urls, std::vector<std::string>& pages) {
  eddy::rate_limiter limit(eddy::per_second(100).burst(10));
  for (const std::string& url : urls) {
    co_await limit.acquire();  // fair, and exact: no drift over an hour
    pages.push_back(url);
  }
}
// [rate]

EDDY_TEST(limits, S26_limit_the_rate) {
  std::vector<std::string> pages;
  const auto begin = eddy::now();
  co_await ask_politely(std::vector<std::string>(110, "page"), pages);
  EXPECT_EQ(pages.size(), 110U);
  EXPECT_EQ(eddy::now() - begin, 1s);
}

class busy : public std::runtime_error {
 public:
  explicit busy(std::chrono::seconds after) : std::runtime_error("busy"), retry_after(after) {}
  std::chrono::seconds retry_after;
};

// [retry]
// What the server asks for in Retry-After, if the error says so.
std::optional<std::chrono::nanoseconds> asked_pause(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const busy& e) {
    return e.retry_after;
  } catch (...) {
    return std::nullopt;
  }
}

template <class Ask>
coro<std::string> ask_again(Ask ask) {
  const auto policy =
      eddy::retry_policy()
          .attempts(5)
          .base(100ms)  // then 200, 400, ... each shortened at random, so that not all come back at once
          .cap(10s)
          .attempt_limit(3s)
          .limit(60s)
          .on<std::runtime_error>()
          .pause_from(asked_pause);
  co_return co_await eddy::retry(policy, ask);
}
// [retry]

EDDY_TEST(limits, S27_retry_with_pauses_limits_and_retry_after) {
  int calls = 0;
  const auto begin = eddy::now();
  auto answer = co_await ask_again([&]() -> coro<std::string> {
    ++calls;
    if (calls == 1) throw busy(20s);
    if (calls == 2) co_await eddy::sleep(1h);
    co_return "an answer";
  });
  EXPECT_EQ(answer, "an answer");
  EXPECT_EQ(calls, 3);
  EXPECT_GE(eddy::now() - begin, 23s);
  EXPECT_LE(eddy::now() - begin, 24s);
}

// [every]
coro<> sample(std::vector<long>& seconds) {
  const auto begin = eddy::now();
  co_await eddy::for_each(eddy::every(1s), [&](eddy::tick tick) -> coro<> {
    co_await eddy::sleep(300ms);  // the work; the next tick comes 700 ms later
    seconds.push_back(std::chrono::round<std::chrono::seconds>(tick.when() - begin).count());
  });
}
// [every]

EDDY_TEST(limits, S74_every_second) {
  std::vector<long> seconds;
  try {
    co_await eddy::wait_for(sample(seconds), 3500ms);
  } catch (const eddy::timeout_error&) {
  }
  EXPECT_THAT(seconds, testing::ElementsAre(0, 1, 2, 3));
}

}  // namespace
