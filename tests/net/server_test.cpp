// SPDX-License-Identifier: BSL-1.0
#include "eddy/net/server.hpp"

#include <gmock/gmock.h>
#include <sys/resource.h>

#include <optional>

#include "eddy/coro/task.hpp"
#include "eddy/flow/gather.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/timeout.hpp"
#include "eddy/flow/with.hpp"
#include "eddy/net/open_connection.hpp"
#include "eddy/testing/explore.hpp"
#include "eddy/testing/test.hpp"
#include "tests/net/pairs.hpp"

using namespace eddy;
using namespace std::chrono_literals;
using eddy::testing::pattern;

namespace {

coro<> echo(stream connection) {
  auto lines = connection.reader().lines();
  while (auto line = co_await lines.next()) co_await connection.writer().write(*line, "\n");
}

/// The answer, or "<end>" when the server hangs up, with a reset if it has not read the question.
coro<std::string> ask(std::uint16_t port, std::string question) {
  stream connection = co_await open_connection("127.0.0.1", port);
  try {
    co_await connection.writer().write(question, "\n");
    auto answer = co_await connection.reader().readline();
    co_return answer.value_or("<end>");
  } catch (const std::system_error&) {
    co_return "<end>";
  }
}

EDDY_IO_TEST(server, S44_serves_many_connections_at_a_time) {
  co_await with(start_server(echo, "127.0.0.1", 0), [](server& s) -> coro<> {
    EXPECT_NE(s.port(), 0);
    std::vector<task<std::string>> asked;
    for (int i = 0; i < 30; ++i) asked.push_back(create_task(ask, s.port(), "question " + std::to_string(i)));
    for (int i = 0; i < 30; ++i) {
      const std::string answer = co_await asked[static_cast<std::size_t>(i)];
      EXPECT_EQ(answer, "question " + std::to_string(i));
    }
  });
}

EDDY_IO_TEST(server, S44_a_name_is_served_on_all_its_addresses) {
  co_await with(start_server(echo, "", 0), [](server& s) -> coro<> {
    EDDY_ASSERT_EQ(s.endpoints().size(), 2U);
    EXPECT_EQ(s.endpoints()[0].port(), s.endpoints()[1].port());
    for (const char* host : {"127.0.0.1", "::1"}) {
      stream connection = co_await open_connection(host, s.port());
      co_await connection.writer().write("x\n");
      const auto answer = co_await connection.reader().readline();
      EXPECT_EQ(answer, "x");
    }
  });
}

EDDY_IO_TEST(server, S49_leaving_waits_for_handlers_that_run) {
  bool finished = false;
  auto slow = [&finished](stream connection) -> coro<> {
    co_await sleep(20ms);
    co_await connection.writer().write("done");
    finished = true;
  };
  stream client;
  co_await with(start_server(slow, "127.0.0.1", 0), [&client](server& s) -> coro<> {
    client = co_await open_connection("127.0.0.1", s.port());
    while (s.connections() == 0) co_await sleep(1ms);
  });
  EXPECT_TRUE(finished);
  const std::string answer = co_await client.reader().read_all(10);
  EXPECT_EQ(answer, "done");
}

EDDY_IO_TEST(server, S49_leaving_cancels_handlers_after_its_limit) {
  bool unwound = false;
  auto endless = [&unwound](stream connection) -> coro<> {
    struct note {
      explicit note(bool& flag) : flag_(flag) {}
      ~note() { flag_ = unwinding(); }
      bool& flag_;
    } here(unwound);
    const std::string unused = co_await connection.reader().read();
  };
  stream client;
  const time_point start = now();
  co_await with(start_server(endless, "127.0.0.1", 0).close_timeout(10ms), [&client](server& s) -> coro<> {
    client = co_await open_connection("127.0.0.1", s.port());
    while (s.connections() == 0) co_await sleep(1ms);
  });
  EXPECT_GE(now() - start, 10ms);
  EXPECT_TRUE(unwound);
  const std::string end = co_await client.reader().read();
  EXPECT_EQ(end, "");
}

EDDY_IO_TEST(server, S49_after_close_nobody_gets_in_and_who_is_in_goes_on) {
  co_await with(start_server(echo, "127.0.0.1", 0), [](server& s) -> coro<> {
    stream inside = co_await open_connection("127.0.0.1", s.port());
    co_await inside.writer().write("a\n");
    auto answer = co_await inside.reader().readline();
    EXPECT_EQ(answer, "a");
    auto serving = create_task([&s]() -> coro<> { co_await s.serve_forever(); });
    co_await sleep(0s);
    EXPECT_FALSE(serving.done());
    s.close();
    s.close();
    co_await serving;
    bool refused = false;
    try {
      stream outside = co_await open_connection("127.0.0.1", s.port());
    } catch (const connect_error&) {
      refused = true;
    }
    EXPECT_TRUE(refused);
    co_await inside.writer().write("b\n");
    answer = co_await inside.reader().readline();
    EXPECT_EQ(answer, "b");
  });
}

EDDY_IO_TEST(server, L6_a_handlers_exception_reaches_the_loop_and_stops_nobody) {
  std::vector<std::string> told;
  const exception_handler before =
      event_loop::current().set_exception_handler([&told](const unhandled_error& e) { told.push_back(e.message); });
  auto picky = [](stream connection) -> coro<> {
    auto line = co_await connection.reader().readline();
    if (line == "bad") throw std::runtime_error("I do not like this");
    co_await connection.writer().write("fine\n");
  };
  co_await with(start_server(picky, "127.0.0.1", 0), [](server& s) -> coro<> {
    const std::string bad = co_await ask(s.port(), "bad");
    EXPECT_EQ(bad, "<end>");
    const std::string good = co_await ask(s.port(), "good");
    EXPECT_EQ(good, "fine");
  });
  event_loop::current().set_exception_handler(before);
  EXPECT_EQ(told, std::vector<std::string>{"the handler of a connection failed"});
}

EDDY_IO_TEST(server, S44_may_be_destroyed_by_who_is_told_that_a_handler_failed) {
  std::optional<server> serving(start_server(
      [](stream connection) -> coro<> {
        const auto line = co_await connection.reader().readline();
        if (line == "fail") throw std::runtime_error("on purpose");
        co_await connection.reader().readline();
      },
      "127.0.0.1", 0));
  co_await serving->aenter();
  const std::uint16_t port = serving->port();
  int told = 0;
  const auto before = event_loop::current().set_exception_handler([&](const unhandled_error&) {
    ++told;
    serving.reset();  // from inside of the handler's end
  });
  stream other = co_await open_connection("127.0.0.1", port);
  co_await other.writer().write("wait\n");
  const std::string answer = co_await ask(port, "fail");
  EXPECT_EQ(answer, "<end>");
  EXPECT_EQ(told, 1);
  EXPECT_FALSE(serving.has_value());
  const std::string rest = co_await other.reader().read_all(10);
  EXPECT_EQ(rest, "") << "the other handler was cancelled";
  event_loop::current().set_exception_handler(before);
}

EDDY_IO_TEST(server, L6_a_handler_that_throws_before_it_is_a_coroutine_is_no_different) {
  int told = 0;
  const exception_handler before =
      event_loop::current().set_exception_handler([&told](const unhandled_error&) { ++told; });
  auto broken = [](stream) -> coro<> { throw std::runtime_error("at once"); };
  co_await with(start_server(broken, "127.0.0.1", 0), [&told](server& s) -> coro<> {
    const std::string answer = co_await ask(s.port(), "x");
    EXPECT_EQ(answer, "<end>");
    while (told == 0) co_await sleep(1ms);
  });
  event_loop::current().set_exception_handler(before);
  EXPECT_EQ(told, 1);
}

EDDY_IO_TEST(server, L1_what_a_handler_wrote_before_it_returned_is_all_sent) {
  static const std::string text = pattern(24 << 20);
  auto talk = [](stream connection) -> coro<> {
    connection.writer().set_water_marks(64 << 20, 1 << 20);
    co_await connection.writer().write(text);
    EXPECT_GT(connection.writer().buffered(), 0U);
  };
  co_await with(start_server(talk, "127.0.0.1", 0), [](server& s) -> coro<> {
    stream client = co_await open_connection("127.0.0.1", s.port());
    co_await sleep(5ms);
    const std::string all = co_await client.reader().read_all(32 << 20);
    EXPECT_TRUE(all == text);
  });
}

EDDY_IO_TEST(server, more_connections_than_the_limit_wait_their_turn) {
  int most = 0;
  int running = 0;
  auto count = [&](stream connection) -> coro<> {
    most = std::max(most, ++running);
    co_await sleep(2ms);
    --running;
    co_await connection.writer().write("served\n");
  };
  co_await with(start_server(count, "127.0.0.1", 0).max_connections(2).backlog(64), [](server& s) -> coro<> {
    std::vector<task<std::string>> asked;
    for (int i = 0; i < 8; ++i) asked.push_back(create_task(ask, s.port(), "x"));
    for (auto& each : asked) {
      const std::string answer = co_await each;
      EXPECT_EQ(answer, "served");
    }
  });
  EXPECT_EQ(most, 2);
  EXPECT_THROW(start_server(echo, "127.0.0.1", 0).max_connections(0), misuse_error);
}

/// Lowers the limit of descriptors to what is open now, for its lifetime.
class no_more_descriptors {
 public:
  no_more_descriptors() {
    getrlimit(RLIMIT_NOFILE, &before_);
    const int next = dup(0);
    close(next);
    const rlimit now{static_cast<rlim_t>(next), before_.rlim_max};
    setrlimit(RLIMIT_NOFILE, &now);
  }
  ~no_more_descriptors() { setrlimit(RLIMIT_NOFILE, &before_); }
  no_more_descriptors(const no_more_descriptors&) = delete;
  no_more_descriptors& operator=(const no_more_descriptors&) = delete;

