// SPDX-License-Identifier: BSL-1.0
// Limits on time, on a virtual clock, and what cancellation leaves.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "eddy/flow/as_outcome.hpp"
#include "eddy/flow/gather.hpp"
#include "eddy/flow/retry.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/timeout.hpp"
#include "eddy/flow/wait.hpp"
#include "eddy/flow/with.hpp"
#include "eddy/http/client.hpp"
#include "eddy/testing/explore.hpp"
#include "eddy/testing/test.hpp"
#include "origin.hpp"

namespace eddy::http {
namespace {

using namespace std::chrono_literals;
using test::failure_of;
using test::ok;
using test::origin;
using test::pause;
using test::read_request;

/// Sends these pieces to each request, with a pause before each.
origin dripping(std::vector<std::string> pieces, std::chrono::nanoseconds time) {
  return origin::running([=](stream& io, int) {
    return [](stream& s, std::vector<std::string> all, std::chrono::nanoseconds between) -> coro<> {
      while (!(co_await read_request(s)).empty())
        for (const std::string& piece : all) {
          const bool there = co_await pause(s, between);
          if (!there) co_return;
          co_await s.writer().write(piece);
        }
    }(io, pieces, time);
  });
}

bool says(const client_error& e, std::string_view what) {
  return std::string_view(e.what()).find(what) != std::string_view::npos;
}

EDDY_TEST(client_limits, S50_an_answer_has_to_begin_in_time) {
  const origin site = dripping({ok("late")}, 40s);
  client c(site.options());
  const time_point begin = now();
  const client_error e = co_await failure_of(c.get("http://h/"));
  EXPECT_EQ(e.kind(), client_errc::timeout);
  EXPECT_EQ(now() - begin, 30s);
  EXPECT_STREQ(e.what(),
               "get http://h/: limit of 30 s, the default of read_timeout(), reached while waiting for the answer");
  EXPECT_EQ(c.statistics().connections, 0U);
}

EDDY_TEST(client_limits, S50_and_to_go_on) {
  const origin site = dripping({"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", "def", "ghi"}, 20s);
  client c(site.options());
  const reply r = co_await c.get("http://h/");  // a minute in all, never 30 s without a byte
  EXPECT_EQ(r.bytes(), "abcdefghi");
  EXPECT_EQ(r.elapsed(), 60s);
  const client_error e = co_await failure_of(c.get("http://h/").read_timeout(19s));
  EXPECT_EQ(e.kind(), client_errc::timeout);
  const client_error f = co_await failure_of(c.get("http://h/").timeout(50s));
  EXPECT_TRUE(says(f, "limit of 50 s, set at client_limits_test.cpp:")) << f.what();
  EXPECT_TRUE(says(f, "reached while reading the body")) << f.what();
}

EDDY_TEST(client_limits, S50_everything_together_has_five_minutes) {
  const origin site = dripping(std::vector<std::string>(100, "HTTP/1.1 102 Processing\r\n\r\n"), 20s);
  client c(site.options());
  const time_point begin = now();
  const client_error e = co_await failure_of(c.get("http://h/"));
  EXPECT_EQ(e.kind(), client_errc::timeout);
  EXPECT_EQ(now() - begin, 5min);
}

EDDY_TEST(client_limits, S50_connecting_has_ten_seconds) {
  client c(client_options().connect_with([](const url&) -> coro<stream> {
    co_await sleep(1h);
    co_return stream();
  }));
  const time_point begin = now();
  const client_error e = co_await failure_of(c.get("http://h/"));
  EXPECT_EQ(e.kind(), client_errc::timeout);
  EXPECT_EQ(now() - begin, 10s);
  EXPECT_TRUE(says(e, "connect_timeout(), reached while connecting")) << e.what();
}

EDDY_TEST(client_limits, S50_waiting_for_a_connection_has_a_limit) {
  const origin site = dripping({ok("")}, 10s);
  client c(site.options().per_host(1).wait_timeout(2s));
  auto first = create_task([&]() -> coro<int> {
    const reply r = co_await c.get("http://h/");
    co_return r.status();
  });
  co_await sleep(1ms);
  const client_error e = co_await failure_of(c.get("http://h/"));
  EXPECT_TRUE(says(e, "limit of 2 s, set at")) << e.what();
  EXPECT_TRUE(says(e, "waiting for a free connection")) << e.what();
  const int status = co_await first;
  EXPECT_EQ(status, 200);
}

EDDY_TEST(client_limits, S50_a_limit_around_a_request_names_the_request) {
  const origin site = dripping({ok("late")}, 10s);
  client c(site.options());
  std::string text;
  try {
    co_await wait_for(c.get("http://h/page"), 5s);
  } catch (const timeout_error& e) {
    text = e.what();
  }
  EXPECT_TRUE(text.starts_with("limit of 5 s reached, set at client_limits_test.cpp:")) << text;
  EXPECT_TRUE(text.ends_with("while waiting for get http://h/page")) << text;
}

EDDY_TEST(client_limits, S50_no_limit_is_none) {
  const origin site = dripping({ok("at last")}, 24h);
  client c(site.options().read_timeout(no_limit));
  const reply r = co_await c.get("http://h/").timeout(no_limit);
  EXPECT_EQ(r.bytes(), "at last");
}

EDDY_TEST(client_limits, S51_a_stream_is_limited_while_it_waits) {
  const origin site = dripping({"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", "def", "ghi"}, 4min);
  client c(site.options().read_timeout(5min));
  std::string got;
  co_await with(c.get("http://h/").stream(), [&](reply_stream& r) -> coro<> {  // 12 minutes
    while (auto piece = co_await r.next()) {
      got += *piece;
      co_await sleep(10min);  // the reader's own time does not count
    }
  });
  EXPECT_EQ(got, "abcdefghi");
  bool timed_out = false;
  try {
    co_await with(c.get("http://h/").timeout(6min).stream(), [](reply_stream& r) -> coro<> {
      while (auto piece = co_await r.next()) {
      }
    });
  } catch (const client_error& e) {
    timed_out = e.kind() == client_errc::timeout;
  }
  EXPECT_TRUE(timed_out);
}

EDDY_TEST(client_limits, S51_L12_a_timed_out_next_can_be_called_again) {
  const origin site = dripping({"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc", "def"}, 4s);
  client c(site.options());
  std::string got;
  co_await with(c.get("http://h/").read_timeout(5s).stream(), [&](reply_stream& r) -> coro<> {
    const auto first = co_await r.next();
    got += *first;
    bool timed_out = false;
    try {
      co_await wait_for(r.next(), 1s);
    } catch (const timeout_error&) {
      timed_out = true;
    }
    EXPECT_TRUE(timed_out);
    const auto second = co_await r.next();
    got += *second;
    const auto end = co_await r.next();
    EXPECT_FALSE(end);
  });
  EXPECT_EQ(got, "abcdef");
  EXPECT_EQ(c.statistics().idle, 1U);
}

// -- L1: the late answer of one request never reaches another
// ---------------------------------------------------------------

EDDY_TEST(client_limits, L1_the_late_answer_of_a_cancelled_request_reaches_nobody) {
  int noticed = 0;
  const origin site = origin::running([&](stream& io, int) {
    return [](stream& s, int& leavers) -> coro<> {
      while (true) {
        const std::string request = co_await read_request(s);
        if (request.empty()) co_return;
        const std::string path = request.substr(4, request.find(' ', 4) - 4);
        if (path == "/slow") {
          const bool there = co_await pause(s, 2s);
          if (!there) ++leavers;
        }
        co_await s.writer().write(ok(path));
      }
    }(io, noticed);
  });
  client c(site.options().per_host(1));
  auto slow = create_task([&]() -> coro<> { co_await c.get("http://h/slow"); });
  co_await sleep(1s);
  slow.cancel();
  for (int i = 0; i < 4; ++i) {
    const reply r = co_await c.get("http://h/mine");
    EXPECT_EQ(r.bytes(), "/mine");
    co_await sleep(500ms);
  }
  bool timed_out = false;
  try {
    co_await wait_for(c.get("http://h/slow"), 1s);
  } catch (const timeout_error& e) {
    timed_out = true;
  }
  EXPECT_TRUE(timed_out);
  const client_error own = co_await failure_of(c.get("http://h/slow").timeout(1s));
  EXPECT_EQ(own.kind(), client_errc::timeout);
  const reply r = co_await c.get("http://h/mine");
  EXPECT_EQ(r.bytes(), "/mine");
  EXPECT_EQ(noticed, 3);  // each time the server saw the connection close
}

/// A body that makes every kind of await: waiting for the pool, connecting, sending, redirects, head, body, a stream.
coro<> some_requests() {
  const origin site = origin::answering([](const std::string& request, int) {
    if (request.starts_with("GET /a "))
      return std::string("HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n");
    if (request.starts_with("GET /b "))
      return std::string("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
    if (request.starts_with("GET /large ")) return ok(std::string(200'000, 'x'));
    return ok("posted");
  });
  client c(site.options().per_host(1).total(2));
  auto small = [](client& from) -> coro<> {
    const reply r = co_await from.get("http://h/a");
    if (r.bytes() != "abc") throw std::runtime_error("another's answer: " + r.bytes());
  };
  auto large = [](client& from) -> coro<> {
    const reply r = co_await from.get("http://h/large");
    if (r.bytes() != std::string(200'000, 'x')) throw std::runtime_error("another's answer");
  };
  auto post = [](client& from) -> coro<> {
    const reply r = co_await from.post("http://i/").body(std::string(100'000, 'y'));
    if (r.bytes() != "posted") throw std::runtime_error("another's answer: " + r.bytes());
  };
  auto read = [](client& from) -> coro<> {
    co_await with(from.get("http://h/large").stream(), [](reply_stream& r) -> coro<> {
      for (int i = 0; i < 3; ++i) co_await r.next();
    });
  };
  auto all = co_await gather(small(c), large(c), post(c), read(c));
  static_cast<void>(all);
}

TEST(client_limits, L1_requests_can_be_cancelled_anywhere) {
  const auto went = testing::explore(some_requests);
  EXPECT_GT(went.cancel_points, 200U);
}

/// Three callers share one connection at a time; the first is cancelled at every turn of its life.
EDDY_TEST(client_limits, L1_whoever_is_cancelled_the_others_get_their_own_answers) {
  const origin site =
      origin::answering([](const std::string& request, int) { return ok(request.substr(0, request.find("\r\n"))); });
  client c(site.options().per_host(1));
  const auto ask = [&c](std::string path) -> coro<std::string> {
    const reply r = co_await c.get("http://h" + path);
    co_return r.bytes();
  };
  int cancelled = 0;
  bool finished = false;
  for (int turn = 0; !finished; ++turn) {
    auto victim = create_task(ask, std::string("/victim"));
    auto second = create_task(ask, std::string("/2"));
    auto third = create_task(ask, std::string("/3"));
    for (int i = 0; i < turn && !victim.done(); ++i) co_await sleep(0s);
    finished = victim.done();
    victim.cancel();
    const std::string two = co_await second;
    const std::string three = co_await third;
    EXPECT_EQ(two, "GET /2 HTTP/1.1") << turn;
    EXPECT_EQ(three, "GET /3 HTTP/1.1") << turn;
    const auto end = co_await as_outcome(victim);
    if (end.has_value())
      EXPECT_EQ(*end, "GET /victim HTTP/1.1") << turn;
    else
      ++cancelled;
  }
  EXPECT_GT(cancelled, 3);
}

EDDY_TEST(client_limits, S52_a_failing_request_is_retried) {
  const origin site = origin::answering([n = 0](const std::string&, int) mutable {
    return ++n < 3 ? std::string("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n") : ok("fine");
  });
  client c(site.options());
  int tries = 0;
  const auto fetch = [&]() -> coro<std::string> {
    ++tries;
    const reply r = co_await c.get("http://h/");
    co_return r.raise_for_status().bytes();
  };
  const std::string text = co_await retry(retry_policy().attempts(5).on<client_error>(), fetch);
  EXPECT_EQ(text, "fine");
  EXPECT_EQ(tries, 3);
}

}  // namespace
}  // namespace eddy::http
