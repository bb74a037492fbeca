// SPDX-License-Identifier: BSL-1.0
#include "eddy/db/sqlite/conversion.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <limits>

#include "tests/db/sqlite/support.hpp"

namespace eddy::sqlite::tests {
namespace {

using namespace std::chrono_literals;

struct url {
  std::string text;
};
enum class color : std::uint8_t { red = 1, green = 200 };

}  // namespace
}  // namespace eddy::sqlite::tests

template <>
struct eddy::sqlite::conversion<eddy::sqlite::tests::url> {
  static value to(const tests::url& u) { return value(u.text); }
  static tests::url from(const cell& source) {
    if (source.text().find(':') == std::string::npos) source.refuse("no scheme");
    return {source.text()};
  }
};

namespace eddy::sqlite::tests {
namespace {

static_assert(!bindable<char>);
static_assert(!bindable<std::vector<int>>);
static_assert(!bindable<std::chrono::steady_clock::time_point>);
static_assert(bindable<const char (&)[4]>);
static_assert(readable<std::optional<int>>);
static_assert(!readable<const char*>);
static_assert(borrowing<std::string_view> && borrowing<std::optional<std::string_view>> && !borrowing<std::string>);

class sqlite_conversion : public ::testing::Test {
 protected:
  template <class T, class U>
  T through(U&& object) {
    return db_.fetch_one_as<T>("select ?", std::forward<U>(object)).value();
  }
  template <class T>
  std::string refusal(const std::string& expression) {
    return thrown_by<column_error>([&] { (void)db_.fetch_as<T>("select " + expression + " as c"); }).message();
  }
  database db_{":memory:"};
};

TEST_F(sqlite_conversion, integers_go_through_at_their_limits) {
  EXPECT_EQ(through<std::int64_t>(std::numeric_limits<std::int64_t>::min()), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(through<std::int8_t>(std::int8_t{-128}), -128);
  EXPECT_EQ(through<std::uint8_t>(std::uint8_t{255}), 255);
  EXPECT_EQ(through<std::uint32_t>(4294967295u), 4294967295u);
  EXPECT_EQ(through<std::uint64_t>(std::uint64_t{1} << 62), std::uint64_t{1} << 62);
  EXPECT_EQ(through<long long>(7), 7);
}

TEST_F(sqlite_conversion, an_integer_too_large_for_sqlite_is_refused_with_the_parameters_number) {
  const auto error = thrown_by<usage_error>([&] { db_.execute("select ?, ?", 1, std::uint64_t{1} << 63); });
  EXPECT_EQ(error.message(), "parameter 2: 9223372036854775808 does not fit into SQLite's signed 64 bit integers");
}

TEST_F(sqlite_conversion, narrowing_is_refused_with_the_columns_name) {
  EXPECT_EQ(refusal<std::int8_t>("128"), "column \"c\", row 1: 128 is out of range, -128 to 127 fit");
  EXPECT_TRUE(contains(refusal<std::uint64_t>("-1"), "-1 is out of range, the type is unsigned"));
  EXPECT_TRUE(contains(refusal<std::uint32_t>("4294967296"), "out of range, 0 to 4294967295 fit"));
  EXPECT_TRUE(contains(refusal<bool>("2"), "2 is out of range, 0 to 1 fit"));
  EXPECT_TRUE(contains(refusal<double>("9007199254740993"), "no exact value as a double"));
  EXPECT_TRUE(contains(refusal<float>("1e300"), "out of range for a float"));
}

TEST_F(sqlite_conversion, nothing_is_guessed_from_another_kind) {
  EXPECT_TRUE(contains(refusal<int>("'12'"), "expected integer, got text"));
  EXPECT_TRUE(contains(refusal<int>("1.0"), "expected integer, got real"));
  EXPECT_TRUE(contains(refusal<std::string>("12"), "expected text, got integer"));
  EXPECT_TRUE(contains(refusal<std::string>("x'00'"), "expected text, got blob"));
  EXPECT_TRUE(contains(refusal<blob>("'a'"), "expected blob, got text"));
  EXPECT_TRUE(contains(refusal<double>("'a'"), "expected real, got text"));
  EXPECT_TRUE(contains(refusal<int>("null"), "expected integer, got null (use std::optional where null may come)"));
}

TEST_F(sqlite_conversion, bools_enums_and_reals_go_through) {
  EXPECT_TRUE(through<bool>(true));
  EXPECT_FALSE(through<bool>(false));
  EXPECT_EQ(through<color>(color::green), color::green);
  EXPECT_TRUE(contains(refusal<color>("256"), "out of range"));
  EXPECT_EQ(through<double>(0.1), 0.1);
  EXPECT_EQ(through<float>(0.1f), 0.1f);
  EXPECT_EQ(through<double>(3), 3.0);
  EXPECT_EQ(through<double>(std::numeric_limits<double>::infinity()), std::numeric_limits<double>::infinity());
}

TEST_F(sqlite_conversion, nan_is_refused_since_it_would_become_null) {
  EXPECT_THROW(db_.execute("select ?", std::numeric_limits<double>::quiet_NaN()), usage_error);
}

TEST_F(sqlite_conversion, text_goes_through_byte_by_byte) {
  const std::string odd("a\0b\xff\xfe\xc3(", 7);
  EXPECT_EQ(through<std::string>(odd), odd);
  EXPECT_EQ(through<std::string>(std::string_view(odd)), odd);
  EXPECT_EQ(through<std::string>("literal"), "literal");
  EXPECT_EQ(through<std::string>(""), "");
  EXPECT_EQ(through<std::string>(std::string_view()), "");
}

TEST_F(sqlite_conversion, blobs_go_through_and_an_empty_one_is_not_null) {
  const std::array bytes{std::byte{0}, std::byte{255}};
  EXPECT_EQ(through<blob>(std::span<const std::byte>(bytes)), blob(bytes.begin(), bytes.end()));
  EXPECT_EQ(db_.fetch_one_as<std::string>("select typeof(?)", blob()), "blob");
  EXPECT_EQ(through<blob>(blob()), blob());
}

TEST_F(sqlite_conversion, a_huge_blob_goes_through) {
  blob huge(16u * 1024 * 1024, std::byte{7});
  huge.back() = std::byte{9};
  EXPECT_EQ(through<blob>(huge), huge);
}

TEST_F(sqlite_conversion, what_is_beyond_sqlites_limit_is_an_error) {
  const auto error = thrown_by<sqlite::error>([&] { db_.execute("select length(zeroblob(2000000000) || 'x')"); });
  EXPECT_EQ(error.code(), 18);
}

TEST_F(sqlite_conversion, nulls_go_through_as_optional) {
  EXPECT_EQ(through<std::optional<int>>(std::nullopt), std::nullopt);
  EXPECT_EQ(through<std::optional<int>>(nullptr), std::nullopt);
  EXPECT_EQ(through<std::optional<int>>(std::optional<int>(3)), 3);
  EXPECT_EQ(through<std::optional<int>>(std::optional<int>()), std::nullopt);
  EXPECT_EQ(through<std::optional<std::string>>(static_cast<const char*>(nullptr)), std::nullopt);
}

TEST_F(sqlite_conversion, times_are_microseconds_rounded_down_on_the_way_in) {
  using clock = std::chrono::system_clock;
  const clock::time_point time{1500ms + 999ns};
  EXPECT_EQ(through<std::int64_t>(time), 1500000);
  EXPECT_EQ(through<clock::time_point>(time), clock::time_point(1500ms));
  EXPECT_EQ(through<std::int64_t>(-1ns), -1);
  EXPECT_EQ(through<std::int64_t>(2h), 7200000000);
  EXPECT_EQ(through<std::chrono::seconds>(2h), 2h);
  EXPECT_EQ(through<std::chrono::nanoseconds>(5us), 5us);
  EXPECT_EQ((through<std::chrono::duration<double>>(1500ms)), 1.5s);
  EXPECT_EQ(through<std::int64_t>(std::chrono::duration<double>(0.25)), 250000);
  EXPECT_EQ(db_.fetch_one_as<std::string>("select datetime(? / 1e6, 'unixepoch')", clock::time_point(86400s)),
            "1970-01-02 00:00:00");
}

TEST_F(sqlite_conversion, times_out_of_range_are_refused) {
  EXPECT_THROW(db_.execute("select ?", std::chrono::hours::max()), usage_error);
  EXPECT_THROW(db_.execute("select ?", std::chrono::duration<double>(1e30)), usage_error);
  EXPECT_TRUE(contains(refusal<std::chrono::nanoseconds>("9223372036854775807"), "the time is out of range"));
  EXPECT_TRUE(contains(refusal<std::chrono::seconds>("1500000"), "too fine"));
  EXPECT_TRUE(contains(refusal<std::chrono::seconds>("'noon'"), "expected time, got text"));
}

TEST_F(sqlite_conversion, a_type_of_ones_own_can_be_bound_read_and_refused) {
  EXPECT_EQ(through<url>(url{"a:b"}).text, "a:b");
  EXPECT_EQ(refusal<url>("'ab'"), "column \"c\", row 1: no scheme");
  EXPECT_EQ(through<std::optional<url>>(std::nullopt).has_value(), false);
}

TEST_F(sqlite_conversion, a_value_keeps_whatever_comes) {
  EXPECT_TRUE(through<value>(nullptr).is_null());
  EXPECT_EQ(through<value>(value(std::int64_t{5})), value(std::int64_t{5}));
  EXPECT_EQ(through<value>("t").type_name(), "text");
}

}  // namespace
}  // namespace eddy::sqlite::tests
