// SPDX-License-Identifier: BSL-1.0
#include "eddy/testing/check_stream.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "eddy/coro/task.hpp"
#include "eddy/flow/gather.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/timeout.hpp"
#include "eddy/net/errors.hpp"
#include "eddy/testing/explore.hpp"

namespace eddy::testing {

namespace {

using std::chrono::milliseconds;
using ends = std::pair<stream, stream>;

// Around what must come: a stream that loses it fails here instead of hanging.
constexpr std::chrono::seconds patience{40};

/// Bytes that differ along the way, so that a hole or a repetition shows.
std::string pattern(std::size_t size) {
  std::string made(size, '\0');
  for (std::size_t i = 0; i < size; ++i) made[i] = static_cast<char>('a' + (i * 7 + i / 251) % 26);
  return made;
}

coro<> write_all(stream& to, std::string text) { co_await to.writer().write(text); }

coro<> write_and_end(stream& to, std::string text) {
  co_await to.writer().write(text);
  co_await to.close(patience);
}

/// What awaiting a task throws: its text, or empty.
coro<std::string> failure_of(task<>& work) {
  try {
    co_await work;
  } catch (const std::exception& e) {
    co_return e.what();
  }
  co_return "";
}

/// What a stream that this side has closed says. @param doing  "read" or "write".
std::string closed_text(const char* doing) {
  try {
    detail::throw_stream_error(detail::stream_closed, doing);
  } catch (const std::exception& e) {
    return e.what();
  }
}

// -- the cases --------------------------------------------------------------------------------------------------------

coro<> carry_both_ways(const stream_maker& make) {
  ends two = co_await make();
  const std::string there = pattern(1 << 20);
  const std::string back = pattern(700'001);
  auto all = co_await wait_for(
      gather(write_all(two.first, there), write_all(two.second, back), two.second.reader().read_exactly(there.size()),
             two.first.reader().read_exactly(back.size())),
      patience);
  EXPECT_EQ(std::get<2>(all), there);
  EXPECT_EQ(std::get<3>(all), back);
}

coro<> pass_any_sizes(const stream_maker& make) {
  ends two = co_await make();
  constexpr std::array<std::size_t, 12> sizes{0, 1, 2, 3, 100, 1000, 16'383, 16'384, 16'385, 65'535, 65'536, 65'537};
  std::string sent;
  for (const std::size_t size : sizes) sent += pattern(size);
  const auto write_pieces = [&]() -> coro<> {
    std::size_t at = 0;
    for (const std::size_t size : sizes) {
      co_await two.first.writer().write(std::string_view(sent).substr(at, size));
      at += size;
    }
  };
  auto writing = create_task(write_pieces);
  std::string got;
  for (auto size = sizes.rbegin(); size != sizes.rend(); ++size) {
    const std::string piece = co_await wait_for(two.second.reader().read_exactly(*size), patience);
    got += piece;
  }
  EXPECT_EQ(got, sent);
  co_await writing;
}

coro<> give_lines(const stream_maker& make) {
  ends two = co_await make();
  auto writing = create_task(write_and_end, std::ref(two.first), std::string("one\r\n\ntwo\nthree"));
  auto lines = two.second.reader().lines();
  std::vector<std::string> got;
  while (true) {
    const std::optional<std::string> line = co_await wait_for(lines.next(), patience);
    if (!line) break;
    got.push_back(*line);
  }
  EXPECT_EQ(got, (std::vector<std::string>{"one", "", "two", "three"}));
  co_await writing;
}

coro<> end_and_stay_ended(const stream_maker& make) {
  ends two = co_await make();
  auto writing = create_task(write_and_end, std::ref(two.first), std::string("last"));
  std::string partial;
  try {
    co_await wait_for(two.second.reader().read_exactly(std::size_t{10}), patience);
  } catch (const incomplete_read_error& e) {
    partial = e.partial();
  }
  EXPECT_EQ(partial, "last");
  for (int round = 0; round < 3; ++round) {
    std::array<char, 8> some{};
    const std::size_t count = co_await wait_for(two.second.reader().read_some(some), patience);
    EXPECT_EQ(count, 0U);
    EXPECT_TRUE(two.second.reader().at_end());
  }
  co_await writing;
}

coro<> answer_after_the_end(const stream_maker& make) {
  ends two = co_await make();
  co_await two.first.writer().write("question");
  co_await two.first.writer().write_eof();
  const std::string question = co_await wait_for(two.second.reader().read_all(100), patience);
  EXPECT_EQ(question, "question");
  auto answering = create_task(write_and_end, std::ref(two.second), pattern(300'000));
  const std::string answer = co_await wait_for(two.first.reader().read_all(1 << 20), patience);
  EXPECT_EQ(answer, pattern(300'000));
  co_await answering;
}

coro<> hold_writers_back(const stream_maker& make, std::size_t capacity) {
  ends two = co_await make();
  const std::string piece = pattern(64 * 1024);
  const std::size_t pieces = 3 * capacity / (2 * piece.size()) + 1;
  std::size_t written = 0;
  std::size_t most_buffered = 0;
  const auto write_pieces = [&]() -> coro<> {
    for (std::size_t i = 0; i < pieces; ++i) {
      co_await two.first.writer().write(piece);
      written += piece.size();
      most_buffered = std::max(most_buffered, two.first.writer().buffered());
    }
  };
  auto writing = create_task(write_pieces);
  std::size_t ahead = 0;
  for (std::size_t i = 0; i < pieces; ++i) {
    const std::size_t read = i * piece.size();
    if (written > read) ahead = std::max(ahead, written - read);
    const std::string got = co_await wait_for(two.second.reader().read_exactly(piece.size()), patience);
    if (got != piece) ADD_FAILURE() << "piece " << i << " differs";
  }
  EXPECT_LE(most_buffered, 64U * 1024) << "the high water mark";
  EXPECT_LE(ahead, capacity);
  co_await writing;
}

coro<> keep_what_a_cancelled_read_had(const stream_maker& make) {
  ends two = co_await make();
  const std::string text = pattern(40'000);
  for (const std::size_t cut : {std::size_t{1}, std::size_t{100}, std::size_t{39'999}}) {
    co_await two.first.writer().write(text.substr(0, cut));
    std::string whole(text.size(), '\0');
    bool timed_out = false;
    try {
      co_await wait_for(two.second.reader().read_exactly(std::span<char>(whole)), milliseconds(3));
    } catch (const timeout_error&) {
      timed_out = true;
    }
    EXPECT_TRUE(timed_out);
    co_await two.first.writer().write(text.substr(cut));
    const std::string again = co_await wait_for(two.second.reader().read_exactly(text.size()), patience);
    EXPECT_EQ(again, text);
  }
}

coro<> lose_no_byte_to_cancelled_reads(const stream_maker& make) {
  ends two = co_await make();
  const std::string text = pattern(5000);
  auto writing = create_task([&]() -> coro<> {
    for (std::size_t at = 0; at < text.size(); at += 50) {
      co_await two.first.writer().write(text.substr(at, 50));
      co_await sleep(std::chrono::nanoseconds(0));
    }
  });
  std::string got;
  for (int round = 0; got.size() < text.size(); ++round) {
    auto reading = create_task([&]() -> coro<> {
      std::string some = co_await two.second.reader().read(37);
      got += some;
    });
    for (int turns = round % 4; turns > 0; --turns) co_await sleep(std::chrono::nanoseconds(0));
    if (round % 5 != 0)
      co_await cancel_and_join(reading);
    else
      co_await reading;
  }
  EXPECT_EQ(got, text);
  co_await writing;
}

coro<> break_at_a_cut_write(const stream_maker& make, const stream_traits& traits) {
  ends two = co_await make();
  const std::string text = pattern(3 * traits.capacity() / 2);
  auto writing = create_task(write_all, std::ref(two.first), text);
  std::string got = co_await wait_for(two.second.reader().read_exactly(std::size_t{1}), patience);  // it has begun
  co_await cancel_and_join(writing);
  auto next = create_task(write_all, std::ref(two.first), std::string("next"));
  const std::string failure = co_await failure_of(next);
  EXPECT_EQ(failure, broken_stream_error().what());
  two.first.abort();
  bool orderly = false;
  try {
    got += co_await wait_for(two.second.reader().read_all(2 * text.size()), patience);
    orderly = true;
  } catch (const timeout_error&) {
    ADD_FAILURE() << "the peer never hears of the abort";
  } catch (const std::exception&) {  // an error: right
  }
  EXPECT_EQ(text.compare(0, got.size(), got), 0);
  EXPECT_TRUE(!orderly || !traits.tells_aborts()) << "the peer takes a part for the whole";
}

coro<> refuse_a_second_read(const stream_maker& make) {
  ends two = co_await make();
  auto first = create_task([&]() -> coro<> {
    const std::string got = co_await two.first.reader().read();
    EXPECT_EQ(got, "x");
  });
  co_await sleep(std::chrono::nanoseconds(0));
  bool refused = false;
  try {
    co_await two.first.reader().read();
  } catch (const misuse_error&) {
    refused = true;
  }
  EXPECT_TRUE(refused);
  co_await two.second.writer().write("x");
  co_await first;
}

coro<> wake_who_waits_at_an_abort(const stream_maker& make, std::size_t capacity) {
  ends two = co_await make();
  auto reading = create_task([&]() -> coro<> { co_await two.first.reader().read(); });
  auto writing = create_task(write_all, std::ref(two.first), pattern(3 * capacity / 2));
  const std::string begun = co_await wait_for(two.second.reader().read_exactly(std::size_t{1}), patience);
  EXPECT_EQ(begun, "a");
  two.first.abort();
  EXPECT_TRUE(two.first.closed());
  const std::string read_failure = co_await failure_of(reading);
  EXPECT_EQ(read_failure, closed_text("read"));
  const std::string write_failure = co_await failure_of(writing);
  EXPECT_EQ(write_failure, closed_text("write"));
}

coro<> be_dropped_under_a_read(const stream_maker& make) {
  std::string failure;
  task<> reading;
  {
    ends two = co_await make();
    reading = create_task([&reader = two.first.reader()]() -> coro<> { co_await reader.read(); });
    co_await sleep(std::chrono::nanoseconds(0));
  }
  failure = co_await failure_of(reading);
  EXPECT_EQ(failure, closed_text("read"));
}

coro<> say_that_the_peer_has_gone(const stream_maker& make) {
  ends two = co_await make();
  two.second.abort();
  std::string failure;
  const std::string piece = pattern(64 * 1024);
  for (int tries = 0; failure.empty() && tries < 10'000; ++tries) {
    auto writing = create_task(write_all, std::ref(two.first), piece);
    failure = co_await failure_of(writing);
    co_await sleep(std::chrono::nanoseconds(0));
  }
  EXPECT_FALSE(failure.empty()) << "writes to a peer that has gone go on for ever";
  auto again = create_task(write_all, std::ref(two.first), std::string("x"));
  const std::string later = co_await failure_of(again);
  EXPECT_EQ(later, failure) << "an error stays";
}

coro<> give_up_closing_at_the_limit(const stream_maker& make, std::size_t capacity) {
  ends two = co_await make();
  two.first.writer().set_water_marks(4 * capacity, capacity);
  co_await two.first.writer().write(pattern(2 * capacity));
  bool timed_out = false;
  try {
    co_await two.first.close(milliseconds(5));
  } catch (const timeout_error&) {
    timed_out = true;
  }
  EXPECT_TRUE(timed_out);
  EXPECT_TRUE(two.first.closed());
}

coro<> be_closed_for_good(const stream_maker& make) {
  ends two = co_await make();
  co_await two.first.close(patience);
  EXPECT_TRUE(two.first.closed());
  co_await two.first.close(patience);
  two.first.abort();
  auto reading = create_task([&]() -> coro<> { co_await two.first.reader().read(); });
  const std::string read_failure = co_await failure_of(reading);
  EXPECT_EQ(read_failure, closed_text("read"));
  auto writing = create_task(write_all, std::ref(two.first), std::string("x"));
  const std::string write_failure = co_await failure_of(writing);
  EXPECT_EQ(write_failure, closed_text("write"));
}

coro<> keep_messages_whole(const stream_maker& make) {
  ends two = co_await make();
  constexpr int writers = 5;
  constexpr int messages = 20;
  std::vector<task<>> writing;
  writing.reserve(writers);
  const auto write_lines = [&](int who) -> coro<> {
    for (int i = 0; i < messages; ++i) {
      const std::string line = std::to_string(who) + " " + std::to_string(i) + " " + pattern(10'000) + "\n";
      co_await two.first.writer().write(line);
    }
  };
  for (int who = 0; who < writers; ++who) writing.push_back(create_task(write_lines, who));
  std::array<int, writers> next{};
  for (int i = 0; i < writers * messages; ++i) {
    const std::optional<std::string> line = co_await wait_for(two.second.reader().readline(), patience);
    if (!line) {
      ADD_FAILURE() << "the stream ended";
      co_return;
    }
    const auto who = static_cast<std::size_t>(line->front() - '0');
    const std::string wanted = std::to_string(who) + " " + std::to_string(next.at(who)++) + " " + pattern(10'000);
    EXPECT_EQ(*line, wanted);
  }
  for (task<>& each : writing) co_await each;
}

coro<> let_others_run(const stream_maker& make) {
  ends two = co_await make();
  constexpr std::size_t size = 50'000;
  co_await two.first.writer().write(pattern(size));
  bool over = false;
  std::size_t turns = 0;
  auto counting = create_task([&]() -> coro<> {
    while (!over) {
      co_await sleep(std::chrono::nanoseconds(0));
      ++turns;
    }
  });
  for (std::size_t i = 0; i < size; ++i) {
    std::array<char, 1> one{};
    const std::size_t count = co_await two.second.reader().read_some(one);
    if (count != 1) ADD_FAILURE() << "the stream ended at " << i;
  }
  over = true;
  co_await counting;
  EXPECT_GT(turns, size / 128 / 2) << "reads that are always ready starve other tasks";
}

/// A conversation with every kind of end. Kept short: it is run once for each of its awaits, and each way to disturb
/// it.
coro<> converse(const stream_maker& make, const stream_traits& traits) {
  ends two = co_await make();
  auto asking = [&]() -> coro<std::string> {
    co_await two.first.writer().write("question\n");
    // Either hears of an error that came after the bytes had been taken.
    if (traits.half_close())
      co_await two.first.writer().write_eof();
    else
      co_await two.first.writer().drain();
    std::string got = co_await two.first.reader().read_all(100);
    co_await two.first.close(patience);  // here: the other end may wait for it before it goes
    co_return got;
  };
  auto answering = [&]() -> coro<> {
    const std::optional<std::string> question = co_await two.second.reader().readline();
    EXPECT_EQ(question.value_or("nothing"), "question");
    co_await two.second.writer().write("answer ", pattern(40));
    co_await two.second.close(patience);
  };
  auto both = co_await gather(asking(), answering());
  EXPECT_EQ(std::get<0>(both), "answer " + pattern(40));
}

// -- the list ---------------------------------------------------------------------------------------------------------

template <coro<> (*Body)(const stream_maker&)>
void run_case(const stream_maker& make, const stream_traits& traits) {
  run_test([&] { return Body(make); }, traits.clock());
}
template <coro<> (*Body)(const stream_maker&, std::size_t)>
void run_with_capacity(const stream_maker& make, const stream_traits& traits) {
  run_test([&] { return Body(make, traits.capacity()); }, traits.clock());
}
void run_cut_write(const stream_maker& make, const stream_traits& traits) {
  run_test([&] { return break_at_a_cut_write(make, traits); }, traits.clock());
}
void run_half_close(const stream_maker& make, const stream_traits& traits) {
  if (traits.half_close()) run_case<answer_after_the_end>(make, traits);
}
void run_explore(const stream_maker& make, const stream_traits& traits) {
  const explore_result went =
      explore([&] { return converse(make, traits); }, explore_options().everything().clock(traits.clock()));
  EXPECT_GT(went.cancel_points, 6U);
}

constexpr std::array cases{
    stream_case{"carries_both_ways_at_once", run_case<carry_both_ways>},
    stream_case{"passes_writes_of_any_size_to_reads_of_any_size", run_case<pass_any_sizes>},
    stream_case{"gives_lines", run_case<give_lines>},
    stream_case{"ends_after_what_was_written_and_stays_ended", run_case<end_and_stay_ended>},
    stream_case{"one_direction_goes_on_after_the_other_has_ended", run_half_close},
    stream_case{"a_writer_is_held_back_by_a_reader_that_does_not_read", run_with_capacity<hold_writers_back>},
    stream_case{"L12_a_cancelled_read_leaves_what_had_come", run_case<keep_what_a_cancelled_read_had>},
    stream_case{"L1_reads_cancelled_over_and_over_lose_no_byte", run_case<lose_no_byte_to_cancelled_reads>},
    stream_case{"L1_a_write_that_is_cut_breaks_the_stream", run_cut_write},
    stream_case{"L9_a_second_read_at_a_time_is_refused", run_case<refuse_a_second_read>},
    stream_case{"L4_an_abort_ends_what_waits", run_with_capacity<wake_who_waits_at_an_abort>},
    stream_case{"L4_it_may_be_dropped_under_a_read", run_case<be_dropped_under_a_read>},
    stream_case{"L6_a_peer_that_has_gone_is_an_error_of_every_later_write", run_case<say_that_the_peer_has_gone>},
    stream_case{"closing_gives_up_at_its_limit", run_with_capacity<give_up_closing_at_the_limit>},
    stream_case{"a_closed_stream_says_so", run_case<be_closed_for_good>},
    stream_case{"L7_several_writers_keep_their_messages_whole", run_case<keep_messages_whole>},
    stream_case{"L7_reads_that_are_always_ready_let_others_run", run_case<let_others_run>},
    stream_case{"L1_L4_L5_a_conversation_may_be_disturbed_anywhere", run_explore},
};

}  // namespace

std::span<const stream_case> stream_cases() noexcept { return cases; }

std::size_t check_stream(const stream_maker& make, const stream_traits& traits) {
  for (const stream_case& each : cases) {
    SCOPED_TRACE(std::string(each.name));
    each.run(make, traits);
  }
  return cases.size();
}

}  // namespace eddy::testing
