// SPDX-License-Identifier: BSL-1.0
#include "eddy/http/status.hpp"

#include <gtest/gtest.h>

namespace {

using namespace eddy::http;

TEST(status, registered_codes_have_a_reason_phrase) {
  EXPECT_EQ(reason_phrase(100), "Continue");
  EXPECT_EQ(reason_phrase(200), "OK");
  EXPECT_EQ(reason_phrase(404), "Not Found");
  EXPECT_EQ(reason_phrase(431), "Request Header Fields Too Large");
  EXPECT_EQ(reason_phrase(511), "Network Authentication Required");
}

TEST(status, other_codes_have_none) {
  for (const int status : {0, 99, 299, 418, 599, 999}) EXPECT_EQ(reason_phrase(status), "") << status;
}

TEST(status, each_code_is_of_one_class) {
  for (int status = 100; status < 1000; ++status)
    EXPECT_EQ(is_informational(status) + is_success(status) + is_redirection(status) + is_client_error(status) +
                  is_server_error(status),
              1)
        << status;
}

}  // namespace
