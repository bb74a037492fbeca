// SPDX-License-Identifier: BSL-1.0
#include "eddy/net/address.hpp"

#include <gtest/gtest.h>
#include <net/if.h>

#include <type_traits>

using namespace eddy;

namespace {

static_assert(std::is_trivially_copyable_v<endpoint>);

TEST(ip_address, reads_and_writes_what_people_write) {
  for (const char* text :
       {"127.0.0.1", "0.0.0.0", "255.255.255.255", "::", "::1", "2001:db8::17", "::ffff:10.0.0.1", "fe80::1%7"}) {
    const auto parsed = ip_address::parse(text);
    ASSERT_TRUE(parsed) << text;
    EXPECT_EQ(parsed->to_string(), text);
  }
}

TEST(ip_address, takes_the_name_of_an_interface_as_scope) {
  const auto parsed = ip_address::parse("fe80::1%lo");
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->scope(), if_nametoindex("lo"));
}

TEST(ip_address, is_not_found_in_anything_else) {
  for (const char* text : {"", "localhost", "1.2.3", "1.2.3.4.5", "256.0.0.1", "01.2.3.4", "1.2.3.4 ", "[::1]", "::1%",
                           "::1%nosuchif", "1::2::3", ":1", "0x7f.0.0.1", "127.1"})
    EXPECT_FALSE(ip_address::parse(text)) << text;
  EXPECT_FALSE(ip_address::parse(std::string_view("127.0.0.1\0x", 11)));
}

TEST(ip_address, knows_what_it_is) {
  EXPECT_TRUE(ip_address::parse("127.9.9.9")->is_loopback());
  EXPECT_TRUE(ip_address::loopback_v6().is_loopback());
  EXPECT_FALSE(ip_address::parse("10.0.0.1")->is_loopback());
  EXPECT_TRUE(ip_address().is_unspecified());
  EXPECT_TRUE(ip_address::parse("::")->is_unspecified());
  EXPECT_FALSE(ip_address::loopback_v6().is_unspecified());
  EXPECT_NE(ip_address(), *ip_address::parse("::")) << "the families differ";
}

TEST(endpoint, reads_and_writes_an_address_with_a_port) {
  for (const char* text : {"127.0.0.1:80", "[::1]:443", "[fe80::1%3]:65535", "0.0.0.0:0"}) {
    const auto parsed = endpoint::parse(text);
    ASSERT_TRUE(parsed) << text;
    EXPECT_EQ(parsed->to_string(), text);
  }
}

TEST(endpoint, is_not_found_in_anything_else) {
  for (const char* text :
       {"", "localhost:80", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:+1", "127.0.0.1: 1", "::1:80",
        "[127.0.0.1]:80", "[::1]80", "[::1:80", "[]:80", ":80", "127.0.0.1:000080"})
    EXPECT_FALSE(endpoint::parse(text)) << text;
}

TEST(endpoint, survives_the_systems_form) {
  for (const char* text : {"10.1.2.3:8080", "[fe80::2%5]:9"}) {
    const endpoint before = *endpoint::parse(text);
    sockaddr_storage system{};
    before.to_system(system);
    EXPECT_EQ(endpoint::from_system(system), before);
  }
}

TEST(host_and_port, splits_names_and_literals) {
  const auto name = split_host_port("example.org:8080");
  ASSERT_TRUE(name);
  EXPECT_EQ(name->host, "example.org");
  EXPECT_EQ(name->port, 8080);
  const auto literal = split_host_port("[2001:db8::1]:1");
  ASSERT_TRUE(literal);
  EXPECT_EQ(literal->host, "2001:db8::1");
  EXPECT_EQ(join_host_port(literal->host, literal->port), "[2001:db8::1]:1");
  EXPECT_EQ(join_host_port(name->host, name->port), "example.org:8080");
}

}  // namespace
