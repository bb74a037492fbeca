// SPDX-License-Identifier: BSL-1.0
#include "eddy/net/socket_options.hpp"

#include <gmock/gmock.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "eddy/flow/with.hpp"
#include "eddy/net/listener.hpp"
#include "eddy/net/memory_pipe.hpp"
#include "eddy/net/open_connection.hpp"
#include "eddy/net/server.hpp"
#include "eddy/testing/test.hpp"
#include "tests/net/pairs.hpp"

using namespace eddy;
using namespace std::chrono_literals;
using ::testing::HasSubstr;
namespace so = eddy::socket_options;

namespace {

int option_of(int fd, int level, int name) {
  int value = -1;
  socklen_t size = sizeof value;
  EXPECT_EQ(getsockopt(fd, level, name, &value, &size), 0) << level << " " << name;
  return value;
}
int option_of(const stream& of, int level, int name) { return option_of(of.native_handle(), level, name); }

EDDY_IO_TEST(socket_options, S44_are_set_before_connecting_and_at_any_time) {
  listener at(endpoint(ip_address::loopback_v4(), 0));
  stream made = co_await open_connection(at.local_endpoint())
                    .option(so::receive_buffer(20'000))
                    .option(so::keepalive(60s, 10s, 5))
                    .option(so::tos(0x10))
                    .option(so::user_timeout(3s));
  EXPECT_EQ(option_of(made, SOL_SOCKET, SO_RCVBUF), 40'000);
  EXPECT_EQ(option_of(made, SOL_SOCKET, SO_KEEPALIVE), 1);
  EXPECT_EQ(option_of(made, IPPROTO_TCP, TCP_KEEPIDLE), 60);
  EXPECT_EQ(option_of(made, IPPROTO_TCP, TCP_KEEPINTVL), 10);
  EXPECT_EQ(option_of(made, IPPROTO_TCP, TCP_KEEPCNT), 5);
  EXPECT_EQ(option_of(made, IPPROTO_IP, IP_TOS), 0x10);
  EXPECT_EQ(option_of(made, IPPROTO_TCP, TCP_USER_TIMEOUT), 3000);
  EXPECT_EQ(option_of(made, IPPROTO_TCP, TCP_NODELAY), 1) << "by default";
  made.set_option(so::nodelay(false));
  made.set_option(so::keepalive(false));
  made.set_option(so::send_buffer(30'000));
  EXPECT_EQ(option_of(made, IPPROTO_TCP, TCP_NODELAY), 0);
  EXPECT_EQ(option_of(made, SOL_SOCKET, SO_KEEPALIVE), 0);
  EXPECT_EQ(option_of(made, SOL_SOCKET, SO_SNDBUF), 60'000);
}

EDDY_IO_TEST(socket_options, S44_connections_inherit_what_a_server_was_given) {
  int served = 0;
  auto look = [&served](stream connection) -> coro<> {
    EXPECT_EQ(option_of(connection, SOL_SOCKET, SO_KEEPALIVE), 1);
    EXPECT_EQ(option_of(connection, SOL_SOCKET, SO_RCVBUF), 40'000);
    EXPECT_EQ(option_of(connection, IPPROTO_TCP, TCP_NODELAY), 1) << "by default";
    ++served;
    co_return;
  };
  auto made = start_server(look, "127.0.0.1", 0).option(so::keepalive(true)).option(so::receive_buffer(20'000));
  co_await with(std::move(made), [](server& s) -> coro<> {
    stream client = co_await open_connection("127.0.0.1", s.port());
    const std::string end = co_await client.reader().read();
    EXPECT_EQ(end, "");
  });
  EXPECT_EQ(served, 1);
}

EDDY_IO_TEST(socket_options, S44_each_has_its_number_for_either_family) {
  auto four = co_await eddy::testing::tcp_pair(ip_address::loopback_v4());
  auto six = co_await eddy::testing::tcp_pair(ip_address::loopback_v6());
  six.first.set_option(so::tos(0x20));
  EXPECT_EQ(option_of(six.first, IPPROTO_IPV6, IPV6_TCLASS), 0x20);
  four.first.set_option(so::linger(0s));
  linger value{};
  socklen_t size = sizeof value;
  EXPECT_EQ(getsockopt(four.first.native_handle(), SOL_SOCKET, SO_LINGER, &value, &size), 0);
  EXPECT_EQ(value.l_onoff, 1);
  EXPECT_EQ(value.l_linger, 0);
  four.first.set_option(so::raw(SOL_SOCKET, SO_PRIORITY, 3, "priority"));
  EXPECT_EQ(option_of(four.first, SOL_SOCKET, SO_PRIORITY), 3);
}

EDDY_IO_TEST(socket_options, S44_what_the_system_refuses_is_an_error_that_names_the_option) {
  auto pair = co_await eddy::testing::tcp_pair();
  std::string text;
  try {
    pair.first.set_option(so::v6only(true));
  } catch (const std::system_error& e) {
    text = e.what();
  }
  EXPECT_THAT(text, HasSubstr("socket option v6only"));
  bool refused = false;
  try {
    stream none = co_await open_connection("127.0.0.1", 1).option(so::bind_to_device("no-such-device"));
  } catch (const connect_error& e) {
    refused = e.attempts().size() == 1;
  }
  EXPECT_TRUE(refused);
  auto pipe = memory_pipe();
  EXPECT_THROW(pipe.first.set_option(so::nodelay(true)), misuse_error);
  EXPECT_EQ(pipe.first.native_handle(), -1);
}

EDDY_IO_TEST(socket_options, S44_freebind_listens_where_this_machine_is_not) {
  const endpoint elsewhere(ip_address::v4({192, 0, 2, 7}), 0);
  EXPECT_THROW(listener none(elsewhere), std::system_error);
  listener::settings free;
  free.options.push_back(so::ip_freebind(true));
  listener at(elsewhere, free);
  EXPECT_EQ(at.local_endpoint().address(), elsewhere.address());
  co_return;
}

EDDY_IO_TEST(socket_options, S44_an_ipv6_listener_takes_ipv4_when_it_is_told_to) {
  listener::settings both;
  both.options.push_back(so::v6only(false));
  listener at(endpoint(ip_address::v6({}), 0), both);
  stream four = co_await open_connection("127.0.0.1", at.port());
  stream far = co_await at.accept();
  EXPECT_EQ(far.remote_endpoint()->address().to_string(), "::ffff:127.0.0.1");
}

EDDY_IO_TEST(socket_options, S44_fast_open_carries_data_either_way) {
  listener::settings fast;
  fast.options.push_back(so::fast_open(16));
  listener at(endpoint(ip_address::loopback_v4(), 0), fast);
  for (int i = 0; i < 2; ++i) {
    stream near = co_await open_connection(at.local_endpoint()).option(so::fast_open_connect(true));
    co_await near.writer().write("early\n");
    stream far = co_await at.accept();
    const auto line = co_await far.reader().readline();
    EXPECT_EQ(line, "early");
  }
}

}  // namespace
