// SPDX-License-Identifier: BSL-1.0
#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <set>
#include <unordered_map>

#include "eddy/os/msgpack/conversion.hpp"

namespace {

using namespace eddy;
using namespace std::chrono_literals;

enum class color : std::uint8_t { red, blue = 7 };

struct leaf {
  int number = 0;
  std::string text;
  bool operator==(const leaf&) const = default;
};
EDDY_DESCRIBE(leaf, number, text)

struct tree {
  std::string name;
  std::vector<tree> children;
  bool operator==(const tree&) const = default;
};
EDDY_DESCRIBE(tree, name, children)

struct everything {
  bool yes = false;
  std::int8_t small = 0;
  std::uint64_t large = 0;
  float real = 0;
  double precise = 0;
  color shade = color::red;
  std::string text;
  std::vector<leaf> leaves;
  std::vector<std::byte> bytes;
  std::array<std::uint8_t, 3> three{};
  std::array<int, 2> two{};
  std::map<std::string, int> ages;
  std::unordered_map<int, leaf> by_number;
  std::set<int> set;
  std::deque<bool> deque;
  std::vector<bool> flags;
  std::optional<int> none;
  std::optional<std::string> some;
  std::variant<std::monostate, int, leaf> choice;
  std::tuple<int, std::string, leaf> tuple;
  std::pair<int, int> pair;
  std::chrono::milliseconds duration{};
  std::chrono::sys_seconds when{};
  tree nested;
  bool operator==(const everything&) const = default;
};
EDDY_DESCRIBE(everything, yes, small, large, real, precise, shade, text, leaves, bytes, three, two, ages, by_number,
              set, deque, flags, none, some, choice, tuple, pair, duration, when, nested)

everything sample() {
  everything e;
  e.yes = true;
  e.small = -128;
  e.large = UINT64_MAX;
  e.real = 0.5F;
  e.precise = -1e300;
  e.shade = color::blue;
  e.text = std::string(300, 'x');
  e.leaves = {{1, "one"}, {-70'000, ""}};
  e.bytes = std::vector<std::byte>(70'000, std::byte{9});
  e.three = {1, 2, 255};
  e.two = {INT32_MIN, INT32_MAX};
  e.ages = {{"ann", 41}, {"bob", -1}};
  e.by_number = {{5, {5, "five"}}};
  e.set = {3, 1, 2};
  e.deque = {true, false};
  e.flags = {false, true, true};
  e.some = "thing";
  e.choice = leaf{7, "seven"};
  e.tuple = {1, "t", {2, "u"}};
  e.pair = {3, 4};
  e.duration = 1500ms;
  e.when = std::chrono::sys_seconds(86400s);
  e.nested = {"root", {{"left", {}}, {"right", {{"leaf", {}}}}}};
  return e;
}

std::string hex(const std::vector<std::byte>& bytes) {
  std::string text;
  for (const std::byte b : bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    text += digits[std::to_integer<std::size_t>(b >> 4)];
    text += digits[std::to_integer<std::size_t>(b & std::byte{15})];
  }
  return text;
}

std::vector<std::byte> bytes_of(std::initializer_list<int> values) {
  std::vector<std::byte> bytes;
  for (const int v : values) bytes.push_back(static_cast<std::byte>(v));
  return bytes;
}

template <class T>
std::string refusal(const std::vector<std::byte>& bytes) {
  try {
    msgpack::unpack<T>(bytes);
  } catch (const msgpack::format_error& error) {
    return error.what();
  }
  return "it was accepted";
}

TEST(msgpack, S37_everything_that_travels_comes_back_the_same) {
  const everything before = sample();
  EXPECT_EQ(msgpack::unpack<everything>(msgpack::pack(before)), before);
  EXPECT_EQ(msgpack::unpack<everything>(msgpack::pack(everything())), everything());
}

TEST(msgpack, what_owns_alone_and_what_only_looks_can_be_written) {
  const auto owned = msgpack::unpack<std::unique_ptr<leaf>>(msgpack::pack(std::make_unique<leaf>(leaf{1, "x"})));
  EXPECT_EQ(*owned, (leaf{1, "x"}));
  EXPECT_EQ(msgpack::unpack<std::unique_ptr<leaf>>(msgpack::pack(std::unique_ptr<leaf>())), nullptr);
  const std::vector<int> numbers{1, 2, 3};
  EXPECT_EQ(msgpack::unpack<std::vector<int>>(msgpack::pack(std::span(numbers))), numbers);
  EXPECT_EQ(msgpack::unpack<std::string>(msgpack::pack(std::string_view("view"))), "view");
  static_assert(!msgpack::readable<std::string_view> && !msgpack::writable<int*>);
}

// The forms and their bounds, from the specification.
TEST(msgpack, numbers_take_their_shortest_form) {
  const std::pair<std::int64_t, const char*> rows[] = {
      {0, "00"},
      {127, "7f"},
      {128, "cc80"},
      {255, "ccff"},
      {256, "cd0100"},
      {65'535, "cdffff"},
      {65'536, "ce00010000"},
      {4'294'967'295, "ceffffffff"},
      {4'294'967'296, "cf0000000100000000"},
      {-1, "ff"},
      {-32, "e0"},
      {-33, "d0df"},
      {-128, "d080"},
      {-129, "d1ff7f"},
      {-32'768, "d18000"},
      {-32'769, "d2ffff7fff"},
      {INT32_MIN, "d280000000"},
      {std::int64_t{INT32_MIN} - 1, "d3ffffffff7fffffff"},
      {INT64_MIN, "d38000000000000000"},
  };
  for (const auto& [value, expected] : rows) {
    const auto bytes = msgpack::pack(value);
    EXPECT_EQ(hex(bytes), expected);
    EXPECT_EQ(msgpack::unpack<std::int64_t>(bytes), value);
  }
}

TEST(msgpack, texts_bytes_arrays_and_maps_take_their_shortest_form) {
  EXPECT_EQ(hex(msgpack::pack(std::string("ab"))), "a26162");
  EXPECT_EQ(hex(msgpack::pack(std::string(32, 'x'))).substr(0, 6), "d92078");
  EXPECT_EQ(hex(msgpack::pack(std::string(256, 'x'))).substr(0, 6), "da0100");
  EXPECT_EQ(hex(msgpack::pack(std::string(65'536, 'x'))).substr(0, 10), "db00010000");
  EXPECT_EQ(hex(msgpack::pack(std::vector<std::byte>(1))), "c40100");
  EXPECT_EQ(hex(msgpack::pack(std::vector<std::byte>(256))).substr(0, 6), "c50100");
  EXPECT_EQ(hex(msgpack::pack(std::vector<int>(15))).substr(0, 4), "9f00");
  EXPECT_EQ(hex(msgpack::pack(std::vector<int>(16))).substr(0, 8), "dc001000");
  EXPECT_EQ(hex(msgpack::pack(std::vector<int>(65'536))).substr(0, 10), "dd00010000");
  EXPECT_EQ(hex(msgpack::pack(std::map<int, int>{{1, 2}})), "810102");
  EXPECT_EQ(hex(msgpack::pack(std::optional<int>())), "c0");
  EXPECT_EQ(hex(msgpack::pack(true)), "c3");
  EXPECT_EQ(hex(msgpack::pack(1.0)), "cb3ff0000000000000");
  EXPECT_EQ(hex(msgpack::pack(1.0F)), "ca3f800000");
}

TEST(msgpack, what_is_cut_off_anywhere_is_refused) {
  everything small = sample();
  small.text = "short";
  small.bytes.resize(3);
  const auto whole = msgpack::pack(small);
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_THROW(msgpack::unpack<everything>(std::span(whole).first(size)), msgpack::format_error) << size;
}

TEST(msgpack, refusals_name_the_member_and_the_byte) {
  struct {
    const char* what;
    std::string text;
    const char* expected;
  } const rows[] = {
      {"another kind", refusal<leaf>(msgpack::pack(std::tuple(1, 2))), "leaf.text: text is expected, and an integer"},
      {"a member too few", refusal<leaf>(msgpack::pack(std::tuple(1))), "a leaf has not 2 members"},
      {"too large", refusal<std::int8_t>(msgpack::pack(128)), "does not fit its type"},
      {"negative", refusal<unsigned>(msgpack::pack(-1)), "is negative"},
      {"more", refusal<int>(bytes_of({1, 2})), "more bytes follow, at byte 1"},
      {"nothing", refusal<int>({}), "an integer is expected, and the end was found, at byte 0"},
      {"no form", refusal<int>(bytes_of({0xc1})), "a byte that begins nothing"},
      {"an extension", refusal<int>(bytes_of({0xd4, 1, 1})), "an extension"},
      {"no alternative", refusal<std::variant<int>>(bytes_of({0x92, 5, 1})), "no alternative 5"},
      {"a wrong size", refusal<std::array<int, 3>>(bytes_of({0x91, 1})), "has not 3 elements"},
  };
  for (const auto& row : rows)
    EXPECT_NE(row.text.find(row.expected), std::string::npos) << row.what << ": " << row.text;
  const std::string nested = refusal<tree>(bytes_of({0x92, 0xa1, 'r', 0x91, 0x92, 0xa1, 'c', 0xc0}));
  EXPECT_NE(nested.find("tree.children: tree.children: an array is expected"), std::string::npos) << nested;
}

// A few bytes must not cost much memory, nor the whole stack.
TEST(msgpack, sizes_and_depths_are_not_trusted) {
  EXPECT_NE(refusal<std::vector<everything>>(bytes_of({0xdd, 0xff, 0xff, 0xff, 0xff})).find("cut off"),
            std::string::npos);
  EXPECT_NE(refusal<std::string>(bytes_of({0xdb, 0xff, 0xff, 0xff, 0xff})).find("cut off"), std::string::npos);
  EXPECT_NE((refusal<std::map<int, int>>(bytes_of({0xdf, 0xff, 0xff, 0xff, 0xff})).find("cut off")), std::string::npos);
  std::vector<std::byte> deep;
  for (int i = 0; i < 100'000; ++i)
    for (const int b : {0x92, 0xa0, 0x91}) deep.push_back(static_cast<std::byte>(b));
  EXPECT_NE(refusal<tree>(deep).find("too deep"), std::string::npos);
}

}  // namespace