 private:
  rlimit before_{};
};

coro<> run_out_of_descriptors() {
  int told = 0;
  const exception_handler before =
      event_loop::current().set_exception_handler([&told](const unhandled_error&) { ++told; });
  co_await with(start_server(echo, "127.0.0.1", 0), [&told](server& s) -> coro<> {
    auto client = co_await open_connection("127.0.0.1", s.port());
    while (s.connections() == 0) co_await sleep(1ms);
    std::vector<detail::owned<detail::socket>> sockets;
    for (int i = 0; i < 2; ++i) sockets.push_back(detail::socket::make(ip_address()));  // while there still are some
    {
      const no_more_descriptors limit;
      for (const auto& socket : sockets) {
        const int error = co_await socket->connect(endpoint(ip_address::loopback_v4(), s.port()));
        EXPECT_EQ(error, 0) << "the kernel connects it";
      }
      co_await sleep(35ms);
      // io_uring took the limit down when the accept was begun, so the one that waits still has a descriptor.
      EXPECT_LE(s.connections(), 2U);
      EXPECT_EQ(told, 1) << "it pauses instead of trying all the time";
    }
    for (auto& socket : sockets) {
      stream late(std::move(socket));
      co_await late.writer().write("still here\n");
      const auto answer = co_await late.reader().readline();
      EXPECT_EQ(answer, "still here");
    }
  });
  event_loop::current().set_exception_handler(before);
}

TEST(server, S44_survives_running_out_of_descriptors) {
#if EDDY_ASAN
  GTEST_SKIP() << "UBSan looks at objects through a pipe, and takes one that it cannot have for a broken object";
#endif
  eddy::testing::run_test(run_out_of_descriptors, eddy::testing::test_clock::real_time);
}

EDDY_IO_TEST(server, L3_a_server_that_cannot_listen_leaves_nothing) {
  listener taken(endpoint(ip_address::loopback_v4(), 0));
  bool refused = false;
  try {
    co_await with(start_server(echo, taken.local_endpoint()), [](server&) -> coro<> {
      ADD_FAILURE() << "the body ran";
      co_return;
    });
  } catch (const std::system_error& e) {
    refused = e.code() == std::errc::address_in_use;
  }
  EXPECT_TRUE(refused);
}

EDDY_IO_TEST(server, L9_asking_a_server_that_does_not_listen_yet_says_so) {
  server s = start_server(echo, "127.0.0.1", 0);
  EXPECT_THROW(s.port(), misuse_error);
  co_return;
}

TEST(server, L5_a_server_may_be_cancelled_anywhere) {
  const auto result = eddy::testing::explore(
      []() -> coro<> {
        // A client that is cancelled may leave with a reset, which is the handler's exception then.
        event_loop::current().set_exception_handler([](const unhandled_error&) {});
        co_await with(start_server(echo, "127.0.0.1", 0).close_timeout(1ms), [](server& s) -> coro<> {
          const std::string answer = co_await ask(s.port(), "x");
          EXPECT_EQ(answer, "x");
        });
      },
      eddy::testing::explore_options().clock(eddy::testing::test_clock::real_time));
  EXPECT_GT(result.cancel_points, 5U);
}

}  // namespace
