// SPDX-License-Identifier: BSL-1.0
#include "eddy/net/open_connection.hpp"

#include <gmock/gmock.h>

#include "eddy/flow/gather.hpp"
#include "eddy/flow/timeout.hpp"
#include "eddy/net/listener.hpp"
#include "eddy/net/resolver.hpp"
#include "eddy/testing/test.hpp"

using namespace eddy;
using namespace std::chrono_literals;
using ::testing::HasSubstr;

namespace {

const endpoint any_port(ip_address::loopback_v4(), 0);

coro<std::vector<connect_error::attempt>> attempts_on(std::string host, std::uint16_t port) {
  try {
    stream none = co_await open_connection(std::move(host), port);
  } catch (const connect_error& e) {
    co_return e.attempts();
  }
  co_return std::vector<connect_error::attempt>();
}

EDDY_IO_TEST(open_connection, S44_falls_through_to_the_address_that_answers) {
  listener at(any_port);
  // 127.0.0.2 and ::1 are refused, since only 127.0.0.1 listens.
  set_host_lookup([](const std::string& host) {
    EXPECT_EQ(host, "shop.test");
    return std::vector<ip_address>{ip_address::v4({127, 0, 0, 2}), ip_address::loopback_v6(),
                                   ip_address::loopback_v4()};
  });
  stream made = co_await open_connection("shop.test", at.port()).timeout(10s);
  EXPECT_EQ(made.remote_endpoint(), at.local_endpoint());
}

EDDY_IO_TEST(open_connection, S44_a_failure_lists_every_address_and_its_error) {
  listener at(any_port);
  const std::uint16_t port = at.port();
  at.close();
  set_host_lookup(
      [](const std::string&) { return std::vector<ip_address>{ip_address::loopback_v4(), ip_address::loopback_v6()}; });
  const auto attempts = co_await attempts_on("shop.test", port);
  EDDY_ASSERT_EQ(attempts.size(), 2U);
  EXPECT_EQ(attempts[0].address, endpoint(ip_address::loopback_v4(), port));
  EXPECT_EQ(attempts[0].error, std::errc::connection_refused);
  EXPECT_EQ(attempts[1].address, endpoint(ip_address::loopback_v6(), port));
  EXPECT_GE(attempts[1].began, attempts[0].began);
}

EDDY_IO_TEST(open_connection, its_limit_names_itself_and_the_callers_line) {
  // A listener that accepts nothing and whose queue is full leaves connects waiting.
  listener::settings narrow;
  narrow.backlog = 0;
  listener at(any_port, narrow);
  std::vector<stream> fill;
  std::string text;
  for (int i = 0; i < 8 && text.empty(); ++i) {
    try {
      stream made = co_await open_connection(at.local_endpoint()).timeout(30ms);
      fill.push_back(std::move(made));
    } catch (const timeout_error& e) {
      text = e.what();
    }
  }
  EXPECT_THAT(text, HasSubstr("limit of 30 ms reached, set at open_connection_test.cpp:"));
  EXPECT_THAT(text, HasSubstr("connect to 127.0.0.1:"));
}

EDDY_IO_TEST(open_connection, an_unknown_host_is_a_resolve_error) {
  set_host_lookup([](const std::string& host) -> std::vector<ip_address> { throw resolve_error(host, -2); });
  std::string host;
  try {
    stream none = co_await open_connection("nowhere.test", 80);
  } catch (const resolve_error& e) {
    host = e.host();
  }
  EXPECT_EQ(host, "nowhere.test");
}

coro<std::uint16_t> port_of_peer(listener& at) {
  stream got = co_await at.accept();
  co_return got.remote_endpoint()->port();
}

EDDY_IO_TEST(open_connection, is_awaited_by_combinators_too) {
  listener at(any_port);
  auto both = co_await gather(open_connection(at.local_endpoint()).nodelay(false), port_of_peer(at));
  EXPECT_EQ(std::get<0>(both).local_endpoint()->port(), std::get<1>(both));
}

}  // namespace
