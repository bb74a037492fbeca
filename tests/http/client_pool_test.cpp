// SPDX-License-Identifier: BSL-1.0
// Which connection serves which request, and who waits for whom.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "eddy/flow/gather.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/task_group.hpp"
#include "eddy/flow/timeout.hpp"
#include "eddy/http/client.hpp"
#include "eddy/sync/event.hpp"
#include "eddy/testing/test.hpp"
#include "origin.hpp"

namespace eddy::http {
namespace {

using namespace std::chrono_literals;
using test::failure_of;
using test::ok;
using test::origin;
using test::read_request;

/// Answers each request after some time, and counts how many are under way.
class slow_site {
 public:
  explicit slow_site(std::chrono::milliseconds time)
      : site(origin::running([this, time](stream& io, int) { return serve(io, time); })) {}

  int at_once = 0;
  int most_at_once = 0;
  origin site;

 private:
  coro<> serve(stream& io, std::chrono::milliseconds time) {
    while (true) {
      const std::string request = co_await read_request(io);
      if (request.empty()) co_return;
      most_at_once = std::max(most_at_once, ++at_once);
      const bool there = co_await test::pause(io, time);
      --at_once;
      if (!there) co_return;
      co_await io.writer().write(ok(request.substr(5, request.find(' ', 5) - 5)));
    }
  }
};

coro<> note(client& c, std::string url, std::vector<std::string>& order) {
  const reply r = co_await c.get(url);
  order.push_back(url.substr(7));
}

EDDY_TEST(connection_pool, S50_keeps_to_its_limit_a_host) {
  slow_site site(10ms);
  client c(site.site.options().per_host(3));
  std::vector<std::string> order;
  const time_point begin = now();
  co_await with(task_group(), [&](task_group& group) -> coro<> {
    for (int i = 0; i < 12; ++i) group.create_task(note, std::ref(c), "http://h/" + std::to_string(i), std::ref(order));
    co_await sleep(1ms);
    EXPECT_EQ(c.statistics().connections, 3U);
    EXPECT_EQ(c.statistics().waiting, 9U);
  });
  EXPECT_EQ(site.most_at_once, 3);
  EXPECT_EQ(site.site.connections(), 3);
  EXPECT_EQ(now() - begin, 40ms);
  EXPECT_EQ(c.statistics().idle, 3U);
}

EDDY_TEST(connection_pool, L7_waiters_are_served_in_their_order) {
  slow_site site(1ms);
  client c(site.site.options().per_host(1));
  std::vector<std::string> order;
  co_await with(task_group(), [&](task_group& group) -> coro<> {
    for (int i = 0; i < 6; ++i) group.create_task(note, std::ref(c), "http://h/" + std::to_string(i), std::ref(order));
    co_return;
  });
  EXPECT_EQ(order, (std::vector<std::string>{"h/0", "h/1", "h/2", "h/3", "h/4", "h/5"}));
}

EDDY_TEST(connection_pool, L7_a_busy_host_does_not_starve_another_at_the_limit_in_all) {
  slow_site site(1ms);
  client c(site.site.options().per_host(2).total(2));
  std::vector<std::string> order;
  co_await with(task_group(), [&](task_group& group) -> coro<> {
    for (int i = 0; i < 4; ++i) group.create_task(note, std::ref(c), "http://a/" + std::to_string(i), std::ref(order));
    group.create_task(note, std::ref(c), "http://b/0", std::ref(order));
    for (int i = 4; i < 8; ++i) group.create_task(note, std::ref(c), "http://a/" + std::to_string(i), std::ref(order));
    co_return;
  });
  EXPECT_EQ(site.most_at_once, 2);
  EXPECT_EQ(order, (std::vector<std::string>{"a/0", "a/1", "a/2", "a/3", "b/0", "a/4", "a/5", "a/6", "a/7"}));
}

EDDY_TEST(connection_pool, S50_the_connection_idle_longest_makes_room_for_another_host) {
  const origin site = origin::answering([](const std::string&, int) { return ok(""); });
  client c(site.options().total(2));
  for (const char* host : {"http://a/", "http://b/", "http://c/"}) {
    co_await c.get(host);
    co_await sleep(1ms);
  }
  EXPECT_EQ(c.statistics().connections, 2U);
  co_await c.get("http://b/");
  EXPECT_EQ(site.connections(), 3);
  co_await c.get("http://a/");
  EXPECT_EQ(site.connections(), 4);
}

EDDY_TEST(connection_pool, S50_ports_and_hosts_have_connections_of_their_own) {
  const origin site = origin::answering([](const std::string&, int) { return ok(""); });
  client c(site.options());
  for (const char* where : {"http://h/", "http://h:80/", "http://H/x", "http://h:81/", "http://i/"})
    co_await c.get(where);
  EXPECT_EQ(site.connected_to(), (std::vector<std::string>{"http://h", "http://h:81", "http://i"}));
}

EDDY_TEST(connection_pool, S50_an_idle_connection_is_closed_after_a_while) {
  const origin site = origin::answering([](const std::string&, int) { return ok(""); });
  client c(site.options().idle_timeout(30s));
  co_await c.get("http://a/");
  co_await sleep(20s);
  co_await c.get("http://b/");
  co_await sleep(10s + 1ms);
  EXPECT_EQ(c.statistics().idle, 1U);
  co_await sleep(20s);
  EXPECT_EQ(c.statistics().connections, 0U);
}

EDDY_TEST(connection_pool, S50_a_connection_ends_after_so_many_requests) {
  const origin site = origin::answering([](const std::string&, int number) { return ok(std::to_string(number)); });
  client c(site.options().requests_per_connection(2));
  std::string numbers;
  for (int i = 0; i < 5; ++i) {
    const reply r = co_await c.get("http://h/");
    numbers += r.bytes();
  }
  EXPECT_EQ(numbers, "11223");
}

EDDY_TEST(connection_pool, S50_no_more_wait_than_may) {
  slow_site site(1ms);
  client c(site.site.options().per_host(1).max_waiting(2));
  std::vector<std::string> order;
  co_await with(task_group(), [&](task_group& group) -> coro<> {
    for (int i = 0; i < 3; ++i) group.create_task(note, std::ref(c), "http://h/" + std::to_string(i), std::ref(order));
    co_await sleep(0s);  // they go first
    const client_error e = co_await failure_of(c.get("http://h/"));
    EXPECT_EQ(e.kind(), client_errc::busy);
    EXPECT_TRUE(e.temporary());
  });
  EXPECT_EQ(order.size(), 3U);
}

EDDY_TEST(connection_pool, L1_a_connection_that_the_server_closed_while_idle_is_not_used) {
  const origin site = origin::running([](stream& io, int number) {
    return [](stream& s, int n) -> coro<> {
      const std::string request = co_await read_request(s);
      co_await s.writer().write(ok(std::to_string(n)));
      co_await test::pause(s, 1s);
    }(io, number);
  });
  client c(site.options());
  co_await c.get("http://h/");
  co_await sleep(2s);
  const reply r = co_await c.post("http://h/").body("once");  // not even a method that must not be repeated
  EXPECT_EQ(r.bytes(), "2");
}

EDDY_TEST(connection_pool, L1_what_a_server_says_unasked_is_nobodys_answer) {
  const origin site = origin::running([](stream& io, int number) {
    return [](stream& s, int n) -> coro<> {
      while (!(co_await read_request(s)).empty()) {
        co_await s.writer().write(ok(std::to_string(n)));
        const bool there = co_await test::pause(s, 1s);
        if (there) co_await s.writer().write("HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n");
      }
    }(io, number);
  });
  client c(site.options());
  co_await c.get("http://h/");
  co_await sleep(2s);
  const reply r = co_await c.get("http://h/");
  EXPECT_EQ(r.status(), 200);
  EXPECT_EQ(r.bytes(), "2");
}

/// Closes its first connection on getting the second request, as a server does whose keep-alive ends just then.
origin closing_at_the_second() {
  return origin::answering([n = 0](const std::string&, int number) mutable {
    return number == 1 && ++n == 2 ? std::string() : ok(std::to_string(number));
  });
}

EDDY_TEST(connection_pool, L1_a_request_that_met_a_closing_connection_is_made_again) {
  const origin site = closing_at_the_second();
  client c(site.options());
  co_await c.get("http://h/");
  const reply r = co_await c.get("http://h/");
  EXPECT_EQ(r.bytes(), "2");
}

EDDY_TEST(connection_pool, L1_unless_making_it_again_could_do_something_twice) {
  const origin site = closing_at_the_second();
  client c(site.options());
  co_await c.get("http://h/");
  const client_error e = co_await failure_of(c.post("http://h/").body("order"));
  EXPECT_EQ(e.kind(), client_errc::disconnected);
  EXPECT_EQ(site.connections(), 1);
}

EDDY_TEST(connection_pool, L1_and_only_once) {
  const origin site =
      origin::answering([n = 0](const std::string&, int) mutable { return ++n == 1 ? ok("") : std::string(); });
  client c(site.options());
  co_await c.get("http://h/");
  const client_error e = co_await failure_of(c.get("http://h/"));
  EXPECT_EQ(e.kind(), client_errc::disconnected);
  EXPECT_EQ(site.connections(), 2);
}

EDDY_TEST(connection_pool, S50_failures_to_connect_have_their_place_free_again) {
  int tries = 0;
  client c(client_options().per_host(1).connect_with([&](const url&) -> coro<stream> {
    ++tries;
    throw std::system_error(ECONNREFUSED, std::generic_category());
    co_return stream();
  }));
  for (int i = 0; i < 3; ++i) {
    const client_error e = co_await failure_of(c.get("http://h/"));
    EXPECT_EQ(e.kind(), client_errc::connect);
    EXPECT_TRUE(e.temporary());
  }
  EXPECT_EQ(tries, 3);
  EXPECT_EQ(c.statistics().connections, 0U);
}

EDDY_TEST(connection_pool, S50_a_client_may_go_before_its_requests) {
  slow_site site(10ms);
  auto c = std::make_unique<client>(site.site.options().per_host(1));
  auto both = create_task([&c]() -> coro<std::string> {
    client_request first = c->get("http://h/1");
    client_request second = c->get("http://h/2");
    auto got = co_await gather(std::move(first), std::move(second));
    co_return std::get<0>(got).bytes() + std::get<1>(got).bytes();
  });
  co_await sleep(1ms);
  c.reset();
  const std::string text = co_await both;
  EXPECT_EQ(text, "12");
}

EDDY_TEST(connection_pool, S50_a_closed_client_keeps_no_connections) {
  const origin site = origin::answering([](const std::string&, int) { return ok(""); });
  client c(site.options());
  co_await c.get("http://h/");
  c.close();
  EXPECT_EQ(c.statistics().connections, 0U);
  co_await c.get("http://h/");
  EXPECT_EQ(c.statistics().connections, 0U);
}

TEST(connection_pool, S50_a_client_outlives_its_loop_and_serves_another) {
  const origin site = origin::answering([](const std::string&, int number) { return ok(std::to_string(number)); });
  client c(site.options());
  std::string numbers;
  for (int i = 0; i < 2; ++i)
    eddy::run([&]() -> coro<> {
      const reply r = co_await c.get("http://h/");
      numbers += r.bytes();
      EXPECT_EQ(c.statistics().idle, 1U);
    });
  EXPECT_EQ(numbers, "12");
  EXPECT_EQ(c.statistics().connections, 0U);
}

EDDY_TEST(connection_pool, L1_a_cancelled_waiter_takes_nothing) {
  slow_site site(10ms);
  client c(site.site.options().per_host(1));
  std::vector<std::string> order;
  auto first = create_task(note, std::ref(c), std::string("http://h/1"), std::ref(order));
  auto second = create_task(note, std::ref(c), std::string("http://h/2"), std::ref(order));
  auto third = create_task(note, std::ref(c), std::string("http://h/3"), std::ref(order));
  co_await sleep(1ms);
  second.cancel();
  co_await third;
  EXPECT_EQ(order, (std::vector<std::string>{"h/1", "h/3"}));
  EXPECT_EQ(site.site.connections(), 1);
}

}  // namespace
}  // namespace eddy::http
