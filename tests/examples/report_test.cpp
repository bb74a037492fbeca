// SPDX-License-Identifier: BSL-1.0
#include "examples/crawler/report.hpp"

#include <gtest/gtest.h>

namespace {

using namespace crawler;
using std::chrono::duration;

constexpr terminal plain{.interactive = false, .color = false, .width = 80};
constexpr terminal window{.interactive = true, .color = false, .width = 80};
constexpr terminal colored{.interactive = true, .color = true, .width = 80};

progress at(double seconds, std::size_t done = 500, std::size_t known = 1000) {
  return {.done = done, .known = known, .errors = 3, .active = 100, .elapsed = duration<double>(seconds)};
}

TEST(report, the_bar_shows_done_of_known) {
  const auto bar = progress_bar(at(2), window);
  EXPECT_NE(bar.find("500/1000  3 errors  100 active  250/s"), std::string::npos) << bar;
  const auto inner = bar.find(']') - 1;
  EXPECT_EQ(bar.find('>') - 1, inner / 2) << bar;
  EXPECT_EQ(progress_bar(at(2, 1000), window).find('>'), std::string::npos);
  EXPECT_NO_THROW(progress_bar({}, window));
}

TEST(report, the_bar_fits_any_width) {
  for (std::size_t width = 1; width < 200; ++width)
    EXPECT_LT(progress_bar(at(2), {.interactive = true, .color = false, .width = width}).size(),
              std::max<std::size_t>(width, 2))
        << width;
}

TEST(report, progress_is_shown_ten_times_a_second_at_most) {
  progress_display display(window);
  EXPECT_TRUE(display.update(at(0)).has_value());
  EXPECT_FALSE(display.update(at(0.09)).has_value());
  const auto second = display.update(at(0.11));
  ASSERT_TRUE(second.has_value());
  EXPECT_EQ(second->front(), '\r');
  EXPECT_EQ(display.finish(), "\r\x1b[K");
  EXPECT_EQ(display.finish(), "") << "there is nothing left to clear";
}

TEST(report, without_a_terminal_there_are_plain_lines_every_two_seconds) {
  progress_display display(plain);
  EXPECT_FALSE(display.update(at(0.5)).has_value());
  EXPECT_EQ(display.update(at(2)), "500 of 1000 pages found so far, 3 errors, 250 pages/s\n");
  EXPECT_FALSE(display.update(at(3.9)).has_value());
  EXPECT_TRUE(display.update(at(4.1)).has_value());
  EXPECT_EQ(display.finish(), "");
}

TEST(report, percentiles_go_by_the_nearest_rank) {
  statistics s;
  EXPECT_EQ(s.percentile(0.5), 0);
  for (int i = 100; i >= 1; --i) s.add("http://h/", 200, error_kind::none, i, 10);
  EXPECT_EQ(s.percentile(0.5), 50);
  EXPECT_EQ(s.percentile(0.99), 99);
  EXPECT_EQ(s.percentile(1), 100);
  EXPECT_EQ(s.percentile(0), 1);
}

TEST(report, tables_tell_all) {
  statistics s;
  s.add("http://h/fast", 200, error_kind::none, 0.01, 1'000'000);
  s.add("http://h/slow", 200, error_kind::none, 2.5, 0);
  s.add("http://h/gone", 404, error_kind::http_status, 0.02, 0);
  s.add("http://h/late", 0, error_kind::timeout, 10, 0);
  s.add("http://h/private", 0, error_kind::robots, 0, 0);
  for (int i = 0; i < 10; ++i) s.add("http://h/x", 200, error_kind::none, 0.001, 0);
  EXPECT_EQ(s.pages(), 14U);
  EXPECT_EQ(s.errors(), 2U);
  EXPECT_EQ(s.count_of(error_kind::robots), 1U);
  EXPECT_EQ(s.tables(duration<double>(2), plain),
            "\nPages by status\n  no answer              1\n  200                   12\n  404                    1\n"
            "\nErrors by kind\n  http_status            1\n  timeout                1\n"
            "\n  1 pages skipped, as robots.txt asks\n"
            "\nSlowest pages\n     10.00 s  http://h/late\n      2.50 s  http://h/slow\n       20 ms  http://h/gone\n"
            "       10 ms  http://h/fast\n        1 ms  http://h/x\n"
            "\nSpeed\n  14 pages, 1.0 MB in 2.00 s: 7 pages/s\n  p50 1 ms, p99 10.00 s\n");
}

TEST(report, long_urls_are_shortened_in_the_middle) {
  statistics s;
  s.add("http://h/" + std::string(200, 'x') + "/end.html", 200, error_kind::none, 1, 0);
  const auto text = s.tables(duration<double>(1), plain);
  EXPECT_NE(text.find("..."), std::string::npos);
  EXPECT_NE(text.find("/end.html\n"), std::string::npos);
  for (std::size_t begin = 0; begin < text.size();) {
    const auto end = text.find('\n', begin);
    EXPECT_LE(end - begin, 80U);
    begin = end + 1;
  }
}

TEST(report, color_is_used_only_where_it_is_wanted) {
  const std::vector<comparison> rows{{"slow", "stored", 3, 3}, {"bomb", "expansion", 2, 1}};
  EXPECT_EQ(comparison_table(rows, plain).find('\x1b'), std::string::npos);
  EXPECT_NE(comparison_table(rows, colored).find("\x1b[31mDIFFERENT"), std::string::npos);
  EXPECT_NE(comparison_table(rows, plain).find("1 of 2 differ"), std::string::npos);
  EXPECT_NE(comparison_table({rows.front()}, plain).find("all as expected"), std::string::npos);
}

TEST(report, what_is_no_terminal_has_no_color) {
  const auto out = terminal::of(-1);
  EXPECT_FALSE(out.interactive);
  EXPECT_FALSE(out.color);
  EXPECT_EQ(out.width, 80U);
}

}  // namespace
