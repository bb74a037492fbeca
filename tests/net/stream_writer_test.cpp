// SPDX-License-Identifier: BSL-1.0
#include "eddy/net/stream_writer.hpp"

#include "eddy/coro/task.hpp"
#include "eddy/flow/gather.hpp"
#include "eddy/flow/race.hpp"
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

coro<std::string> take_slowly(stream& from, std::size_t most) {
  std::string all;
  while (true) {
    co_await sleep(1ms);
    const std::string part = co_await from.reader().read(most);
    if (part.empty()) co_return all;
    all += part;
  }
}

coro<> write_and_end(stream& into, const std::string& text) {
  co_await into.writer().write(text);
  co_await into.writer().write_eof();
}

EDDY_TEST(stream_writer, S44_what_is_buffered_is_sent_without_anybody_waiting_for_it) {
  auto ends = memory_pipe(memory_pipe_options().capacity(10));
  const std::string text = pattern(1000);
  const time_point start = now();
  co_await ends.first.writer().write(text);
  EXPECT_EQ(now(), start) << "below the high mark a write does not wait";
  EXPECT_EQ(ends.first.writer().buffered(), 990U);
  const std::string got = co_await ends.second.reader().read_exactly(1000U);
  EXPECT_EQ(got, text);
  EXPECT_EQ(ends.first.writer().buffered(), 0U);
}

EDDY_TEST(stream_writer, S44_the_water_marks_hold_against_a_reader_that_does_not_read) {
  auto ends = memory_pipe(memory_pipe_options().capacity(1000));
  stream_writer& writer = ends.first.writer();
  writer.set_water_marks(5000, 2000);
  const std::string text = pattern(1 << 20);
  auto writing = create_task(write_and_end, std::ref(ends.first), std::cref(text));
  co_await sleep(1h);
  EXPECT_FALSE(writing.done());
  EXPECT_LE(writer.buffered(), 5000U);
  const std::string got = co_await take_slowly(ends.second, 64 * 1024);
  EXPECT_EQ(got, text);
  co_await writing;
}

EDDY_TEST(stream_writer, S44_a_writer_goes_on_below_the_low_mark) {
  auto ends = memory_pipe(memory_pipe_options().capacity(1));
  stream_writer& writer = ends.first.writer();
  writer.set_water_marks(8, 3);
  co_await writer.write("123456789");  // one byte under way, eight buffered
  EXPECT_EQ(writer.buffered(), 8U);
  auto more = create_task(write_and_end, std::ref(ends.first), std::string("ab"));
  for (int read = 0; read < 8; ++read) {
    co_await sleep(1ms);
    // Of ten bytes after the first: waits until three are left in all.
    EXPECT_EQ(writer.buffered() <= 3 && read >= 7, read >= 7) << read;
    const std::string byte = co_await ends.second.reader().read(1);
    EXPECT_EQ(byte.size(), 1U);
  }
  const std::string rest = co_await ends.second.reader().read_all(10);
  EXPECT_EQ(rest, "9ab");
  co_await more;
  EXPECT_THROW(writer.set_water_marks(1, 2), misuse_error);
}

EDDY_TEST(stream_writer, two_pieces_arrive_as_one_message) {
  for (const std::size_t capacity : {std::size_t{3}, std::size_t{1000}}) {
    auto ends = memory_pipe(memory_pipe_options().capacity(capacity));
    co_await ends.first.writer().write("head ", "body");
    co_await ends.first.writer().write("", std::string_view());
    const std::string got = co_await ends.second.reader().read_exactly(9U);
    EXPECT_EQ(got, "head body");
  }
}

coro<> write_and_note(stream_writer& writer, std::string text, std::string& order) {
  co_await writer.write(text);
  order += text.front();
}

EDDY_TEST(stream_writer, L7_several_writers_keep_their_order_and_their_messages_whole) {
  auto ends = memory_pipe(memory_pipe_options().capacity(7));
  stream_writer& writer = ends.first.writer();
  writer.set_water_marks(10, 5);
  std::string order;
  std::string expected;
  std::vector<task<>> writers;
  for (const char c : std::string("abcdef")) {
    writers.push_back(create_task(write_and_note, std::ref(writer), std::string(100, c), std::ref(order)));
    expected += std::string(100, c);
  }
  const std::string got = co_await ends.second.reader().read_exactly(expected.size());
  EXPECT_EQ(got, expected);
  for (auto& each : writers) co_await each;
  EXPECT_EQ(order, "abcdef");
}

EDDY_TEST(stream_writer, drain_waits_until_everything_has_been_handed_over) {
  auto ends = memory_pipe(memory_pipe_options().capacity(4));
  stream_writer& writer = ends.first.writer();
  co_await writer.drain();  // nothing is there
  co_await writer.write("0123456789");
  auto drained = create_task([&writer]() -> coro<> { co_await writer.drain(); });
  co_await sleep(1s);
  EXPECT_FALSE(drained.done());
  const std::string half = co_await ends.second.reader().read_exactly(5U);
  EXPECT_EQ(half, "01234");
  const std::string rest = co_await ends.second.reader().read_exactly(5U);
  EXPECT_EQ(rest, "56789");
  co_await drained;
  EXPECT_EQ(writer.buffered(), 0U);
}

