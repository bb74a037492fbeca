// SPDX-License-Identifier: BSL-1.0
#include "eddy/net/stream.hpp"

#include <sys/socket.h>

#include <array>
#include <type_traits>

#include "eddy/coro/task.hpp"
#include "eddy/flow/as_outcome.hpp"
#include "eddy/flow/gather.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/timeout.hpp"
#include "eddy/testing/explore.hpp"
#include "eddy/testing/test.hpp"
#include "tests/net/pairs.hpp"

using namespace eddy;
using namespace std::chrono_literals;
using eddy::testing::explore;
using eddy::testing::explore_options;
using eddy::testing::pattern;
using eddy::testing::tcp_pair;
using eddy::testing::test_clock;

namespace {

static_assert(std::is_nothrow_move_constructible_v<stream> && !std::is_copy_constructible_v<stream>);

coro<> send_all(stream& into, const std::string& text) {
  co_await into.writer().write(text);
  co_await into.writer().write_eof();
}

EDDY_IO_TEST(stream, S44_a_connection_carries_both_ways_over_both_families) {
  for (const ip_address& on : {ip_address::loopback_v4(), ip_address::loopback_v6()}) {
    auto ends = co_await tcp_pair(on);
    EXPECT_EQ(ends.first.local_endpoint(), ends.second.remote_endpoint());
    EXPECT_EQ(ends.first.remote_endpoint(), ends.second.local_endpoint());
    EXPECT_EQ(ends.first.local_endpoint()->address(), on);
    const std::string text = pattern(3 << 20);
    auto both = co_await gather(send_all(ends.first, text), ends.second.reader().read_all(4 << 20),
                                send_all(ends.second, "back"), ends.first.reader().read_all(10));
    EXPECT_EQ(std::get<1>(both), text);
    EXPECT_EQ(std::get<3>(both), "back");
  }
}

EDDY_IO_TEST(stream, S44_memory_is_bounded_while_the_peer_does_not_read) {
  auto ends = co_await tcp_pair();
  const std::string text = pattern(32 << 20);
  auto sending = create_task(send_all, std::ref(ends.first), std::cref(text));
  co_await sleep(20ms);
  EXPECT_FALSE(sending.done());
  EXPECT_LE(ends.first.writer().buffered(), 64U * 1024);
  const std::string got = co_await ends.second.reader().read_all(33 << 20);
  EXPECT_TRUE(got == text);
  co_await sending;
}

EDDY_IO_TEST(stream, S44_what_is_buffered_leaves_while_its_writer_does_something_else) {
  auto ends = co_await tcp_pair();
  stream_writer& writer = ends.first.writer();
  std::size_t written = 0;
  const std::string block = pattern(16 * 1024);
  while (writer.buffered() == 0) {  // fills the system's buffers
    co_await writer.write(block);
    written += block.size();
  }
  std::size_t read = 0;
  while (read < written) {
    const std::string part = co_await ends.second.reader().read();
    read += part.size();
  }
  EXPECT_EQ(writer.buffered(), 0U);
}

EDDY_IO_TEST(stream, L4_the_buffer_may_grow_while_the_system_is_to_read_from_it) {
  auto ends = co_await tcp_pair();
  stream_writer& writer = ends.first.writer();
  writer.set_water_marks(64 << 20, 1 << 20);
  const std::string text = pattern(12 << 20);
  std::size_t at = 0;
  while (writer.buffered() == 0) {  // fills the system's buffers
    co_await writer.write(text.substr(at, 16 * 1024));
    at += 16 * 1024;
  }
  for (; at < text.size(); at += 1024) co_await writer.write(text.substr(at, 1024));
  const std::string got = co_await ends.second.reader().read_exactly(text.size());
  EXPECT_TRUE(got == text);
}

EDDY_IO_TEST(stream, L1_L12_bytes_that_came_before_a_timeout_are_read_after_it) {
  const std::string text = pattern(60'000);
  for (const std::size_t cut : {std::size_t{0}, std::size_t{1}, std::size_t{100}, std::size_t{59'999}}) {
    auto ends = co_await tcp_pair();
    co_await ends.first.writer().write(text.substr(0, cut));
    std::string into(text.size(), '\0');
    bool timed_out = false;
    try {
      co_await wait_for(ends.second.reader().read_exactly(std::span<char>(into)), 3ms);
    } catch (const timeout_error&) {
      timed_out = true;
    }
    EXPECT_TRUE(timed_out);
    co_await ends.first.writer().write(text.substr(cut));
    const std::string again = co_await ends.second.reader().read_exactly(text.size());
    EXPECT_EQ(again, text) << cut;
  }
}

// The bytes and the cancellation come in the same turn: whichever the system sees first, no byte is lost or read twice,
// and a read that got a part of what it wants does not wait on for the rest.
EDDY_IO_TEST(stream, L1_a_read_that_is_cancelled_as_its_bytes_come_loses_none) {
  auto ends = co_await tcp_pair();
  for (const std::size_t wanted : {std::size_t{5}, std::size_t{10}, std::size_t{40'000}}) {
    for (int round = 0; round < 10; ++round) {
      std::string got;
      auto reading = create_task([&]() -> coro<> { got = co_await ends.second.reader().read_exactly(wanted); });
      co_await sleep(0s);
      if (round % 2 == 1) co_await sleep(100us);
      co_await ends.first.writer().write("12345");
      co_await cancel_and_join(reading);
      if (got.empty()) got = co_await ends.second.reader().read_exactly(5U);
      EXPECT_EQ(got, "12345");
    }
  }
  EXPECT_TRUE(ends.second.reader().buffered().empty());
}

EDDY_IO_TEST(stream, a_slow_peer_is_read_byte_by_byte) {
  auto ends = co_await tcp_pair();
  auto peer = create_task([&ends]() -> coro<> {
    for (const char c : std::string("slow\nline\n")) {
      co_await ends.first.writer().write(std::string(1, c));
      co_await sleep(100us);
    }
  });
  auto lines = ends.second.reader().lines();
  const auto one = co_await lines.next();
  const auto two = co_await lines.next();
  EXPECT_EQ(one.value_or("") + " " + two.value_or(""), "slow line");
  co_await peer;
}

EDDY_IO_TEST(stream, a_reset_comes_after_nothing_and_as_an_error) {
  auto ends = co_await tcp_pair();
  auto waiting = create_task([&ends]() -> coro<std::string> {
    try {
      co_return co_await ends.second.reader().read();
    } catch (const std::system_error& e) {
      co_return e.code().message();
    }
  });
  co_await sleep(1ms);
  // An abort with unsent bytes must not look like an orderly end.
  const std::string big = pattern(32 << 20);
  auto writing = create_task([&]() -> coro<> {
    try {
      co_await ends.first.writer().write(big);
    } catch (const closed_error&) {
    }
  });
  const std::string first = co_await std::move(waiting);
  EXPECT_GT(first.size(), 100U);
  ends.first.abort();
  co_await writing;
  std::string failure;
  try {
    std::string unused = co_await ends.second.reader().read_all(64 << 20);
  } catch (const std::system_error& e) {
    failure = e.code().message();
  }
  EXPECT_EQ(failure, "Connection reset by peer");
}

EDDY_IO_TEST(stream, dropping_a_stream_with_nothing_unsent_is_an_orderly_end) {
  auto ends = co_await tcp_pair();
  co_await ends.first.writer().write("bye");
  ends.first = stream();
  const std::string all = co_await ends.second.reader().read_all(10);
  EXPECT_EQ(all, "bye");
}

EDDY_IO_TEST(stream, L4_a_read_that_waits_ends_when_its_stream_is_aborted_or_dropped) {
  for (const bool drop : {false, true}) {
    auto ends = co_await tcp_pair();
    auto waiting = create_task([&ends]() -> coro<bool> {
      try {
        std::array<char, 8> some{};
        const std::size_t unused = co_await ends.second.reader().read_some(some);
        co_return unused > 100;
      } catch (const closed_error&) {
        co_return true;
      }
    });
    co_await sleep(1ms);
    if (drop)
      ends.second = stream();
    else
      ends.second.abort();
    const bool told = co_await std::move(waiting);
    EXPECT_TRUE(told);
    const std::string end = co_await ends.first.reader().read();
    EXPECT_EQ(end, "");
  }
}

EDDY_IO_TEST(stream, close_waits_until_everything_is_sent) {
  auto ends = co_await tcp_pair();
  ends.first.writer().set_water_marks(64 << 20, 1 << 20);
  const std::string text = pattern(16 << 20);
  co_await ends.first.writer().write(text);
  EXPECT_GT(ends.first.writer().buffered(), 0U);
  auto both = co_await gather(ends.first.close(), ends.second.reader().read_all(64 << 20));
  EXPECT_TRUE(std::get<1>(both) == text);
  EXPECT_TRUE(ends.first.closed());
  co_await ends.first.close();  // once more is fine
}

EDDY_IO_TEST(stream, close_gives_up_at_its_limit_and_says_so) {
  auto ends = co_await tcp_pair();
  ends.first.writer().set_water_marks(64 << 20, 1 << 20);
  co_await ends.first.writer().write(pattern(16 << 20));
  bool told = false;
  try {
    co_await ends.first.close(2ms);
  } catch (const timeout_error&) {
    told = true;
  }
  EXPECT_TRUE(told);
  EXPECT_TRUE(ends.first.closed());
}

EDDY_IO_TEST(stream, L9_an_empty_stream_says_what_it_is) {
  stream none;
  EXPECT_FALSE(none);
  EXPECT_TRUE(none.closed());
  EXPECT_THROW(none.reader(), misuse_error);
  none.abort();
  co_await none.close();
}

EDDY_IO_TEST(stream, L7_a_ready_socket_does_not_starve_a_timer) {
  auto ends = co_await tcp_pair();
  bool stop = false;
  const std::string block = pattern(64 * 1024);
  auto writing = create_task([&]() -> coro<> {
    while (!stop) co_await ends.first.writer().write(block);
    co_await ends.first.writer().write_eof();
  });
  auto timing = create_task([&]() -> coro<> {
    for (int i = 0; i < 5; ++i) co_await sleep(1ms);
    stop = true;
  });
  std::array<char, 512> some{};
  std::size_t count = 1;
  while (count != 0) count = co_await ends.second.reader().read_some(some);
  EXPECT_TRUE(stop);
  co_await writing;
  co_await timing;
}

// -- between the readiness that a turn's poll has seen and the step of who reads --------------------------------------

/// A pair, of which the second one reads in a task that is about to take "x": it stands behind its maker in the turn.
/// It has had a large message before, so that it receives in its own step where the backend does so.
struct about_to_read {
  stream near;
  stream far;
  task<std::string> reading;
};

coro<std::string> read_some_bytes(stream& from) { co_return co_await from.reader().read(); }

/// Whoever reads at the second has had a large message.
coro<std::pair<stream, stream>> large_messages_pair() {
  auto ends = co_await tcp_pair();
  const std::string large = pattern(8192);
  co_await ends.first.writer().write(large);
  const std::string got = co_await ends.second.reader().read_exactly(large.size());
  EXPECT_EQ(got, large);
  co_return std::move(ends);
}

coro<> make_about_to_read(about_to_read& made) {
  auto ends = co_await large_messages_pair();
  made.near = std::move(ends.first);
  made.far = std::move(ends.second);
  made.reading = create_task(read_some_bytes, std::ref(made.far));
  co_await sleep(0s);  // it waits
  co_await made.near.writer().write("x");
  co_await sleep(0s);  // the poll of the next turn has seen it; the reader runs after this
}

EDDY_IO_TEST(stream, L4_bytes_that_came_are_delivered_to_a_reader_that_is_cancelled_before_its_step) {
  for (int round = 0; round < 20; ++round) {
    about_to_read pair;
    co_await make_about_to_read(pair);
    pair.reading.cancel("before its step");
    const auto end = co_await as_outcome(pair.reading);
    if (end.has_value()) {
      EXPECT_EQ(end.value(), "x");
    } else {  // it had not come so far: the next has it
      EXPECT_TRUE(end.cancelled());
      const std::string left = co_await pair.far.reader().read();
      EXPECT_EQ(left, "x");
    }
  }
}

EDDY_IO_TEST(stream, a_reader_whose_bytes_have_gone_before_its_step_waits_for_the_next) {
  for (int round = 0; round < 20; ++round) {
    about_to_read pair;
    co_await make_about_to_read(pair);
    char taken = 0;
    const bool stolen = ::recv(pair.far.native_handle(), &taken, 1, MSG_DONTWAIT) == 1;
    co_await sleep(0s);
    EXPECT_EQ(pair.reading.done(), !stolen);
    co_await pair.near.writer().write("y");
    const std::string got = co_await pair.reading;
    EXPECT_EQ(got, stolen ? "y" : "x");
  }
}

EDDY_IO_TEST(stream, L1_a_reader_whose_bytes_have_gone_and_that_is_cancelled_before_its_step_ends) {
  for (int round = 0; round < 20; ++round) {
    about_to_read pair;
    co_await make_about_to_read(pair);
    char taken = 0;
    const bool stolen = ::recv(pair.far.native_handle(), &taken, 1, MSG_DONTWAIT) == 1;
    pair.reading.cancel("before its step");
    const auto end = co_await as_outcome(pair.reading);
    EXPECT_EQ(end.cancelled(), stolen);
    co_await pair.near.writer().write("y");
    const std::string next = co_await pair.far.reader().read();
    EXPECT_EQ(next, "y");
  }
}

EDDY_IO_TEST(stream, a_stream_that_is_aborted_before_its_readers_step_ends_the_read) {
  for (int round = 0; round < 20; ++round) {
    about_to_read pair;
    co_await make_about_to_read(pair);
    pair.far.abort();
    const auto end = co_await as_outcome(pair.reading);
    EXPECT_FALSE(end.cancelled());
    if (end.has_value()) {
      EXPECT_EQ(end.value(), "x");
    } else {
      EXPECT_THROW(end.throw_if_failed(), closed_error);
    }
  }
}

EDDY_IO_TEST(stream, L7_a_deadline_does_not_beat_bytes_that_the_same_turn_has_seen) {
  for (int round = 0; round < 20; ++round) {
    auto ends = co_await large_messages_pair();
    auto limited =
        create_task([&]() -> coro<std::string> { co_return co_await wait_for(ends.second.reader().read(), 5ms); });
    co_await sleep(0s);
    co_await ends.first.writer().write("x");
    const auto late = std::chrono::steady_clock::now() + 6ms;
    while (std::chrono::steady_clock::now() < late) {  // the step takes so long that both are due in the next turn
    }
    const std::string got = co_await limited;
    EXPECT_EQ(got, "x");
  }
}

coro<> send_later(stream& to) {
  co_await sleep(1ms);  // who reads waits by now
  co_await to.writer().write("x");
}

TEST(stream, L1_L4_L12_a_reader_of_large_messages_may_be_cancelled_anywhere) {
  const auto result = explore(
      []() -> coro<> {
        auto ends = co_await large_messages_pair();
        auto both = co_await gather(send_later(ends.first), read_some_bytes(ends.second));
        EXPECT_EQ(std::get<1>(both), "x");
        co_await ends.first.close();
      },
      explore_options().clock(test_clock::real_time));
  EXPECT_GT(result.cancel_points, 8U);
}

TEST(stream, L1_L4_a_connection_may_be_cancelled_anywhere) {
  const auto result = explore(
      []() -> coro<> {
        auto ends = co_await tcp_pair();
        const std::string text = pattern(100);
        auto both = co_await gather(send_all(ends.first, text), ends.second.reader().read_all(1000));
        EXPECT_EQ(std::get<1>(both), text);
        co_await ends.first.close();
      },
      explore_options().clock(test_clock::real_time));
  EXPECT_GT(result.cancel_points, 8U);
}

}  // namespace
