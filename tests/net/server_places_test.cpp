// SPDX-License-Identifier: BSL-1.0
// A server on many places at once.
#include <gmock/gmock.h>
#include <unistd.h>

#include "eddy/coro/task.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/with.hpp"
#include "eddy/net/listener.hpp"
#include "eddy/net/open_connection.hpp"
#include "eddy/net/server.hpp"
#include "eddy/testing/explore.hpp"
#include "eddy/testing/test.hpp"
#include "tests/net/temporary_directory.hpp"

using namespace eddy;
using namespace std::chrono_literals;
using eddy::testing::temporary_directory;

namespace {

const endpoint any_v4(ip_address::loopback_v4(), 0);
const endpoint any_v6(ip_address::loopback_v6(), 0);

coro<> say_where(stream connection) { co_await connection.writer().write(connection.local_address().to_string()); }

coro<std::string> hear(stream connection) {
  std::string all = co_await connection.reader().read_all(1000);
  co_return all;
}

coro<std::string> where(socket_address at) {
  if (const unix_address* const path = at.as_unix()) {
    stream connection = co_await open_unix_connection(*path);
    co_return co_await hear(std::move(connection));
  }
  stream connection = co_await open_connection(*at.as_endpoint());
  co_return co_await hear(std::move(connection));
}

EDDY_IO_TEST(server_places, S44_listens_on_addresses_of_every_kind_at_once) {
  const temporary_directory home;
  const unix_address path = home / "x.sock";
  const unix_address name = unix_address::abstract("eddy-places-" + std::to_string(getpid()));
  std::vector<listen_place> places{any_v4, any_v6, path, name, listen_place("localhost", 0)};
  auto made = start_server(say_where, places);
  co_await with(std::move(made), [](server& s) -> coro<> {
    EXPECT_GE(s.addresses().size(), 4U) << "localhost is one of the others";
    EXPECT_EQ(s.addresses().size(), s.endpoints().size() + 2);
    for (const socket_address& each : s.addresses()) {
      const std::string answer = co_await where(each);
      EXPECT_EQ(answer, each.to_string());
    }
  });
  EXPECT_NE(access(path.name().c_str(), F_OK), 0);
}

EDDY_IO_TEST(server_places, S44_those_that_ask_for_any_port_share_one) {
  std::vector<listen_place> places{any_v4, any_v6, endpoint(ip_address::v4({127, 0, 0, 2}), 0)};
  auto made = start_server(say_where, places);
  co_await with(std::move(made), [](server& s) -> coro<> {
    EXPECT_EQ(s.endpoints().size(), 3U);
    for (const endpoint& each : s.endpoints()) EXPECT_EQ(each.port(), s.port());
    co_return;
  });
}

EDDY_IO_TEST(server_places, S44_listens_on_all_or_on_none) {
  const temporary_directory home;
  const unix_address path = home / "x.sock";
  listener taken(any_v4);
  std::vector<listen_place> places{path, any_v6, taken.local_endpoint()};
  bool refused = false;
  auto made = start_server(say_where, places);
  try {
    co_await with(std::move(made), [](server&) -> coro<> {
      ADD_FAILURE() << "the body ran";
      co_return;
    });
  } catch (const std::system_error& e) {
    refused = e.code() == std::errc::address_in_use;
  }
  EXPECT_TRUE(refused);
  EXPECT_NE(access(path.name().c_str(), F_OK), 0) << "the first place was given up again";
  EXPECT_THROW((void)start_server(say_where, std::vector<listen_place>()), misuse_error);
}

EDDY_IO_TEST(server_places, S44_a_name_is_served_on_those_of_its_addresses_that_this_machine_has) {
  const ip_address elsewhere = ip_address::v4({192, 0, 2, 1});
  set_host_lookup([elsewhere](const std::string& host) {
    std::vector<ip_address> all{elsewhere};
    if (host == "here.test") all.push_back(ip_address::loopback_v4());
    return all;
  });
  co_await with(start_server(say_where, "here.test", 0), [](server& s) -> coro<> {
    EXPECT_EQ(s.endpoints().size(), 1U);
    EXPECT_EQ(s.endpoints().at(0).address(), ip_address::loopback_v4());
    co_return;
  });
  bool refused = false;
  try {
    co_await with(start_server(say_where, "elsewhere.test", 0), [](server&) -> coro<> { co_return; });
  } catch (const std::system_error& e) {
    refused = e.code() == std::errc::address_not_available;
  }
  EXPECT_TRUE(refused);
}

EDDY_IO_TEST(server_places, S44_two_servers_share_a_port_when_both_say_so) {
  auto one = start_server(say_where, any_v4).reuse_port(true);
  co_await with(std::move(one), [](server& first) -> coro<> {
    auto two = start_server(say_where, first.endpoints().front()).reuse_port(true);
    co_await with(std::move(two), [&first](server& second) -> coro<> {
      EXPECT_EQ(first.port(), second.port());
      // The kernel hashes connections to one of the two.
      for (int i = 0; i < 200 && (first.statistics().accepted == 0 || second.statistics().accepted == 0); ++i) {
        const std::string answer = co_await where(first.addresses().front());
        EXPECT_EQ(answer, first.addresses().front().to_string());
      }
      EXPECT_GT(first.statistics().accepted, 0U);
      EXPECT_GT(second.statistics().accepted, 0U);
    });
  });
}

TEST(server_places, L1_L3_starting_on_many_places_may_be_disturbed_anywhere) {
  const temporary_directory home;
  const auto result = eddy::testing::explore(
      [&home]() -> coro<> {
        event_loop::current().set_exception_handler([](const unhandled_error&) {});
        std::vector<listen_place> places{any_v4, unix_address(home / "x.sock"), listen_place("localhost", 0)};
        auto made = start_server(say_where, places).close_timeout(1ms);
        co_await with(std::move(made), [](server& s) -> coro<> {
          const std::string answer = co_await where(s.addresses().at(1));
          EXPECT_NE(answer, "");
        });
      },
      eddy::testing::explore_options()
          .clock(eddy::testing::test_clock::real_time)
          .timeouts()
          .closing()
          .second_cancel()
          .check([&home]() -> std::string {
            return access((home / "x.sock").c_str(), F_OK) == 0 ? "the socket's file was left" : "";
          }));
  EXPECT_GT(result.cancel_points, 5U);
}

}  // namespace