EDDY_TEST(stream_writer, S44_half_close_leaves_the_other_direction_open) {
  auto ends = memory_pipe(memory_pipe_options().capacity(4));
  co_await ends.first.writer().write("a question");
  auto ended = create_task([&ends]() -> coro<> { co_await ends.first.writer().write_eof(); });
  const std::string question = co_await ends.second.reader().read_all(100);
  EXPECT_EQ(question, "a question");
  co_await ended;
  co_await ends.first.writer().write_eof();  // once more is fine
  co_await ends.second.writer().write("42");
  const std::string answer = co_await ends.first.reader().read_exactly(2U);
  EXPECT_EQ(answer, "42");
  bool refused = false;
  try {
    co_await ends.first.writer().write("more");
  } catch (const misuse_error&) {
    refused = true;
  }
  EXPECT_TRUE(refused);
}

template <class Operation>
coro<std::string> failure_of(Operation operation) {
  try {
    co_await operation;
  } catch (const std::exception& e) {
    co_return e.what();
  }
  co_return "";
}

EDDY_TEST(stream_writer, an_error_stays) {
  auto ends = memory_pipe(memory_pipe_options().capacity(4));
  co_await ends.first.writer().write("0123456789");
  ends.second.abort();
  const std::string first = co_await failure_of(ends.first.writer().drain());
  const std::string second = co_await failure_of(ends.first.writer().write("x"));
  EXPECT_EQ(first, "write: Broken pipe");
  EXPECT_EQ(second, first);
}

EDDY_TEST(stream_writer, writers_in_line_end_when_the_stream_is_closed) {
  auto ends = memory_pipe(memory_pipe_options().capacity(4));
  ends.first.writer().set_water_marks(4, 0);
  const std::string text = pattern(100);
  auto one = create_task(failure_of<detail::write_operation>, ends.first.writer().write(text));
  auto two = create_task(failure_of<detail::write_operation>, ends.first.writer().drain());
  co_await sleep(1s);
  ends.first.abort();
  const std::string of_one = co_await std::move(one);
  const std::string of_two = co_await std::move(two);
  EXPECT_EQ(of_one, "cannot write: this side has closed the stream");
  EXPECT_EQ(of_two, of_one);
}

// Law program 5: part of a large write has happened.
EDDY_TEST(stream_writer, L1_a_write_cancelled_half_way_breaks_the_stream) {
  auto ends = memory_pipe(memory_pipe_options().capacity(1000));
  const std::string text = pattern(1 << 20);
  bool timed_out = false;
  try {
    co_await wait_for(ends.first.writer().write(text), 1s);
  } catch (const timeout_error&) {
    timed_out = true;
  }
  EXPECT_TRUE(timed_out);
  const std::string failure = co_await failure_of(ends.first.writer().write("next"));
  EXPECT_EQ(failure, broken_stream_error().what());
  ends.first.abort();
  // The peer does not take the part for the whole: it gets an error, no orderly end.
  std::string error;
  try {
    std::string unused = co_await ends.second.reader().read_all(2 << 20);
  } catch (const std::system_error& e) {
    error = e.code().message();
  }
  EXPECT_EQ(error, "Connection reset by peer");
}

EDDY_TEST(stream_writer, L1_a_write_cancelled_in_line_has_written_nothing) {
  auto ends = memory_pipe(memory_pipe_options().capacity(10));
  stream_writer& writer = ends.first.writer();
  writer.set_water_marks(100, 50);
  const std::string first = pattern(105);
  co_await writer.write(first);
  bool timed_out = false;
  try {
    co_await wait_for(writer.write(std::string(200, '!')), 1s);
  } catch (const timeout_error&) {
    timed_out = true;
  }
  EXPECT_TRUE(timed_out);
  auto rest = create_task(write_and_end, std::ref(ends.first), std::string("end"));
  const std::string got = co_await ends.second.reader().read_all(1000);
  EXPECT_EQ(got, first + "end");
  co_await rest;
}

// Two waits that one cancellation reaches: taking one back must not wake the other behind the cancellation's back.
EDDY_TEST(stream_writer, L8_writers_cancelled_together_end_together) {
  auto ends = memory_pipe(memory_pipe_options().capacity(10));
  stream_writer& writer = ends.first.writer();
  writer.set_water_marks(20, 5);
  const std::string big = pattern(1000);
  auto all = create_task(
      [&]() -> coro<> { co_await gather(writer.write(big), writer.write("x"), writer.drain(), writer.write_eof()); });
  co_await sleep(1s);
  all.cancel();
  bool cancelled = false;
  try {
    co_await all;
  } catch (const cancelled_error&) {
    cancelled = true;
  }
  EXPECT_TRUE(cancelled);
  const std::string failure = co_await failure_of(writer.write("next"));
  EXPECT_EQ(failure, broken_stream_error().what());
}

coro<> write_parts(stream& into, const std::vector<std::string>& parts) {
  for (const std::string& part : parts) co_await into.writer().write(part, "|");
  co_await into.writer().drain();
  co_await into.writer().write_eof();
}

TEST(stream_writer, L1_every_write_may_be_cancelled_anywhere) {
  static const std::vector<std::string> parts{pattern(3), pattern(30), pattern(8), pattern(100)};
  for (const std::size_t capacity : {std::size_t{5}, std::size_t{40}, std::size_t{1000}}) {
    const auto result = explore([capacity]() -> coro<> {
      auto ends = memory_pipe(memory_pipe_options().capacity(capacity));
      ends.first.writer().set_water_marks(20, 4);
      co_await gather(write_parts(ends.first, parts), take_slowly(ends.second, 9));
      co_await ends.first.close();
    });
    EXPECT_GT(result.cancel_points, 10U);
  }
}

}  // namespace
