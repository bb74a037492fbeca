// SPDX-License-Identifier: BSL-1.0
// start_server and open_connection with TLS, over TCP.
#include <gmock/gmock.h>

#include <functional>
#include <thread>

#include "eddy/coro/run.hpp"
#include "eddy/coro/task.hpp"
#include "eddy/flow/as_outcome.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/timeout.hpp"
#include "eddy/flow/with.hpp"
#include "eddy/net/open_connection.hpp"
#include "eddy/net/server.hpp"
#include "eddy/sync/event.hpp"
#include "eddy/testing/explore.hpp"
#include "eddy/testing/test.hpp"
#include "tests/net/tls/pairs.hpp"

using namespace eddy;
using namespace std::chrono_literals;
using eddy::testing::complaint_of;
using eddy::testing::explore;
using eddy::testing::explore_options;
using eddy::testing::pattern;
using eddy::testing::test_client;
using eddy::testing::test_clock;
using eddy::testing::test_server;
using ::testing::AllOf;
using ::testing::HasSubstr;

namespace {

coro<> echo(stream connection) {
  auto lines = connection.reader().lines();
  while (auto line = co_await lines.next()) co_await connection.writer().write(*line, "\n");
}

coro<std::string> ask(std::uint16_t port, tls::client_context with, std::string question) {
  stream connection = co_await open_connection("localhost", port).tls(with).timeout(60s);
  co_await connection.writer().write(question, "\n");
  auto answer = co_await connection.reader().readline();
  co_await connection.close();
  co_return answer.value_or("<end>");
}

EDDY_IO_TEST(tls_server, S45_serves_many_secure_connections_at_a_time) {
  const auto client = test_client();
  const auto server = test_server();
  co_await with(start_server(echo, "localhost", 0).tls(server), [&](eddy::server& s) -> coro<> {
    std::vector<task<std::string>> asked;
    for (int i = 0; i < 30; ++i) asked.push_back(create_task(ask, s.port(), client, "question " + std::to_string(i)));
    for (int i = 0; i < 30; ++i) {
      const std::string answer = co_await asked[static_cast<std::size_t>(i)];
      EXPECT_EQ(answer, "question " + std::to_string(i));
    }
  });
  EXPECT_EQ(server.counts().completed, 30U);
  EXPECT_EQ(client.counts().completed, 30U);
}

EDDY_IO_TEST(tls_server, S45_what_a_handler_has_written_arrives_with_an_orderly_end) {
  const std::string text = pattern(2 << 20);
  auto send = [&text](stream connection) -> coro<> { co_await connection.writer().write(text); };
  co_await with(start_server(send, "localhost", 0).tls(test_server()), [&](eddy::server& s) -> coro<> {
    stream connection = co_await open_connection("localhost", s.port()).tls(test_client()).timeout(60s);
    const std::string all = co_await connection.reader().read_all(4 << 20);
    EXPECT_TRUE(all == text);
    co_await connection.close();
  });
}

// The server finishes what a handler has made of its connection.
EDDY_IO_TEST(tls_server, S45_a_handler_that_starts_tls_by_itself_may_drop_what_it_has_written) {
  const std::string text = pattern(16 << 20);
  const auto context = test_server();
  auto mail = [&](stream plain) -> coro<> {
    co_await plain.writer().write("220 go ahead\r\n");
    stream secure = co_await start_tls(std::move(plain), context);
    secure.writer().set_water_marks(64 << 20, 1 << 20);
    co_await secure.writer().write(text);
  };
  co_await with(start_server(mail, "127.0.0.1", 0), [&](eddy::server& s) -> coro<> {
    stream plain = co_await open_connection("127.0.0.1", s.port());
    co_await plain.reader().readline();
    stream secure = co_await start_tls(std::move(plain), test_client(), "localhost");
    const std::string all = co_await secure.reader().read_all(20 << 20);
    EXPECT_TRUE(all == text);
    co_await secure.close();
  });
}

// Each of these is one client's business: the server goes on, and somebody hears of it.
EDDY_IO_TEST(tls_server, S45_a_failed_handshake_concerns_that_connection_alone) {
  std::vector<std::string> failures;
  const auto note = [&failures](const std::exception_ptr& error) {
    try {
      std::rethrow_exception(error);
    } catch (const std::exception& e) {
      failures.emplace_back(e.what());
    }
  };
  const auto server = test_server().on_handshake_failure(note);
  co_await with(start_server(echo, "127.0.0.1", 0).tls(server), [&](eddy::server& s) -> coro<> {
    const auto heard = [&](std::size_t count) -> coro<> {
      while (failures.size() < count) co_await sleep(1ms);
    };
    {
      stream http = co_await open_connection("127.0.0.1", s.port());
      co_await http.writer().write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
      co_await heard(1);
      EXPECT_THAT(failures.at(0), AllOf(HasSubstr("the client 127.0.0.1:"), HasSubstr("does not speak TLS")));
      const std::string alert = co_await http.reader().read();
      EXPECT_EQ(alert, "") << "who does not speak TLS would not understand an alert";
    }
    {
      stream leaves = co_await open_connection("127.0.0.1", s.port());
      co_await leaves.close();
      co_await heard(2);
      EXPECT_THAT(failures.at(1), HasSubstr("it hung up"));
    }
    const auto refused = co_await complaint_of(ask(s.port(), tls::client_context(), "?"));
    EXPECT_THAT(refused, HasSubstr("which is unknown here"));
    co_await heard(3);
    EXPECT_THAT(failures.at(2), HasSubstr("alert \"unknown CA\""));
    const auto answer = co_await ask(s.port(), test_client(), "still there?");
    EXPECT_EQ(answer, "still there?");
  });
  EXPECT_EQ(server.counts().failed, 3U);
}

EDDY_IO_TEST(tls_server, S45_a_silent_client_holds_no_place_for_ever) {
  event told;
  const auto server =
      test_server().handshake_timeout(20ms).on_handshake_failure([&](const std::exception_ptr&) { told.set(); });
  co_await with(start_server(echo, "127.0.0.1", 0).tls(server).max_connections(1), [&](eddy::server& s) -> coro<> {
    stream silent = co_await open_connection("127.0.0.1", s.port());
    co_await told.wait();
    const std::string end = co_await silent.reader().read();
    EXPECT_EQ(end, "");
    while (s.connections() != 0) co_await sleep(1ms);
  });
}

EDDY_IO_TEST(tls_server, S45_a_handshake_counts_into_the_time_of_a_connection) {
  auto say_nothing = [](stream connection) -> coro<> {
    const std::string unused = co_await connection.reader().read_all(1 << 20);
  };
  co_await with(start_server(say_nothing, "127.0.0.1", 0), [](eddy::server& s) -> coro<> {
    bool timed_out = false;
    try {
      stream unused = co_await open_connection("127.0.0.1", s.port()).tls(test_client()).timeout(20ms);
    } catch (const timeout_error&) {
      timed_out = true;
    }
    EXPECT_TRUE(timed_out);
  });
}

EDDY_IO_TEST(tls_server, S45_the_name_to_prove_may_differ_from_the_host_that_is_connected_to) {
  co_await with(start_server(echo, "127.0.0.1", 0).tls(test_server()), [](eddy::server& s) -> coro<> {
    stream named = co_await open_connection("127.0.0.1", s.port()).tls(test_client(), "localhost");
    EXPECT_EQ(tls::info(named).server_name, "localhost");
    stream by_address = co_await open_connection("127.0.0.1", s.port()).tls(test_client());
    EXPECT_EQ(tls::info(by_address).server_name, "") << "an address is no name to ask for";
    co_await gather(named.close(), by_address.close());
  });
}

EDDY_IO_TEST(tls_server, S49_leaving_ends_connections_that_are_half_way_through_their_handshake) {
  const auto server = test_server().handshake_timeout(1h);
  stream silent;
  co_await with(start_server(echo, "127.0.0.1", 0).tls(server).close_timeout(1ms), [&](eddy::server& s) -> coro<> {
    silent = co_await open_connection("127.0.0.1", s.port());
    while (s.connections() == 0) co_await sleep(1ms);
  });
  const std::string end = co_await silent.reader().read();
  EXPECT_EQ(end, "");
}

EDDY_IO_TEST(tls_server, S45_many_small_handlers_leave_nothing_behind) {
  auto hello = [](stream connection) -> coro<> {
    try {
      co_await connection.writer().write("hello");
      co_await connection.close();
    } catch (const std::system_error&) {  // the client has gone by then
    }
  };
  const auto client = test_client();
  co_await with(start_server(hello, "127.0.0.1", 0).tls(test_server()), [&](eddy::server& s) -> coro<> {
    for (int i = 0; i < 50; ++i) {
      stream connection = co_await open_connection("127.0.0.1", s.port()).tls(client);
      if (i % 3 == 0) continue;  // dropped at once
      const std::string all = co_await connection.reader().read_all(10);
      EXPECT_EQ(all, "hello");
    }
  });
}

coro<> meet(const tls::client_context& client, const tls::server_context& server) {
  for (int i = 0; i < 20; ++i) {
    auto ends = co_await eddy::testing::secure_pair(memory_pipe(), client, server);
    co_await ends.first.writer().write("?\n");
    const auto heard = co_await ends.second.reader().readline();
    EXPECT_EQ(heard, "?");
    co_await gather(ends.first.close(), ends.second.close());
  }
}

TEST(tls_server, S45_loops_on_several_threads_share_contexts_while_one_reloads_them) {
  const auto client = test_client();
  auto server = test_server();
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 3; ++i) threads.emplace_back([&] { eddy::run(meet, std::cref(client), std::cref(server)); });
    for (int i = 0; i < 10; ++i) server.reload();
  }
  EXPECT_EQ(server.counts().completed, 60U);
  EXPECT_EQ(client.counts().failed, 0U);
  EXPECT_GT(client.counts().resumed, 0U);
}

/// A client that is cancelled at the end of its handshake leaves without a word.
coro<> bear_vanishing_clients(stream connection) {
  try {
    co_await echo(std::move(connection));
  } catch (const std::system_error&) {
  }
}

TEST(tls_server, L1_L4_a_server_and_a_client_may_be_cancelled_anywhere) {
  const auto contexts = eddy::testing::steady_contexts();
  auto server = test_server().resumption(false).on_handshake_failure([](const std::exception_ptr&) {});
  const auto result = explore(
      [&]() -> coro<> {
        co_await with(start_server(bear_vanishing_clients, "127.0.0.1", 0).tls(server), [&](eddy::server& s) -> coro<> {
          stream connection = co_await open_connection("127.0.0.1", s.port()).tls(contexts.first);
          co_await connection.writer().write("?\n");
          auto answer = co_await connection.reader().readline();
          EXPECT_EQ(answer.value_or("?"), "?");
          co_await connection.close();
        });
      },
      explore_options().clock(test_clock::real_time).timeouts().closing().second_cancel());
  EXPECT_GT(result.cancel_points, 8U);
}

}  // namespace
