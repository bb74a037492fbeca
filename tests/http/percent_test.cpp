// SPDX-License-Identifier: BSL-1.0
#include "eddy/http/percent.hpp"

#include <gtest/gtest.h>

namespace {

using namespace eddy::http;

TEST(percent, encodes_all_but_the_unreserved) {
  EXPECT_EQ(percent_encode("aZ09-._~"), "aZ09-._~");
  EXPECT_EQ(percent_encode("a b&c=d/e?\xc3\xa9+%"), "a%20b%26c%3Dd%2Fe%3F%C3%A9%2B%25");
  EXPECT_EQ(percent_encode(std::string_view("\0", 1)), "%00");
}

TEST(percent, decodes_what_it_encoded) {
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  EXPECT_EQ(percent_decode(percent_encode(all)), all);
}

TEST(percent, leaves_what_is_no_escape) {
  EXPECT_EQ(percent_decode("100% %2 %zz %"), "100% %2 %zz %");
  EXPECT_EQ(percent_decode("%41%4a%4A"), "AJJ");
  EXPECT_EQ(percent_decode("%2525"), "%25");
}

TEST(percent, plus_is_a_space_in_queries_only) {
  EXPECT_EQ(percent_decode("a+b"), "a+b");
  EXPECT_EQ(decode_query_value("a+b%2Bc"), "a b+c");
}

}  // namespace
