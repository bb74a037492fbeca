// SPDX-License-Identifier: BSL-1.0
// A secure stream is a stream: what holds for others holds for it.
#include <gmock/gmock.h>

#include "eddy/coro/task.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/timeout.hpp"
#include "eddy/testing/explore.hpp"
#include "eddy/testing/test.hpp"
#include "tests/net/tls/pairs.hpp"

using namespace eddy;
using namespace std::chrono_literals;
using eddy::testing::explore;
using eddy::testing::explore_options;
using eddy::testing::pattern;
using eddy::testing::secure_memory;
using eddy::testing::secure_tcp;
using eddy::testing::test_clock;
using ::testing::HasSubstr;

namespace {

coro<> send_all(stream& into, const std::string& text) {
  co_await into.writer().write(text);
  co_await into.writer().write_eof();
  co_await into.writer().drain();  // the word of the end may fail, too
}

EDDY_IO_TEST(tls_stream, S45_carries_both_ways_at_once) {
  auto ends = co_await secure_tcp();
  EXPECT_EQ(ends.first.local_endpoint(), ends.second.remote_endpoint());
  const std::string text = pattern(3 << 20);
  const std::string back = pattern(1 << 20);
  auto both = co_await gather(send_all(ends.first, text), ends.second.reader().read_all(4 << 20),
                              send_all(ends.second, back), ends.first.reader().read_all(4 << 20));
  EXPECT_TRUE(std::get<1>(both) == text);
  EXPECT_TRUE(std::get<3>(both) == back);
}

EDDY_TEST(tls_stream, S45_is_read_and_written_byte_by_byte) {
  auto ends = co_await secure_memory(memory_pipe_options().chunk(1).capacity(3));
  const std::string text = pattern(500);
  auto both = co_await gather(send_all(ends.first, text), ends.second.reader().read_all(1000));
  EXPECT_EQ(std::get<1>(both), text);
}

EDDY_TEST(tls_stream, S45_two_pieces_and_many_small_writes_arrive_in_order) {
  auto ends = co_await secure_memory(memory_pipe_options().capacity(100));
  std::string expected;
  auto reading =
      create_task([&ends]() -> coro<std::string> { co_return co_await ends.second.reader().read_all(1 << 20); });
  for (int i = 0; i < 300; ++i) {
    const std::string head = "head " + std::to_string(i);
    const std::string body = pattern(static_cast<std::size_t>(i) * 7);
    co_await ends.first.writer().write(head, body);
    expected += head + body;
  }
  co_await ends.first.writer().write_eof();
  const std::string got = co_await std::move(reading);
  EXPECT_TRUE(got == expected);
}

EDDY_TEST(tls_stream, S44_half_close_leaves_the_other_direction_open) {
  auto ends = co_await secure_memory();
  co_await send_all(ends.first, "a question");
  const std::string question = co_await ends.second.reader().read_all(100);
  EXPECT_EQ(question, "a question");
  co_await send_all(ends.second, "42");
  const std::string answer = co_await ends.first.reader().read_all(10);
  EXPECT_EQ(answer, "42");
}

EDDY_TEST(tls_stream, L1_L12_a_read_that_is_cancelled_loses_nothing) {
  auto ends = co_await secure_memory(memory_pipe_options().chunk(7));
  const std::string text = pattern(60'000);
  for (const std::size_t cut : {std::size_t{0}, std::size_t{1}, std::size_t{100}, std::size_t{59'999}}) {
    co_await ends.first.writer().write(text.substr(0, cut));
    bool timed_out = false;
    std::string into(text.size(), '\0');
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

EDDY_TEST(tls_stream, S44_memory_is_bounded_while_the_peer_does_not_read) {
  auto ends = co_await secure_memory(memory_pipe_options().capacity(1000));
  const std::string text = pattern(1 << 20);
  auto sending = create_task(send_all, std::ref(ends.first), std::cref(text));
  co_await sleep(1h);
  EXPECT_FALSE(sending.done());
  EXPECT_LE(ends.first.writer().buffered(), 64U * 1024);
  const std::string got = co_await ends.second.reader().read_all(2 << 20);
  EXPECT_TRUE(got == text);
  co_await sending;
}

// What the secure layer has encrypted and the system has not taken is unsent, too.
EDDY_TEST(tls_stream, S44_drain_waits_until_the_system_has_all_of_it) {
  auto ends = co_await secure_memory(memory_pipe_options().capacity(10));
  co_await ends.first.writer().write("a hundred bytes would fit into the buffer of the writer");
  EXPECT_EQ(ends.first.writer().buffered(), 0U) << "it is with the secure layer";
  auto draining = create_task([&ends]() -> coro<> { co_await ends.first.writer().drain(); });
  co_await sleep(1h);
  EXPECT_FALSE(draining.done());
  const std::string part = co_await ends.second.reader().read(100);
  EXPECT_EQ(part.substr(0, 9), "a hundred");
  co_await draining;
}

EDDY_TEST(tls_stream, L1_a_write_that_is_cancelled_half_way_breaks_the_stream) {
  auto ends = co_await secure_memory(memory_pipe_options().capacity(1000));
  const std::string text = pattern(1 << 20);
  auto sending = create_task(send_all, std::ref(ends.first), std::cref(text));
  co_await sleep(1ms);
  co_await cancel_and_join(sending);
  bool broken = false;
  try {
    co_await ends.first.writer().write("more");
  } catch (const broken_stream_error&) {
    broken = true;
  }
  EXPECT_TRUE(broken);
  ends.first.abort();
  bool reset = false;
  try {
    const std::string unused = co_await ends.second.reader().read_all(2 << 20);
  } catch (const std::system_error& e) {
    reset = e.code() == std::errc::connection_reset;
  }
  EXPECT_TRUE(reset) << "the peer does not take a part for the whole";
}

EDDY_TEST(tls_stream, S45_a_stream_that_is_dropped_with_nothing_unsent_ends_in_order) {
  auto ends = co_await secure_memory();
  co_await ends.first.writer().write("bye");
  ends.first = stream();
  const std::string all = co_await ends.second.reader().read_all(10);
  EXPECT_EQ(all, "bye");
}

EDDY_TEST(tls_stream, S45_close_waits_for_the_peers_goodbye_for_a_while) {
  auto ends = co_await secure_memory();
  const time_point start = now();
  co_await ends.first.close();
  EXPECT_EQ(now() - start, 1s) << "the peer said nothing for that long, which is no error";
  EXPECT_TRUE(ends.first.closed());
  const std::string end = co_await ends.second.reader().read();
  EXPECT_EQ(end, "");

  auto others = co_await secure_memory();
  const time_point again = now();
  co_await gather(others.first.close(), others.second.close());
  EXPECT_EQ(now(), again) << "both say goodbye";
}

EDDY_TEST(tls_stream, S45_an_end_without_a_goodbye_is_an_error) {
  auto plain = memory_pipe();
  auto between = memory_pipe();
  // A relay in the middle ends the connection as TCP does, without a word of TLS.
  auto forward = create_task([&]() -> coro<> {
    for (int i = 0; i < 5; ++i) {
      const std::string part = co_await plain.second.reader().read();
      co_await between.first.writer().write(part);
    }
  });
  auto backward = create_task([&]() -> coro<> {
    while (true) {
      const std::string part = co_await between.first.reader().read();
      if (part.empty()) co_return;
      co_await plain.second.writer().write(part);
    }
  });
  auto contexts = eddy::testing::steady_contexts();
  std::pair<stream, stream> outer(std::move(plain.first), std::move(between.second));
  auto ends = co_await eddy::testing::secure_pair(std::move(outer), contexts.first, contexts.second);
  co_await ends.first.writer().write("a part");
  const std::string part = co_await ends.second.reader().read_exactly(6U);
  EXPECT_EQ(part, "a part");
  co_await cancel_and_join(forward);
  co_await between.first.writer().write_eof();
  std::string told;
  try {
    const std::string unused = co_await ends.second.reader().read();
  } catch (const tls::error& e) {
    EXPECT_EQ(e.kind(), tls::trouble::truncated);
    told = e.what();
  }
  EXPECT_THAT(told, HasSubstr("without a word"));
  co_await cancel_and_join(backward);
}

EDDY_TEST(tls_stream, S45_a_secure_stream_may_stand_on_another) {
  auto contexts = eddy::testing::steady_contexts();
  auto outer = co_await secure_memory(memory_pipe_options().chunk(5000));
  auto inner = co_await eddy::testing::secure_pair(std::move(outer), contexts.first, contexts.second);
  const std::string text = pattern(500'000);
  auto both = co_await gather(send_all(inner.first, text), inner.second.reader().read_all(1 << 20),
                              send_all(inner.second, text), inner.first.reader().read_all(1 << 20));
  EXPECT_TRUE(std::get<1>(both) == text);
  EXPECT_TRUE(std::get<3>(both) == text);
}

EDDY_TEST(tls_stream, S45_keys_are_updated_on_the_way) {
  auto ends = co_await secure_memory(memory_pipe_options().chunk(100).capacity(200));
  const std::string text = pattern(10'000);
  for (int round = 0; round < 5; ++round) {
    tls::update_keys(ends.first);
    if (round % 2 == 0) tls::update_keys(ends.second);
    auto both = co_await gather(ends.first.writer().write(text), ends.second.reader().read_exactly(text.size()));
    EXPECT_EQ(std::get<1>(both), text);
    auto back = co_await gather(ends.second.writer().write(text), ends.first.reader().read_exactly(text.size()));
    EXPECT_EQ(std::get<1>(back), text);
  }
}

coro<> conversation(std::pair<stream, stream> ends) {
  const std::string text = pattern(100);
  auto both = co_await gather(send_all(ends.first, text), ends.second.reader().read_all(1000),
                              send_all(ends.second, text), ends.first.reader().read_all(1000));
  EXPECT_EQ(std::get<1>(both), text);
  EXPECT_EQ(std::get<3>(both), text);
  co_await gather(ends.first.close(), ends.second.close());
}

TEST(tls_stream, L1_L4_a_handshake_and_what_follows_may_be_cancelled_anywhere_in_memory) {
  const auto result = explore(
      []() -> coro<> {
        auto ends = co_await secure_memory();
        co_await conversation(std::move(ends));
      },
      explore_options().everything());
  EXPECT_GT(result.cancel_points, 8U);
}

TEST(tls_stream, L1_L4_a_handshake_and_what_follows_may_be_cancelled_anywhere_over_tcp) {
  const auto result = explore(
      []() -> coro<> {
        auto ends = co_await secure_tcp();
        co_await conversation(std::move(ends));
      },
      explore_options().clock(test_clock::real_time).everything());
  EXPECT_GT(result.cancel_points, 8U);
}

}  // namespace
