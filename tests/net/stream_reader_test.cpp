// SPDX-License-Identifier: BSL-1.0
#include "eddy/net/stream_reader.hpp"

#include <array>

#include "eddy/coro/task.hpp"
#include "eddy/flow/gather.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/timeout.hpp"
#include "eddy/testing/explore.hpp"
#include "eddy/testing/test.hpp"
#include "tests/net/pairs.hpp"

using namespace eddy;
using namespace std::chrono_literals;
using eddy::testing::explore;
using eddy::testing::pattern;

namespace {

/// What `text` looks like to a reader, delivered at most `chunk` bytes at a time.
coro<std::pair<stream, stream>> written(std::string text, std::size_t chunk, bool end = true) {
  auto ends = memory_pipe(memory_pipe_options().chunk(chunk));
  co_await ends.first.writer().write(text);
  if (end) co_await ends.first.writer().write_eof();
  co_return ends;
}

EDDY_TEST(stream_reader, S44_lines_come_whole_however_they_are_cut) {
  const std::string text = "one\r\ntwo\n\n\r\nlast";
  for (std::size_t chunk = 1; chunk <= text.size(); ++chunk) {
    auto ends = co_await written(text, chunk);
    auto lines = ends.second.reader().lines();
    std::string joined;
    while (auto line = co_await lines.next()) joined += "[" + *line + "]";
    EXPECT_EQ(joined, "[one][two][][][last]") << chunk;
    EXPECT_TRUE(ends.second.reader().at_end());
    const auto again = co_await lines.next();
    EXPECT_FALSE(again);
  }
}

EDDY_TEST(stream_reader, S44_read_until_finds_a_delimiter_across_receives) {
  const std::string text = "a--b---c-->d-->";
  for (std::size_t chunk = 1; chunk <= text.size(); ++chunk) {
    auto ends = co_await written(text, chunk);
    stream_reader& reader = ends.second.reader();
    const std::string first = co_await reader.read_until("-->");
    EXPECT_EQ(first, "a--b---c-->");
    const std::string second = co_await reader.read_until("-->");
    EXPECT_EQ(second, "d-->");
  }
}

EDDY_TEST(stream_reader, S44_read_exactly_gives_so_many_bytes_and_leaves_the_rest) {
  const std::string text = pattern(50'000);
  for (const std::size_t chunk : {std::size_t{1}, std::size_t{777}, std::size_t{100'000}}) {
    auto ends = co_await written(text, chunk);
    stream_reader& reader = ends.second.reader();
    const std::string head = co_await reader.read_exactly(3U);
    std::string body(40'000, '\0');
    co_await reader.read_exactly(std::span<char>(body));
    const std::string rest = co_await reader.read_all(10'000);
    EXPECT_EQ(head + body + rest, text) << chunk;
  }
}

EDDY_TEST(stream_reader, S44_an_early_end_hands_over_what_came) {
  for (const std::size_t wanted : {std::size_t{11}, std::size_t{40'000}}) {
    auto ends = co_await written("0123456789", 3);
    std::string partial = "nothing thrown";
    try {
      std::string unused = co_await ends.second.reader().read_exactly(wanted);
    } catch (const incomplete_read_error& e) {
      partial = e.partial();
      EXPECT_EQ(e.expected(), wanted);
    }
    EXPECT_EQ(partial, "0123456789");
    EXPECT_TRUE(ends.second.reader().at_end());
  }
  auto ends = co_await written("no delimiter", 5);
  std::string partial;
  try {
    std::string unused = co_await ends.second.reader().read_until("\n");
  } catch (const incomplete_read_error& e) {
    partial = e.partial();
  }
  EXPECT_EQ(partial, "no delimiter");
}

EDDY_TEST(stream_reader, a_line_may_be_as_long_as_the_limit_and_no_longer) {
  for (const char* end : {"\n", "\r\n", ""}) {
    for (const std::size_t chunk : {std::size_t{1}, std::size_t{100}}) {
      auto fits = co_await written("12345678" + std::string(end), chunk);
      const auto line = co_await fits.second.reader().readline(8);
      EDDY_ASSERT_TRUE(line.has_value());
      EXPECT_EQ(*line, "12345678");
      auto longer = co_await written("123456789" + std::string(end), chunk);
      bool refused = false;
      try {
        auto unused = co_await longer.second.reader().readline(8);
      } catch (const limit_overrun_error& e) {
        refused = e.limit() == 8;
      }
      EXPECT_TRUE(refused) << chunk;
      const std::string kept = co_await longer.second.reader().read_all(100);
      EXPECT_EQ(kept, "123456789" + std::string(end)) << "the bytes stay";
    }
  }
}

EDDY_TEST(stream_reader, read_until_counts_the_limit_before_the_delimiter) {
  auto fits = co_await written("12345678;;", 3);
  const std::string found = co_await fits.second.reader().read_until(";;", 8);
  EXPECT_EQ(found, "12345678;;");
  for (const char* text : {"123456789;;", "1234567890"}) {
    auto ends = co_await written(text, 3, false);
    bool refused = false;
    try {
      std::string unused = co_await ends.second.reader().read_until(";;", 8);
    } catch (const limit_overrun_error&) {
      refused = true;
    }
    EXPECT_TRUE(refused) << text;
  }
}

EDDY_TEST(stream_reader, read_all_refuses_more_than_its_limit) {
  auto ends = co_await written("12345", 2);
  bool refused = false;
  try {
    std::string unused = co_await ends.second.reader().read_all(4);
  } catch (const limit_overrun_error&) {
    refused = true;
  }
  EXPECT_TRUE(refused);
  const std::string all = co_await ends.second.reader().read_all(5);
  EXPECT_EQ(all, "12345");
}

EDDY_TEST(stream_reader, fill_buffered_and_consume_feed_a_parser) {
  auto ends = co_await written("abcdef", 2);
  stream_reader& reader = ends.second.reader();
  const bool more = co_await reader.fill();
  EXPECT_TRUE(more);
  EXPECT_EQ(reader.buffered(), "ab");
  reader.consume(1);
  const bool enough = co_await reader.fill_to(4);
  EXPECT_TRUE(enough);
  EXPECT_EQ(reader.buffered().substr(0, 4), "bcde");
  EXPECT_THROW(reader.consume(100), misuse_error);
  reader.consume(reader.buffered().size());
  std::string rest;
  while (co_await reader.fill()) {
    rest += reader.buffered();
    reader.consume(reader.buffered().size());
  }
  EXPECT_TRUE(rest.empty() || rest == "f");
  EXPECT_TRUE(reader.at_end());
}

EDDY_TEST(stream_reader, reading_nothing_is_fine) {
  auto ends = co_await written("x", 1);
  stream_reader& reader = ends.second.reader();
  const std::size_t none = co_await reader.read_some(std::span<std::byte>());
  EXPECT_EQ(none, 0U);
  const std::string empty = co_await reader.read(0);
  EXPECT_EQ(empty, "");
  co_await reader.read_exactly(std::span<std::byte>());
  const std::string all = co_await reader.read();
  EXPECT_EQ(all, "x");
  const std::string end = co_await reader.read();
  EXPECT_EQ(end, "");
}

coro<std::string> line_of(stream_reader& reader) {
  auto line = co_await reader.readline();
  co_return line.value_or("<end>");
}

EDDY_TEST(stream_reader, L9_a_second_read_at_the_same_time_is_refused) {
  auto ends = memory_pipe();
  auto first = create_task(line_of, std::ref(ends.second.reader()));
  co_await sleep(0s);
  bool refused = false;
  try {
    std::string unused = co_await ends.second.reader().read();
  } catch (const misuse_error&) {
    refused = true;
  }
  EXPECT_TRUE(refused);
  co_await ends.first.writer().write("fine\n");
  const std::string line = co_await std::move(first);
  EXPECT_EQ(line, "fine");
}

// Law 8 of the programs: in asyncio the generator is dead after the first timeout and the rest looks like the end.
EDDY_TEST(stream_reader, L12_lines_survive_a_timeout_in_the_middle_of_a_line) {
  auto ends = memory_pipe();
  auto lines = ends.second.reader().lines();
  int pings = 0;
  co_await ends.first.writer().write("hal");
  std::string got;
  for (int tries = 0; tries < 4 && got.empty(); ++tries) {
    try {
      auto line = co_await wait_for(lines.next(), 30s);
      got = line.value_or("<end>");
    } catch (const timeout_error&) {
      ++pings;
    }
    if (pings == 2) co_await ends.first.writer().write("f a line\nnext\n");
  }
  EXPECT_EQ(pings, 2);
  EXPECT_EQ(got, "half a line");
  const auto next = co_await lines.next();
  EXPECT_EQ(next, "next");
}

EDDY_TEST(stream_reader, L12_read_exactly_puts_back_what_came_before_a_timeout) {
  const std::string text = pattern(100'000);
  for (const std::size_t first :
       {std::size_t{0}, std::size_t{1}, std::size_t{30'000}, std::size_t{90'000}, std::size_t{99'999}}) {
    auto ends = memory_pipe(memory_pipe_options().capacity(200'000).chunk(7'000));
    co_await ends.first.writer().write(text.substr(0, first));
    std::string into(text.size(), '\0');
    bool timed_out = false;
    try {
      co_await wait_for(ends.second.reader().read_exactly(std::span<char>(into)), 1s);
    } catch (const timeout_error&) {
      timed_out = true;
    }
    EXPECT_TRUE(timed_out);
    co_await ends.first.writer().write(text.substr(first));
    const std::string again = co_await ends.second.reader().read_exactly(text.size());
    EXPECT_EQ(again, text) << "a hole after " << first;
  }
}

coro<> write_slowly(stream& into, const std::string& text, std::size_t step) {
  for (std::size_t at = 0; at < text.size(); at += step) {
    co_await into.writer().write(text.substr(at, step));
    co_await sleep(1s);
  }
  co_await into.writer().write_eof();
}

coro<> read_everything(stream& from, const std::string& text) {
  stream_reader& reader = from.reader();
  const std::string head = co_await reader.read_exactly(4U);
  auto line = co_await reader.readline();
  const std::string part = co_await reader.read_until("..");
  std::array<char, 8> some{};
  const std::size_t count = co_await reader.read_some(some);
  const std::string rest = co_await reader.read_all(1000);
  EXPECT_EQ(head + line.value_or("") + "\n" + part + std::string(some.data(), count) + rest, text);
}

TEST(stream_reader, L1_L12_every_read_may_be_cancelled_anywhere) {
  static const std::string text = "head and a line\nsome more .. and some more at the end";
  for (const std::size_t step : {std::size_t{1}, std::size_t{5}, text.size()}) {
    const auto result = explore([step]() -> coro<> {
      auto ends = memory_pipe();
      co_await gather(write_slowly(ends.first, text, step), read_everything(ends.second, text));
    });
    EXPECT_GT(result.cancel_points, 8U);
  }
}

/// Reads with a limit so short that most reads are cancelled, and has to see every byte once all the same.
coro<> read_impatiently(stream& from, const std::string& text) {
  std::string got;
  while (got.size() < text.size()) {
    std::string next(std::min<std::size_t>(7, text.size() - got.size()), '\0');
    try {
      co_await wait_for(from.reader().read_exactly(std::span<char>(next)), 300ms);
      got += next;
    } catch (const timeout_error&) {
    }
  }
  EXPECT_EQ(got, text);
}

EDDY_TEST(stream_reader, L1_a_reader_that_is_cancelled_over_and_over_sees_every_byte_once) {
  const std::string text = pattern(200);
  auto ends = memory_pipe();
  co_await gather(write_slowly(ends.first, text, 3), read_impatiently(ends.second, text));
}

coro<int> count_ready_reads(stream_reader& reader, bool& stop) {
  int count = 0;
  std::array<char, 1> byte{};
  for (; count < 100'000 && !stop; ++count) {
    const std::size_t got = co_await reader.read_some(byte);
    if (got == 0) break;
  }
  co_return count;
}

coro<int> turns_until(bool& stop) {
  int turns = 0;
  for (; turns < 100; ++turns) co_await sleep(0s);
  stop = true;
  co_return turns;
}

EDDY_TEST(stream_reader, L7_reads_that_are_always_ready_do_not_starve_others) {
  auto ends = memory_pipe(memory_pipe_options().capacity(200'000));
  co_await ends.first.writer().write(std::string(100'000, 'x'));
  bool stop = false;
  auto result = co_await gather(count_ready_reads(ends.second.reader(), stop), turns_until(stop));
  EXPECT_LT(std::get<0>(result), 100'000) << "the other task had its hundred turns meanwhile";
  EXPECT_EQ(std::get<1>(result), 100);
}

coro<> close_soon(stream& which) {
  co_await sleep(1s);
  which.abort();
}

coro<std::string> failure_of(coro<std::string> reading) {
  try {
    co_return co_await std::move(reading);
  } catch (const closed_error& e) {
    co_return e.what();
  } catch (const std::system_error& e) {
    co_return e.code().message();
  }
}

EDDY_TEST(stream_reader, a_read_ends_when_this_side_closes_the_stream) {
  auto ends = memory_pipe();
  auto result = co_await gather(failure_of(ends.second.reader().read()), close_soon(ends.second));
  EXPECT_EQ(std::get<0>(result), "cannot read: this side has closed the stream");
  const std::string again = co_await failure_of(ends.second.reader().read());
  EXPECT_EQ(again, "cannot read: this side has closed the stream");
}

}  // namespace
