// SPDX-License-Identifier: BSL-1.0
#include "eddy/net/datagram.hpp"

#include <gmock/gmock.h>
#include <unistd.h>

#include <array>
#include <thread>

#include "eddy/coro/task.hpp"
#include "eddy/flow/as_outcome.hpp"
#include "eddy/flow/for_each.hpp"
#include "eddy/flow/gather.hpp"
#include "eddy/flow/on_cancel.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/timeout.hpp"
#include "eddy/testing/explore.hpp"
#include "eddy/testing/test.hpp"
#include "tests/net/pairs.hpp"
#include "tests/net/temporary_directory.hpp"
#include "tests/support/moments.hpp"

using namespace eddy;
using namespace std::chrono_literals;
using eddy::testing::pattern;
using eddy::testing::temporary_directory;

namespace {

const endpoint any_v4(ip_address::loopback_v4(), 0);
const endpoint any_v6(ip_address::loopback_v6(), 0);

EDDY_IO_TEST(datagram, S46_goes_there_and_back_by_either_family) {
  for (const endpoint& on : {any_v4, any_v6}) {
    datagram_socket one = co_await open_datagram().local(on);
    datagram_socket two = co_await open_datagram().local(on);
    co_await one.send_to("question", two.local_address());
    datagram got = co_await two.receive();
    EXPECT_EQ(got.bytes, "question");
    EXPECT_EQ(got.from, one.local_address());
    EXPECT_FALSE(got.truncated());
    co_await two.send_to("answer", got.from);
    std::array<char, 100> memory{};
    const datagram_info info = co_await one.receive_from(memory);
    EXPECT_EQ(std::string_view(memory.data(), info.size), "answer");
    EXPECT_EQ(info.from, two.local_address());
  }
}

EDDY_IO_TEST(datagram, S46_a_connected_socket_sends_without_an_address_and_hears_its_peer_alone) {
  datagram_socket server = co_await open_datagram().local(any_v4);
  const std::uint16_t port = server.local_address().as_endpoint()->port();
  datagram_socket client = co_await open_datagram().remote("127.0.0.1", port);
  EXPECT_EQ(client.remote_address(), server.local_address());
  co_await client.send("hello");
  const datagram got = co_await server.receive();
  EXPECT_EQ(got.bytes, "hello");
  datagram_socket stranger = co_await open_datagram().local(any_v4);
  co_await stranger.send_to("spam", got.from);
  co_await server.send_to("answer", got.from);
  const datagram answer = co_await client.receive();
  EXPECT_EQ(answer.bytes, "answer");
}

EDDY_IO_TEST(datagram, S46_what_does_not_fit_is_reported_with_its_real_size) {
  datagram_socket at = co_await open_datagram().local(any_v4);
  datagram_socket from = co_await open_datagram().local(any_v4);
  const std::string text = pattern(1000);
  for (int i = 0; i < 4; ++i) co_await from.send_to(text, at.local_address());
  std::array<char, 10> memory{};
  const datagram_info info = co_await at.receive_from(memory);
  EXPECT_TRUE(info.truncated());
  EXPECT_EQ(info.size, 10U);
  EXPECT_EQ(info.real_size, 1000U);
  EXPECT_EQ(std::string_view(memory.data(), 10), text.substr(0, 10));
  const datagram cut = co_await at.receive(7);
  EXPECT_EQ(cut.bytes, text.substr(0, 7));
  EXPECT_EQ(cut.real_size, 1000U);
  EXPECT_TRUE(cut.truncated());
  const datagram nothing = co_await at.receive(0);
  EXPECT_EQ(nothing.bytes, "");
  EXPECT_TRUE(nothing.truncated());
  const datagram whole = co_await at.receive(1000);
  EXPECT_EQ(whole.bytes, text);
  EXPECT_FALSE(whole.truncated());
}

EDDY_IO_TEST(datagram, S46_empty_ones_and_the_largest_come_whole) {
  datagram_socket at = co_await open_datagram().local(any_v4);
  datagram_socket from = co_await open_datagram().local(any_v4);
  co_await from.send_to("", at.local_address());
  const datagram empty = co_await at.receive();
  EXPECT_EQ(empty.bytes, "");
  EXPECT_FALSE(empty.truncated());
  co_await from.send_to("", at.local_address());
  const datagram_info none = co_await at.receive_from(std::span<std::byte>());
  EXPECT_EQ(none.real_size, 0U);
  const std::string largest = pattern(65507);
  co_await from.send_to(largest, at.local_address());
  const datagram got = co_await at.receive();
  EXPECT_TRUE(got.bytes == largest);
  bool refused = false;
  try {
    co_await from.send_to(largest + "x", at.local_address());
  } catch (const std::system_error& e) {
    refused = e.code() == std::errc::message_size;
  }
  EXPECT_TRUE(refused);
}

/// How often something waits for connection_refused, and what else came.
coro<std::string> end_of_receive(datagram_socket& from) {
  try {
    const datagram got = co_await wait_for(from.receive(), 50ms);
    co_return got.bytes;
  } catch (const timeout_error&) {
    co_return "<nothing>";
  } catch (const std::system_error& e) {
    co_return e.code() == std::errc::connection_refused ? "<refused>" : e.what();
  }
}

EDDY_IO_TEST(datagram, S46_that_nobody_is_there_reaches_the_caller_once) {
  datagram_socket gone = co_await open_datagram().local(any_v4);
  const socket_address where = gone.local_address();
  gone.close();
  datagram_socket client = co_await open_datagram().remote(where);
  co_await client.send("anybody?");
  const std::string first = co_await end_of_receive(client);
  EXPECT_EQ(first, "<refused>");
  const std::string second = co_await end_of_receive(client);
  EXPECT_EQ(second, "<nothing>");
  // While it waits, too; and the socket can be used on.
  auto waiting = create_task([&client] { return end_of_receive(client); });
  co_await sleep(0s);
  co_await client.send("still nobody?");
  const std::string third = co_await std::move(waiting);
  EXPECT_EQ(third, "<refused>");
  datagram_socket back = co_await open_datagram().local(where);
  co_await client.send("there you are");
  const datagram got = co_await back.receive();
  EXPECT_EQ(got.bytes, "there you are");
}

EDDY_IO_TEST(datagram, L12_a_cancelled_receive_loses_nothing) {
  datagram_socket at = co_await open_datagram().local(any_v4);
  datagram_socket from = co_await open_datagram().local(any_v4);
  for (int round = 0; round < 20; ++round) {
    std::optional<datagram> taken;
    auto waiting = create_task([&]() -> coro<> { taken = co_await at.next(); });
    co_await sleep(0s);
    if (round % 2 == 1) co_await sleep(100us);
    co_await from.send_to(std::to_string(round), at.local_address());
    waiting.cancel();
    const auto end = co_await as_outcome(waiting);
    EXPECT_EQ(end.has_value(), taken.has_value());
    if (!taken) taken = co_await at.next();
    EXPECT_EQ(taken->bytes, std::to_string(round));
  }
}

EDDY_IO_TEST(datagram, L12_next_gives_one_after_the_other_and_nothing_once_it_is_closed) {
  datagram_socket at = co_await open_datagram().local(any_v4);
  datagram_socket from = co_await open_datagram().local(any_v4);
  auto reading = create_task([&at]() -> coro<std::string> {
    std::string all;
    while (auto got = co_await at.next()) all += got->bytes;
    co_return all;
  });
  for (const char* word : {"a", "b", "c"}) co_await from.send_to(word, at.local_address());
  while (at.closed() == reading.done()) {
    co_await sleep(2ms);
    at.close();
  }
  const std::string all = co_await std::move(reading);
  EXPECT_EQ(all, "abc");
  const auto none = co_await at.next();
  EXPECT_FALSE(none);
  EXPECT_EQ(at.native_handle(), -1);
}

EDDY_IO_TEST(datagram, L1_close_ends_a_receive_and_a_send_that_wait) {
  const temporary_directory home;
  datagram_socket full = co_await open_datagram().local(unix_address(home / "full"));
  datagram_socket sender = co_await open_datagram().remote(full.local_address());
  int closed = 0;
  const auto ends_closed = [&closed](auto work) -> coro<> {
    try {
      co_await work();
    } catch (const closed_error&) {
      ++closed;
    }
  };
  auto receiving = create_task(ends_closed, [&sender]() -> coro<> { const datagram none = co_await sender.receive(); });
  auto sending = create_task(ends_closed, [&sender]() -> coro<> {
    for (int i = 0; i < 100'000; ++i) co_await sender.send("x");  // until the queue is full
  });
  auto in_line = create_task(ends_closed, [&sender]() -> coro<> {
    co_await sleep(1ms);
    co_await sender.send("y");
  });
  co_await sleep(10ms);
  sender.close();
  co_await gather(std::move(receiving), std::move(sending), std::move(in_line));
  EXPECT_EQ(closed, 3);
}

EDDY_IO_TEST(datagram, L9_two_receives_at_a_time_and_an_empty_socket_are_refused) {
  datagram_socket at = co_await open_datagram().local(any_v4);
  auto waiting = create_task([&at]() -> coro<> { const auto none = co_await at.next(); });
  co_await sleep(0s);
  bool refused = false;
  try {
    const datagram none = co_await at.receive();
  } catch (const misuse_error&) {
    refused = true;
  }
  EXPECT_TRUE(refused);
  at.close();
  co_await waiting;
  datagram_socket empty;
  EXPECT_TRUE(empty.closed());
  EXPECT_THROW((void)empty.receive(), misuse_error);
}

EDDY_IO_TEST(datagram, S46_unix_datagrams_by_path_abstract_name_and_none) {
  const temporary_directory home;
  const unix_address path = home / "server";
  datagram_socket server = co_await open_datagram().local(path).permissions(0600);
  datagram_socket named =
      co_await open_datagram().local(unix_address::abstract("eddy-dgram-" + std::to_string(getpid())));
  datagram_socket chosen = co_await open_datagram().local(unix_address());  // the system chooses a name
  datagram_socket nameless = co_await open_datagram().remote(path);
  for (datagram_socket* each : {&named, &chosen}) {
    co_await each->send_to("hello", path);
    const datagram got = co_await server.receive();
    EXPECT_TRUE(got.from.as_unix()->is_abstract());
    EXPECT_EQ(got.from, each->local_address());
    co_await server.send_to("answer", got.from);
    const datagram answer = co_await each->receive();
    EXPECT_EQ(answer.bytes, "answer");
    EXPECT_EQ(answer.from, path);
  }
  co_await nameless.send("from nobody");
  const datagram got = co_await server.receive();
  EXPECT_FALSE(got.from);
  // A file that is stale is replaced; it goes with its socket.
  server.close();
  EXPECT_NE(access(path.name().c_str(), F_OK), 0);
}

EDDY_IO_TEST(datagram, S46_a_stale_file_is_replaced_and_a_living_ones_is_not) {
  const temporary_directory home;
  const std::string path = home / "x";
  const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_storage system{};
  const socklen_t size = unix_address(path).to_system(system);
  EDDY_ASSERT_EQ(::bind(fd, reinterpret_cast<const sockaddr*>(&system), size), 0);
  bool refused = false;
  try {
    datagram_socket none = co_await open_datagram().local(unix_address(path));
  } catch (const std::system_error& e) {
    refused = e.code() == std::errc::address_in_use;
  }
  EXPECT_TRUE(refused);
  ::close(fd);
  datagram_socket mine = co_await open_datagram().local(unix_address(path));
  EXPECT_EQ(mine.local_address(), unix_address(path));
}

// A full queue of a Unix socket, connected to it and not: for the latter the system has no way to tell of room.
EDDY_IO_TEST(datagram, S46_senders_wait_while_a_unix_queue_is_full_and_nothing_is_lost_or_out_of_order) {
  const temporary_directory home;
  for (const bool connected : {true, false}) {
    datagram_socket at = co_await open_datagram().local(unix_address(home / "x"));
    const socket_address where = at.local_address();
    datagram_socket from = co_await open_datagram().local(unix_address());
    datagram_socket joined = co_await open_datagram().remote(where);
    constexpr int count = 300;  // more than any queue has by default
    auto sending = create_task([&]() -> coro<> {
      for (int i = 0; i < count; ++i) {
        if (connected)
          co_await joined.send(std::to_string(i));
        else
          co_await from.send_to(std::to_string(i), where);
      }
    });
    co_await sleep(5ms);
    for (int i = 0; i < count; ++i) {
      const datagram got = co_await at.receive();
      EXPECT_EQ(got.bytes, std::to_string(i));
    }
    co_await sending;
  }
}

EDDY_IO_TEST(datagram, S46_takes_on_a_descriptor_and_says_what_is_wrong_with_another) {
  std::array<int, 2> fds{};
  EDDY_ASSERT_EQ(socketpair(AF_UNIX, SOCK_DGRAM, 0, fds.data()), 0);
  datagram_socket one = datagram_socket::from_descriptor(inherited_socket(fds[0]));
  datagram_socket two = datagram_socket::from_descriptor(inherited_socket(fds[1]));
  co_await one.send("over");
  const datagram got = co_await two.receive();
  EXPECT_EQ(got.bytes, "over");
  std::array<int, 2> streams{};
  EDDY_ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, streams.data()), 0);
  EXPECT_THROW(datagram_socket::from_descriptor(inherited_socket(streams[0])), misuse_error);
  EXPECT_THROW(stream::from_descriptor(dup(one.native_handle())), misuse_error);
  ::close(streams[1]);
}

