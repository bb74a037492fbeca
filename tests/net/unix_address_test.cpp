// SPDX-License-Identifier: BSL-1.0
#include "eddy/net/unix_address.hpp"

#include <gmock/gmock.h>
#include <sys/un.h>

#include <cstring>

#include "eddy/base/errors.hpp"
#include "eddy/net/socket_address.hpp"

using namespace eddy;
using ::testing::HasSubstr;

namespace {

constexpr std::size_t header = offsetof(sockaddr_un, sun_path);

unix_address round_trip(const unix_address& at) {
  sockaddr_storage system{};
  std::memset(&system, 0x7f, sizeof system);  // what was there before
  const socklen_t size = at.to_system(system);
  return unix_address::from_system(system, size);
}

TEST(unix_address, S44_paths_abstract_names_and_none_come_back_from_the_system) {
  for (const unix_address& at :
       {unix_address("/run/x.sock"), unix_address("relative"), unix_address(std::string(107, 'p')),
        unix_address::abstract("name"), unix_address::abstract(std::string("a\0b", 3)), unix_address::abstract(""),
        unix_address::abstract(std::string(107, 'n')), unix_address()})
    EXPECT_EQ(round_trip(at), at) << at.to_string();
}

TEST(unix_address, S44_a_nul_in_front_means_an_abstract_name_as_in_asyncio) {
  EXPECT_EQ(unix_address(std::string("\0name", 5)), unix_address::abstract("name"));
  EXPECT_TRUE(unix_address(std::string("\0name", 5)).is_abstract());
  EXPECT_TRUE(unix_address("@name").is_path()) << "a file may be called so";
}

TEST(unix_address, S44_the_size_for_the_system_counts_a_paths_nul_and_no_more_than_an_abstract_name) {
  sockaddr_storage out{};
  EXPECT_EQ(unix_address("abc").to_system(out), header + 4);
  EXPECT_EQ(unix_address::abstract("abc").to_system(out), header + 4);
  EXPECT_EQ(unix_address::abstract(std::string(107, 'n')).to_system(out), sizeof(sockaddr_un));
  EXPECT_EQ(unix_address().to_system(out), header);
}

TEST(unix_address, S44_a_name_that_does_not_fit_is_refused_with_its_length) {
  for (const auto& make : {+[] { return unix_address(std::string(108, 'p')); },
                           +[] { return unix_address::abstract(std::string(108, 'n')); }}) {
    try {
      make();
      FAIL();
    } catch (const misuse_error& e) {
      EXPECT_THAT(e.what(), HasSubstr("108 bytes long, and the system takes at most 107"));
    }
  }
  EXPECT_THROW(unix_address(""), misuse_error);
  EXPECT_THROW(unix_address(std::string("a\0b", 3)), misuse_error) << "the system would cut it";
}

TEST(unix_address, S44_what_others_bound_to_all_108_bytes_is_read_to_its_end) {
  sockaddr_un un{};
  un.sun_family = AF_UNIX;
  std::memset(un.sun_path, 'q', sizeof un.sun_path);
  sockaddr_storage system{};
  std::memcpy(&system, &un, sizeof un);
  EXPECT_EQ(unix_address::from_system(system, sizeof un).name(), std::string(108, 'q'));
  EXPECT_EQ(unix_address::from_system(system, sizeof un + 1).name(), std::string(108, 'q')) << "as getsockname says";
  EXPECT_EQ(unix_address::from_system(system, 0), unix_address());
  EXPECT_EQ(unix_address::from_system(system, sizeof un.sun_family), unix_address());
}

TEST(unix_address, an_abstract_name_is_shown_so_that_every_byte_can_be_read) {
  EXPECT_EQ(unix_address::abstract(std::string("a\0\xff\\", 4)).to_string(), "@a\\x00\\xff\\x5c");
  EXPECT_EQ(unix_address("/x").to_string(), "/x");
  EXPECT_EQ(unix_address().to_string(), "(unnamed)");
}

TEST(socket_address, S44_is_an_endpoint_or_a_unix_address_or_none) {
  const endpoint ip(ip_address::loopback_v6(), 80);
  const socket_address of_ip = ip;
  const socket_address of_path = unix_address("/x");
  EXPECT_EQ(of_ip, ip);
  EXPECT_NE(of_ip, of_path);
  EXPECT_EQ(of_ip.as_unix(), nullptr);
  EXPECT_EQ(of_path.as_endpoint(), nullptr);
  EXPECT_EQ(of_path.as_unix()->name(), "/x");
  EXPECT_EQ(of_ip.family(), AF_INET6);
  EXPECT_EQ(of_path.family(), AF_UNIX);
  EXPECT_FALSE(socket_address());
  EXPECT_EQ(socket_address().to_string(), "(none)");
  sockaddr_storage other{};
  other.ss_family = AF_NETLINK;
  EXPECT_FALSE(socket_address::from_system(other, sizeof other));
  sockaddr_storage back{};
  EXPECT_EQ(socket_address::from_system(back, of_ip.to_system(back)), of_ip);
}

}  // namespace
