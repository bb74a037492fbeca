// SPDX-License-Identifier: BSL-1.0
// How a server ends, what its handlers know of it, and what it bears.
#include <gmock/gmock.h>

#include "eddy/coro/task.hpp"
#include "eddy/flow/as_outcome.hpp"
#include "eddy/flow/gather.hpp"
#include "eddy/flow/race.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/timeout.hpp"
#include "eddy/flow/with.hpp"
#include "eddy/net/open_connection.hpp"
#include "eddy/net/server.hpp"
#include "eddy/sync/event.hpp"
#include "eddy/testing/detail/faulty_backend.hpp"
#include "eddy/testing/explore.hpp"
#include "eddy/testing/run_test.hpp"
#include "eddy/testing/test.hpp"

using namespace eddy;
using namespace std::chrono_literals;

namespace {

/// Answers each line until the peer or the server has had enough; says goodbye in the latter case.
coro<> polite(stream connection, server_view server) {
  auto lines = connection.reader().lines();
  while (!server.closing()) {
    auto first = co_await race(lines.next(), server.wait_closing());
    auto& line = first.get<0>();
    if (line && !*line) co_return;
    if (line) co_await connection.writer().write(**line, "\n");
  }
  co_await connection.writer().write("goodbye\n");
}

coro<std::string> line_of(stream& from) {
  auto line = co_await from.reader().readline();
  co_return line.value_or("<end>");
}

EDDY_IO_TEST(server_stop, S49_idle_handlers_learn_of_the_end_and_leave_at_once) {
  std::vector<stream> clients(3);
  auto made = start_server(polite, "127.0.0.1", 0).close_timeout(1h);
  co_await with(std::move(made), [&clients](server& s) -> coro<> {
    for (stream& each : clients) {
      each = co_await open_connection("127.0.0.1", s.port());
      co_await each.writer().write("hello\n");
      const std::string answer = co_await line_of(each);
      EXPECT_EQ(answer, "hello");
    }
    EXPECT_EQ(s.connections(), 3U);
  });
  for (stream& each : clients) {
    const std::string last = co_await line_of(each);
    EXPECT_EQ(last, "goodbye");
    const std::string end = co_await line_of(each);
    EXPECT_EQ(end, "<end>");
  }
}

EDDY_IO_TEST(server_stop, S49_wait_closed_waits_for_close_and_for_the_last_handler) {
  event finish;
  auto slow = [&finish](stream connection) -> coro<> {
    co_await finish.wait();
    co_await connection.writer().write("done\n");
  };
  co_await with(start_server(slow, "127.0.0.1", 0), [&finish](server& s) -> coro<> {
    stream client = co_await open_connection("127.0.0.1", s.port());
    while (s.connections() == 0) co_await sleep(1ms);
    auto waiting = create_task([&s] { return s.wait_closed(); });
    co_await sleep(1ms);
    EXPECT_FALSE(waiting.done());
    EXPECT_FALSE(s.closing());
    s.close();
    EXPECT_TRUE(s.closing());
    co_await sleep(1ms);
    EXPECT_FALSE(waiting.done()) << "a handler runs";
    finish.set();
    co_await waiting;
    EXPECT_EQ(s.connections(), 0U);
    const std::string answer = co_await line_of(client);
    EXPECT_EQ(answer, "done");
  });
}

EDDY_IO_TEST(server_stop, S49_statistics_count_what_came_and_what_failed) {
  const exception_handler before = event_loop::current().set_exception_handler([](const unhandled_error&) {});
  auto picky = [](stream connection, server_view server) -> coro<> {
    const std::string word = co_await line_of(connection);
    EXPECT_EQ(server.statistics().active, 1U);
    if (word == "bad") throw std::runtime_error("I do not like this");
  };
  co_await with(start_server(picky, "127.0.0.1", 0), [](server& s) -> coro<> {
    for (const char* word : {"good\n", "bad\n", "good\n"}) {
      stream client = co_await open_connection("127.0.0.1", s.port());
      co_await client.writer().write(word);
      const auto end = co_await as_outcome(line_of(client));
      while (s.connections() != 0) co_await sleep(1ms);
    }
    EXPECT_EQ(s.statistics().accepted, 3U);
    EXPECT_EQ(s.statistics().failed, 1U);
    EXPECT_EQ(s.statistics().active, 0U);
    EXPECT_EQ(s.statistics().accept_errors, 0U);
  });
  event_loop::current().set_exception_handler(before);
}

EDDY_IO_TEST(server_stop, S49_clients_that_come_while_it_closes_are_served_or_refused_and_none_hangs) {
  for (int round = 0; round < 10; ++round) {
    std::vector<task<std::string>> clients;
    auto greet = [](stream connection) -> coro<> { co_await connection.writer().write("hello\n"); };
    co_await with(start_server(greet, "127.0.0.1", 0), [&](server& s) -> coro<> {
      const auto call = [](std::uint16_t port) -> coro<std::string> {
        try {
          stream client = co_await open_connection("127.0.0.1", port);
          co_return co_await line_of(client);
        } catch (const std::system_error&) {  // refused, or reset with the queue that was not taken
          co_return "<refused>";
        }
      };
      for (int i = 0; i < 20; ++i) clients.push_back(create_task(call, s.port()));
      for (int i = 0; i < round; ++i) co_await sleep(0s);
    });
    for (auto& each : clients) {
      const std::string end = co_await each;
      EXPECT_TRUE(end == "hello" || end == "<refused>" || end == "<end>") << end;
    }
  }
}

/// Accepting fails a few times, then works again.
class failing_accepts final : public detail::io_faults {
 public:
  failing_accepts(int error, int times, bool later) : error_(error), left_(times), later_(later) {}
  std::optional<detail::io_fault> strike(const detail::io_request& request) override {
    if (request.kind != detail::io_kind::accept) return std::nullopt;
    ++asked;
    if (left_ == 0) return std::nullopt;
    --left_;
    return detail::io_fault{error_, later_};
  }
  int asked = 0;

