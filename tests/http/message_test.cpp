// SPDX-License-Identifier: BSL-1.0
#include "eddy/http/message.hpp"

#include <gtest/gtest.h>

namespace {

using namespace eddy::http;

TEST(message, a_host_is_a_name_or_an_address_with_an_optional_port) {
  for (const auto* host : {"", "a", "a:80", "a:", "a.b-c_d", "127.0.0.1:1", "[::1]", "[::ffff:1.2.3.4]:443", "%41"})
    EXPECT_TRUE(is_valid_host(host)) << host;
  for (const auto* host :
       {"a b", "a/b",  "a?b", "a#b",    "a@b",     "a,b", "a:b", "a:-1",     "a:65536", "a:000080", "[a]",
        "[]",  "[::1", "::1", "[::1]x", "[::1]:x", "%4",  "%zz", "\xc3\xa9", "a\\b",    "a\"b",     "<a>"})
    EXPECT_FALSE(is_valid_host(host)) << host;
}

TEST(message, the_form_of_a_target_depends_on_the_method) {
  EXPECT_EQ(form_of("GET", "/"), target_form::origin);
  EXPECT_EQ(form_of("CONNECT", "/"), target_form::invalid);
  EXPECT_EQ(form_of("OPTIONS", "*"), target_form::asterisk);
  EXPECT_EQ(form_of("options", "*"), target_form::invalid);
  EXPECT_EQ(form_of("GET", "http://a:1/"), target_form::absolute);
  EXPECT_EQ(form_of("CONNECT", "a:1"), target_form::authority);
  EXPECT_EQ(form_of("CONNECT", "http://a:1/"), target_form::invalid);
  EXPECT_EQ(form_of("GET", "1http://a/"), target_form::invalid);
  EXPECT_EQ(form_of("GET", "ht_tp://a/"), target_form::invalid);
  EXPECT_EQ(form_of("GET", "/a\r\nX: y"), target_form::invalid);
  EXPECT_EQ(form_of("GET", ""), target_form::invalid);
}

TEST(message, the_target_names_the_authority_before_host_does) {
  request_head head;
  EXPECT_EQ(head.authority(), "");
  head.headers.add("Host", "from-host");
  EXPECT_EQ(head.authority(), "from-host");
  head.target = "http://from-target:8080?x";
  EXPECT_EQ(head.authority(), "from-target:8080");
  head.method = "CONNECT";
  head.target = "tunnel:443";
  EXPECT_EQ(head.authority(), "tunnel:443");
}

}  // namespace
