// SPDX-License-Identifier: BSL-1.0
#include "eddy/http/fields.hpp"

#include <algorithm>
#include <map>
#include <random>
#include <ranges>
#include <type_traits>

#include <gtest/gtest.h>

namespace {

using namespace std::string_literals;
using eddy::http::fields;
using eddy::http::invalid_field;

static_assert(std::is_nothrow_move_constructible_v<fields> && std::is_copy_constructible_v<fields>);
static_assert(std::forward_iterator<fields::iterator> && std::ranges::sized_range<const fields>);

TEST(fields, finds_names_whatever_their_case) {
  const fields f{{"Content-Type", "text/html"}, {"X", ""}};
  EXPECT_EQ(f.get("content-TYPE"), "text/html");
  EXPECT_EQ(f.get("x"), "");
  EXPECT_EQ(f.get("y"), std::nullopt);
  EXPECT_EQ(f.get_or("y", "z"), "z");
  EXPECT_TRUE(f.contains("x"));
  EXPECT_FALSE(f.contains("Content-Typf"));
}

TEST(fields, keeps_all_of_one_name_in_order) {
  const fields f{{"Set-Cookie", "a"}, {"Other", "x"}, {"set-cookie", "b"}};
  EXPECT_EQ(f.get_all("Set-Cookie"), (std::vector<std::string_view>{"a", "b"}));
  EXPECT_EQ(f.count("SET-COOKIE"), 2U);
  EXPECT_EQ(f.get("Set-Cookie"), "a");
  EXPECT_TRUE(f.get_all("none").empty());
}

TEST(fields, iterates_in_order_and_writes_itself) {
  const fields f{{"B", "1"}, {"a", " 2\t"}};
  std::string seen;
  for (const auto [name, value] : f) seen += std::string(name) + "=" + std::string(value) + ";";
  EXPECT_EQ(seen, "B=1;a=2;");
  EXPECT_EQ(f.wire(), "B: 1\r\na: 2\r\n");
}

TEST(fields, set_replaces_the_first_and_removes_the_others) {
  fields f{{"A", "1"}, {"B", "2"}, {"a", "3"}, {"C", "4"}};
  f.set("a", "longer than before");
  EXPECT_EQ(f.wire(), "A: longer than before\r\nB: 2\r\nC: 4\r\n");
  EXPECT_EQ(f.get("C"), "4");
  f.set("A", "");
  f.set("D", "5");
  EXPECT_EQ(f.wire(), "A: \r\nB: 2\r\nC: 4\r\nD: 5\r\n");
}

TEST(fields, remove_says_how_many_there_were) {
  fields f{{"A", "1"}, {"B", "2"}, {"a", "3"}};
  EXPECT_EQ(f.remove("A"), 2U);
  EXPECT_EQ(f.remove("A"), 0U);
  EXPECT_EQ(f.wire(), "B: 2\r\n");
}

TEST(fields, arguments_may_come_from_the_fields_themselves) {
  fields f{{"A", "one"}, {"B", "two"}};
  for (int i = 0; i < 50; ++i) f.add("Copy", *f.get("A"));
  f.set("A", *f.get("B"));
  f.set("B", f[2].name);
  EXPECT_EQ(f.get("A"), "two");
  EXPECT_EQ(f.get("B"), "Copy");
  EXPECT_EQ(f.remove(f[2].name), 50U);
  EXPECT_EQ(f.wire(), "A: two\r\nB: Copy\r\n");
}

TEST(fields, refuses_header_injection_and_stays_as_it_was) {
  fields f{{"A", "1"}};
  for (const std::string& value : {"x\r\nB: 2"s, "x\n"s, "\rx"s, "x\0y"s, "\x1b"s, "\x7f"s}) {
    EXPECT_THROW(f.add("X", value), invalid_field);
    EXPECT_THROW(f.set("A", value), invalid_field);
  }
  for (const std::string& name : {""s, "a b"s, "a:"s, "a\r\nb"s, "\xc3\xa9"s, "a\0"s, "(a)"s}) {
    EXPECT_THROW(f.add(name, "x"), invalid_field);
    EXPECT_THROW(f.set(name, "x"), invalid_field);
  }
  EXPECT_EQ(f.wire(), "A: 1\r\n");
}

TEST(fields, says_what_is_wrong_and_where) {
  fields f;
  try {
    f.add("Location", "/x\r\nSet-Cookie: a");
    FAIL();
  } catch (const invalid_field& error) {
    EXPECT_STREQ(error.what(),
                 "the value of header field \"Location\" may not contain a carriage return (byte 2): that would inject "
                 "other fields");
  }
}

TEST(fields, values_may_have_tabs_and_bytes_beyond_ascii) {
  const fields f{{"X", "a\tb \xc3\xa9"}};
  EXPECT_EQ(f.get("X"), "a\tb \xc3\xa9");
}

TEST(fields, finds_elements_of_lists) {
  const fields f{{"Connection", "keep-alive , Upgrade,,"}, {"connection", "x"}};
  EXPECT_TRUE(f.contains_token("Connection", "upgrade"));
  EXPECT_TRUE(f.contains_token("Connection", "X"));
  EXPECT_FALSE(f.contains_token("Connection", "keep"));
  EXPECT_FALSE(f.contains_token("Upgrade", "x"));
}

TEST(fields, compares_names_without_case_and_values_with_it) {
  EXPECT_EQ((fields{{"A", "b"}}), (fields{{"a", "b"}}));
  EXPECT_NE((fields{{"A", "b"}}), (fields{{"A", "B"}}));
  EXPECT_NE((fields{{"A", "b"}}), (fields{{"A", "b"}, {"A", "b"}}));
}

TEST(fields, behave_as_a_list_of_pairs_under_random_changes) {
  std::mt19937 random(7);
  fields f;
  std::vector<std::pair<std::string, std::string>> model;
  for (int step = 0; step < 3000; ++step) {
    const std::string name(1, static_cast<char>('a' + random() % 6));
    const std::string value(random() % 20, static_cast<char>('0' + random() % 10));
    const auto same = [&](const auto& pair) { return pair.first == name; };
    switch (random() % 4) {
      case 0:
        EXPECT_EQ(f.remove(name), std::erase_if(model, same));
        break;
      case 1: {
        const auto first = std::find_if(model.begin(), model.end(), same);
        f.set(name, value);
        if (first == model.end()) {
          model.emplace_back(name, value);
        } else {
          first->second = value;
          model.erase(std::remove_if(first + 1, model.end(), same), model.end());
        }
        break;
      }
      default:
        f.add(name, value);
        model.emplace_back(name, value);
    }
    std::string wire;
    for (const auto& [n, v] : model) wire += n + ": " + v + "\r\n";
    ASSERT_EQ(f.wire(), wire);
    ASSERT_EQ(f.size(), model.size());
    for (std::size_t i = 0; i < model.size(); ++i)
      ASSERT_EQ(f[i], (eddy::http::field{model[i].first, model[i].second}));
  }
}

}  // namespace