 private:
  int error_;
  int left_;
  bool later_;
};

struct accept_error {
  const char* name;
  int error;
  bool pauses;  // a lack of the whole process: the server waits a while
};

class accept_errors : public ::testing::TestWithParam<accept_error> {};

TEST_P(accept_errors, S44_S49_no_connection_is_lost_and_nothing_spins) {
  for (const bool later : {false, true}) {
    constexpr int times = 3;
    failing_accepts faults(GetParam().error, times, later);
    eddy::testing::body_settings settings;
    settings.clock = eddy::testing::test_clock::real_time;
    settings.prepare = [&faults](runner_base& runner, detail::task_state&) {
      detail::faulty_backend::wrap(runner.loop().scheduler());
      runner.loop().scheduler().faults = &faults;
    };
    int told = 0;
    server_statistics counts;
    const auto body = [&]() -> coro<> {
      event_loop::current().set_exception_handler([&told](const unhandled_error&) { ++told; });
      auto greet = [](stream connection) -> coro<> { co_await connection.writer().write("hello\n"); };
      co_await with(start_server(greet, "127.0.0.1", 0), [&counts](server& s) -> coro<> {
        std::vector<stream> clients;
        for (int i = 0; i < 5; ++i) clients.push_back(co_await open_connection("127.0.0.1", s.port()));
        for (stream& each : clients) {
          const std::string answer = co_await line_of(each);
          EXPECT_EQ(answer, "hello");
        }
        counts = s.statistics();
      });
    };
    const auto run = eddy::testing::run_body(body, settings);
    EXPECT_EQ(run.exception, "");
    EXPECT_THAT(run.problems, ::testing::IsEmpty());
    EXPECT_EQ(counts.accepted, 5U);
    EXPECT_EQ(counts.accept_errors, GetParam().pauses ? times : 0U);
    EXPECT_EQ(told, GetParam().pauses ? 1 : 0) << "one report, not one for each try";
    EXPECT_LE(faults.asked, 5 + times + 10) << "it does not ask all the time";
  }
}

INSTANTIATE_TEST_SUITE_P(each, accept_errors,
                         ::testing::Values(accept_error{"EMFILE", EMFILE, true}, accept_error{"ENFILE", ENFILE, true},
                                           accept_error{"ENOBUFS", ENOBUFS, true}, accept_error{"ENOMEM", ENOMEM, true},
                                           accept_error{"ECONNABORTED", ECONNABORTED, false},
                                           accept_error{"EPROTO", EPROTO, false}),
                         [](const auto& about) { return about.param.name; });

TEST(server_stop, L1_L5_closing_with_handlers_that_know_may_be_disturbed_anywhere) {
  const auto result = eddy::testing::explore(
      []() -> coro<> {
        event_loop::current().set_exception_handler([](const unhandled_error&) {});
        co_await with(start_server(polite, "127.0.0.1", 0).close_timeout(20ms), [](server& s) -> coro<> {
          const auto call = [](std::uint16_t port) -> coro<> {
            stream client = co_await open_connection("127.0.0.1", port);
            co_await client.writer().write("x\n");
            const std::string answer = co_await line_of(client);
            EXPECT_TRUE(answer == "x" || answer == "<end>");
          };
          const auto end = co_await as_outcome(wait_for(call(s.port()), 5s));
          s.close();
          co_await s.wait_closed();
          if (end.has_exception()) std::rethrow_exception(end.exception());
        });
      },
      eddy::testing::explore_options()
          .clock(eddy::testing::test_clock::real_time)
          .timeouts()
          .closing()
          .second_cancel()
          .faults());
  EXPECT_GT(result.cancel_points, 5U);
}

}  // namespace
