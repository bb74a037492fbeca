// SPDX-License-Identifier: BSL-1.0
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "eddy/flow/timeout.hpp"
#include "eddy/net/datagram.hpp"
#include "eddy/testing/test.hpp"

using namespace eddy;
using namespace std::chrono_literals;

namespace {

const ip_address group_v4 = ip_address::v4({239, 255, 77, 1});
const ip_address group_v6 = *ip_address::parse("ff02::7701");

int option_of(const datagram_socket& from, int level, int name) {
  int value = -1;
  socklen_t size = sizeof value;
  EXPECT_EQ(getsockopt(from.native_handle(), level, name, &value, &size), 0);
  return value;
}

coro<bool> hears_something(datagram_socket& at, std::chrono::nanoseconds limit) {
  try {
    const datagram got = co_await wait_for(at.receive(), limit);
    EXPECT_EQ(got.bytes, "to all");
    co_return true;
  } catch (const timeout_error&) {
    co_return false;
  }
}

coro<> send_to_group(ip_address group, const char* interface) {
  const unsigned number = interface_index(interface);
  const ip_address anywhere = group.is_v4() ? ip_address() : ip_address::v6({});
  datagram_socket one =
      co_await open_datagram().local(endpoint(anywhere, 0)).option(socket_options::reuse_address(true));
  const std::uint16_t port = one.local_address().as_endpoint()->port();
  datagram_socket two =
      co_await open_datagram().local(endpoint(anywhere, port)).option(socket_options::reuse_address(true));
  datagram_socket from = co_await open_datagram()
                             .family(group.is_v4() ? ip_family::v4 : ip_family::v6)
                             .option(socket_options::multicast_interface(number))
                             .option(socket_options::multicast_ttl(1));
  one.join(group, number);
  two.join(group, number);
  const endpoint all(group.is_v4() ? group : ip_address::v6(group.bytes(), number), port);
  co_await from.send_to("to all", all);
  const bool first = co_await hears_something(one, 10s);
  const bool second = co_await hears_something(two, 10s);
  EXPECT_TRUE(first && second) << "every member has it";
  two.leave(group, number);
  co_await from.send_to("to all", all);
  const bool member = co_await hears_something(one, 10s);
  const bool left = co_await hears_something(two, 20ms);
  EXPECT_TRUE(member);
  EXPECT_FALSE(left);
  EXPECT_THROW(two.leave(group, number), std::system_error);
}

EDDY_IO_TEST(multicast, S46_members_of_an_ipv4_group_hear_what_is_sent_to_it) {
  co_await send_to_group(group_v4, "lo");
}

// Linux delivers nothing to IPv6 groups on lo. A network namespace of our own can have an interface that does, where
// that is permitted: this very test, run there.
TEST(multicast, S46_members_of_an_ipv6_group_hear_what_is_sent_to_it) {
  if (std::getenv("EDDY_IN_NAMESPACE") != nullptr) {
    eddy::testing::run_test([] { return send_to_group(group_v6, "eddy0"); }, eddy::testing::test_clock::real_time);
    return;
  }
  const std::string setup =
      "ip link add eddy0 type veth peer name eddy1 && ip -6 addr add fd00::1/64 dev eddy0 nodad"
      " && ip link set eddy0 up && ip link set eddy1 up && ip link set lo up";
  if (std::system(("unshare -rn sh -c '" + setup + "' >/dev/null 2>&1").c_str()) != 0)
    GTEST_SKIP() << "a network namespace with an interface of its own is not permitted here, and lo has no IPv6 groups";
  const std::string self = std::filesystem::read_symlink("/proc/self/exe").string();
  const std::string there = "EDDY_IN_NAMESPACE=1 exec " + self + " --gtest_filter=multicast.S46_members_of_an_ipv6*";
  EXPECT_EQ(std::system(("unshare -rn sh -c '" + setup + " && " + there + "' >/dev/null").c_str()), 0);
}

EDDY_IO_TEST(multicast, S46_ttl_loop_and_broadcast_are_set_for_either_family) {
  datagram_socket four = co_await open_datagram().family(ip_family::v4);
  datagram_socket six = co_await open_datagram().family(ip_family::v6);
  four.set_option(socket_options::multicast_ttl(7));
  six.set_option(socket_options::multicast_ttl(8));
  four.set_option(socket_options::multicast_loop(false));
  six.set_option(socket_options::multicast_loop(false));
  EXPECT_EQ(option_of(four, IPPROTO_IP, IP_MULTICAST_TTL), 7);
  EXPECT_EQ(option_of(six, IPPROTO_IPV6, IPV6_MULTICAST_HOPS), 8);
  EXPECT_EQ(option_of(four, IPPROTO_IP, IP_MULTICAST_LOOP), 0);
  EXPECT_EQ(option_of(six, IPPROTO_IPV6, IPV6_MULTICAST_LOOP), 0);
  const endpoint everybody(ip_address::v4({127, 255, 255, 255}), 9);
  bool refused = false;
  try {
    co_await four.send_to("x", everybody);
  } catch (const std::system_error& e) {
    refused = e.code() == std::errc::permission_denied;
  }
  EXPECT_TRUE(refused) << "broadcasts have to be allowed";
  four.set_option(socket_options::broadcast(true));
  co_await four.send_to("x", everybody);
  EXPECT_THROW(interface_index("no-such-interface"), std::system_error);
}

}  // namespace