coro<> ask_and_answer() {
  datagram_socket server = co_await open_datagram().local(any_v4);
  datagram_socket client = co_await open_datagram().remote(server.local_address());
  co_await client.send("question");
  const datagram got = co_await wait_for(server.receive(), 5s);
  EXPECT_EQ(got.bytes, "question");
  co_await server.send_to("answer", got.from);
  std::array<char, 16> memory{};
  const datagram_info info = co_await wait_for(client.receive_from(memory), 5s);
  EXPECT_EQ(info.size, 6U);
}

coro<> through_a_full_queue(const temporary_directory& home) {
  datagram_socket at = co_await open_datagram().local(unix_address(home / "x"));
  datagram_socket from = co_await open_datagram().remote(at.local_address());
  const auto send = [&from]() -> coro<> {
    for (int i = 0; i < 12; ++i) co_await from.send(std::to_string(i));
  };
  const auto receive = [&at]() -> coro<> {
    for (int i = 0; i < 12; ++i) {
      const datagram got = co_await at.receive();
      EXPECT_EQ(got.bytes, std::to_string(i));
    }
  };
  co_await gather(send(), receive());
}

EDDY_IO_TEST(datagram, L1_a_receive_that_waits_is_woken_by_what_another_thread_sends) {
  datagram_socket at = co_await open_datagram().local(any_v4);
  sockaddr_storage to{};
  const socklen_t size = at.local_address().to_system(to);
  const eddy::testing::until_suspended suspended;
  std::thread other([&] {
    suspended();
    const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    EXPECT_EQ(::sendto(fd, "hello", 5, 0, reinterpret_cast<const sockaddr*>(&to), size), 5);
    ::close(fd);
  });
  const datagram got = co_await at.receive();
  EXPECT_EQ(got.bytes, "hello");
  other.join();
}

TEST(datagram, L1_the_loop_may_shut_down_while_it_is_waited_for) {
  bool unwound = false;
  eddy::testing::shut_down_during([&unwound]() -> coro<> {
    const auto note = on_cancel([&unwound] { unwound = true; });
    datagram_socket at = co_await open_datagram().local(any_v4);
    const datagram none = co_await at.receive();
  });
  EXPECT_TRUE(unwound);
}

TEST(datagram, L1_every_await_may_be_disturbed) {
  const auto options = eddy::testing::explore_options().clock(eddy::testing::test_clock::real_time);
  auto all = options;
  const auto asked = eddy::testing::explore(ask_and_answer, all.everything());
  EXPECT_GT(asked.cancel_points, 5U);
  EXPECT_GT(asked.faults, 5U);
  const temporary_directory home;
  const auto full = eddy::testing::explore([&home] { return through_a_full_queue(home); }, options);
  EXPECT_GT(full.cancel_points, 10U);
}

}  // namespace
