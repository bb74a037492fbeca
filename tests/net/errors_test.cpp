// SPDX-License-Identifier: BSL-1.0
#include "eddy/net/errors.hpp"

#include <gmock/gmock.h>
#include <netdb.h>

using namespace eddy;
using ::testing::HasSubstr;

namespace {

TEST(net_errors, say_what_happened_to_whom) {
  EXPECT_STREQ(incomplete_read_error("abc", 10).what(), "the stream ended after 3 bytes of 10");
  EXPECT_STREQ(incomplete_read_error("abc", 0).what(), "the stream ended after 3 bytes, before the delimiter");
  EXPECT_STREQ(limit_overrun_error("a line", 80).what(), "a line is longer than the limit of 80 bytes");
  EXPECT_THAT(resolve_error("nowhere", EAI_NONAME).what(), HasSubstr("cannot resolve \"nowhere\": "));
  EXPECT_TRUE(resolve_error("x", EAI_AGAIN).temporary());
  EXPECT_FALSE(resolve_error("x", EAI_NONAME).temporary());
  EXPECT_THAT(resolve_error("x", EAI_SYSTEM, ENOENT).what(), HasSubstr("No such file"));
}

TEST(net_errors, S44_a_failed_connection_lists_what_was_tried) {
  std::vector<connect_error::attempt> attempts;
  attempts.emplace_back(*endpoint::parse("10.0.0.1:80"), std::make_error_code(std::errc::host_unreachable),
                        std::chrono::milliseconds(0), std::chrono::milliseconds(700));
  attempts.emplace_back(*endpoint::parse("[::1]:80"), std::make_error_code(std::errc::connection_refused),
                        std::chrono::milliseconds(250), std::chrono::milliseconds(3));
  const connect_error error("shop:80", std::move(attempts));
  EXPECT_THAT(error.what(), HasSubstr("cannot connect to shop:80 (tried 10.0.0.1:80: "));
  EXPECT_THAT(error.what(), HasSubstr("; [::1]:80: "));
  EXPECT_THAT(error.what(), HasSubstr(" after 700 ms"));
  EXPECT_EQ(error.code(), std::errc::host_unreachable) << "it failed last";
  EXPECT_EQ(error.attempts().size(), 2U);
}

}  // namespace
