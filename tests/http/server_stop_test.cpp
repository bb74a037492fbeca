// SPDX-License-Identifier: BSL-1.0
#include "eddy/coro/task.hpp"
#include "eddy/flow/gather.hpp"
#include "eddy/flow/on_cancel.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/with.hpp"
#include "eddy/http/detail/server_connection.hpp"
#include "eddy/http/response_writer.hpp"
#include "eddy/http/server.hpp"
#include "eddy/net/memory_pipe.hpp"
#include "eddy/sync/event.hpp"
#include "eddy/testing/explore.hpp"
#include "eddy/testing/test.hpp"
#include "tests/http/wire_client.hpp"

#include <memory>
#include <optional>
#include <string>
#include <system_error>

namespace {

using namespace std::chrono_literals;
using eddy::coro;
using eddy::http::response;
using eddy::http::response_writer;
using eddy::http::server_request;
using eddy::http::testing::connect;
using eddy::http::testing::get;
using eddy::http::testing::post;
using eddy::http::testing::received;
using eddy::http::testing::wire_client;
namespace http = eddy::http;

}  // namespace

EDDY_IO_TEST(http_server_stop, idle_connections_are_closed_at_once) {
  const auto app = [](server_request&) { return std::string("x"); };
  std::optional<wire_client> used;
  std::optional<wire_client> fresh;
  eddy::time_point leaving;
  co_await eddy::with(http::server(app, "127.0.0.1", 0).close_timeout(1h), [&](http::server& s) -> coro<> {
    wire_client first = co_await connect(s.port());
    used.emplace(std::move(first));
    const received got = co_await used->ask(get("/"));
    EXPECT_EQ(got.status, 200);
    wire_client second = co_await connect(s.port());
    fresh.emplace(std::move(second));
    while (s.connections() != 2) co_await eddy::sleep(1ms);
    leaving = eddy::now();
  });
  EXPECT_LT(eddy::now() - leaving, 1s);
  const std::string end = co_await used->rest();
  EXPECT_EQ(end, "end");
  const std::string other = co_await fresh->rest();
  EXPECT_EQ(other, "end");
}

EDDY_IO_TEST(http_server_stop, a_request_that_runs_is_finished_and_then_its_connection_closed) {
  eddy::event started;
  const auto app = [&](server_request& request) -> coro<response> {
    started.set();
    co_await eddy::sleep(20ms);
    std::string body = co_await request.body();
    co_return http::text(body);
  };
  std::optional<wire_client> client;
  co_await eddy::with(http::server(app, "127.0.0.1", 0), [&](http::server& s) -> coro<> {
    wire_client made = co_await connect(s.port());
    client.emplace(std::move(made));
    co_await client->send(post("/", "all of it"));
    co_await started.wait();
  });
  const received got = co_await client->receive();
  EXPECT_EQ(got.body, "all of it");
  EXPECT_EQ(got.header("Connection"), "close");
  const std::string end = co_await client->rest();
  EXPECT_EQ(end, "end");
}

EDDY_IO_TEST(http_server_stop, a_request_that_takes_too_long_is_cancelled) {
  eddy::event started;
  bool cancelled = false;
  const auto app = [&](server_request&) -> coro<response> {
    const auto note = eddy::on_cancel([&] { cancelled = true; });
    started.set();
    co_await eddy::sleep(1h);
    co_return response();
  };
  std::optional<wire_client> client;
  co_await eddy::with(http::server(app, "127.0.0.1", 0).close_timeout(10ms), [&](http::server& s) -> coro<> {
    wire_client made = co_await connect(s.port());
    client.emplace(std::move(made));
    co_await client->send(get("/"));
    co_await started.wait();
  });
  EXPECT_TRUE(cancelled);
  const received got = co_await client->receive();
  EXPECT_EQ(got.status, 0);
}

EDDY_IO_TEST(http_server_stop, L3_serve_runs_until_it_is_cancelled_and_ends_in_order) {
  std::uint16_t port = 0;
  const auto app = [](server_request&) { return std::string("served"); };
  co_await eddy::with(http::server(app, "127.0.0.1", 0), [&](http::server& s) -> coro<> {
    port = s.port();
    co_return;
  });
  auto serving = eddy::create_task(http::serve(app, "127.0.0.1:" + std::to_string(port)));
  received got;
  while (got.status == 0) {
    co_await eddy::sleep(1ms);
    try {
      wire_client client = co_await connect(port);
      got = co_await client.ask(get("/"));
    } catch (const std::system_error&) {  // it does not listen yet
    }
  }
  EXPECT_EQ(got.body, "served");
  co_await eddy::cancel_and_join(serving);
  EXPECT_TRUE(serving.cancelled());
}

namespace {

/// Every kind of request and answer on one connection.
response answer(server_request& request) {
  if (request.path() == "/raw")
    return response().raw([](http::raw_connection& raw) -> coro<> {
      co_await raw.writer().write("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nraw");
      raw.keep_alive();
    });
  return response().stream([](response_writer& out) -> coro<> {
    co_await out.write("one");
    co_await out.write(std::string(20'000, 'x'));
  });
}

coro<response> app(server_request& request) {
  std::string body = co_await request.body();
  if (!body.empty()) co_return http::text(body);
  co_return answer(request);
}

coro<> talk(eddy::stream connection) {
  wire_client client(std::move(connection));
  const received interim =
      co_await client.ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(interim.status, 100);
  co_await client.send("hel");
  co_await eddy::sleep(1ms);
  const received echoed = co_await client.ask("lo");
  EXPECT_EQ(echoed.body, "hello");
  co_await client.send(get("/stream") + get("/raw") + "BAD\r\n\r\n");
  const received streamed = co_await client.receive();
  EXPECT_EQ(streamed.body.size(), 20'003U);
  const received raw = co_await client.receive();
  EXPECT_EQ(raw.body, "raw");
  const received bad = co_await client.receive();
  EXPECT_EQ(bad.status, 400);
  const std::string end = co_await client.rest();
  EXPECT_EQ(end, "end");
}

coro<> serve_and_talk(std::size_t capacity) {
  auto ends = eddy::memory_pipe(eddy::memory_pipe_options().capacity(capacity));
  auto state = std::make_shared<http::detail::server_state>(http::detail::make_application(app));
  co_await eddy::gather(http::detail::serve_connection(state, std::move(ends.first)), talk(std::move(ends.second)));
}

}  // namespace

EDDY_TEST(http_server_stop, a_connection_runs_on_a_pipe_in_memory) {
  co_await serve_and_talk(64 * 1024);
  co_await serve_and_talk(1);
}

TEST(http_server_stop, L1_L5_a_connection_may_be_cancelled_anywhere) {
  for (const std::size_t capacity : {std::size_t{64}, std::size_t{64 * 1024}}) {
    const auto result = eddy::testing::explore([capacity] { return serve_and_talk(capacity); });
    EXPECT_GT(result.cancel_points, 40U);
  }
}

TEST(http_server_stop, L3_L5_a_whole_server_may_be_cancelled_anywhere) {
  const auto body = []() -> coro<> {
    co_await eddy::with(http::server(app, "127.0.0.1", 0), [](http::server& s) -> coro<> {
      eddy::stream connection = co_await eddy::open_connection("127.0.0.1", s.port());
      co_await talk(std::move(connection));
    });
  };
  const auto result =
      eddy::testing::explore(body, eddy::testing::explore_options().clock(eddy::testing::test_clock::real_time));
  EXPECT_GT(result.cancel_points, 40U);
}
