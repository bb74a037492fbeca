// SPDX-License-Identifier: BSL-1.0
#include "eddy/http/parse_error.hpp"

#include "eddy/http/status.hpp"

#include <set>
#include <string>

#include <gtest/gtest.h>

namespace {

using namespace eddy::http;

TEST(parse_error, every_fault_has_a_name_a_sentence_and_a_status_of_its_own_making) {
  std::set<std::string> names;
  std::set<std::string> sentences;
  const int count = static_cast<int>(parse_fault::incomplete) + 1;
  for (int i = 0; i < count; ++i) {
    const parse_error error(static_cast<parse_fault>(i));
    names.emplace(to_string(error.kind()));
    sentences.emplace(error.what());
    EXPECT_FALSE(reason_phrase(error.status()).empty()) << error.what();
  }
  EXPECT_EQ(names.size(), static_cast<std::size_t>(count));
  EXPECT_EQ(sentences.size(), static_cast<std::size_t>(count));
}

TEST(parse_error, shows_the_offending_part_without_handing_the_log_to_it) {
  const parse_error error(parse_fault::invalid_host, "a\x1b[2J" + std::string(200, 'x'));
  const std::string text = error.what();
  EXPECT_NE(text.find("a?[2J"), std::string::npos) << text;
  EXPECT_LT(text.size(), 200U);
  EXPECT_EQ(error.kind(), parse_fault::invalid_host);
}

}  // namespace
