// SPDX-License-Identifier: BSL-1.0
#include "eddy/flow/on_cancel.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/with.hpp"
#include "eddy/http/response_writer.hpp"
#include "eddy/http/server.hpp"
#include "eddy/testing/test.hpp"
#include "tests/http/request_rejects.hpp"
#include "tests/http/wire_client.hpp"

#include <memory>
#include <string>

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

coro<response> take_body(server_request& request) {
  std::string body = co_await request.body();
  co_return http::text(std::to_string(body.size()));
}

/// Waits until the server has no connection left. @returns whether that came about.
coro<bool> all_gone(http::server& s) {
  for (int i = 0; i < 1000 && s.connections() != 0; ++i) co_await eddy::sleep(2ms);
  co_return s.connections() == 0;
}

}  // namespace

EDDY_IO_TEST(http_server_limits, every_request_that_the_parser_refuses_is_answered_and_ends_the_connection) {
  co_await eddy::with(http::server(take_body, "127.0.0.1", 0), [](http::server& s) -> coro<> {
    for (const auto& row : eddy::testing::http::request_rows) {
      wire_client client = co_await connect(s.port());
      co_await client.send(row.input);
      if (row.fault == http::parse_fault::incomplete) co_await client.connection().writer().write_eof();
      const received got = co_await client.receive();
      EXPECT_EQ(got.status, row.status) << row.name;
      EXPECT_EQ(got.body, std::string(to_string(row.fault)) + "\n") << row.name;
      EXPECT_EQ(got.header("Connection"), "close") << row.name;
      const std::string end = co_await client.rest();
      EXPECT_EQ(end, "end") << row.name;
    }
  });
}

EDDY_IO_TEST(http_server_limits, a_refused_client_that_goes_on_sending_sees_its_answer) {
  co_await eddy::with(http::server(take_body, "127.0.0.1", 0), [](http::server& s) -> coro<> {
    wire_client client = co_await connect(s.port());
    co_await client.send("GET / HTTP/1.1\r\nHost : a\r\n" + std::string(600'000, 'x'));
    const received got = co_await client.receive();
    EXPECT_EQ(got.status, 400);
    const std::string end = co_await client.rest();
    EXPECT_EQ(end, "end");
  });
}

EDDY_IO_TEST(http_server_limits, requests_before_a_bad_one_are_answered) {
  co_await eddy::with(http::server(take_body, "127.0.0.1", 0), [](http::server& s) -> coro<> {
    wire_client client = co_await connect(s.port());
    co_await client.send(post("/", "abc") + "GARBAGE\r\n\r\n");
    const received good = co_await client.receive();
    const received bad = co_await client.receive();
    EXPECT_EQ(good.body, "3");
    EXPECT_EQ(bad.status, 400);
  });
}

EDDY_IO_TEST(http_server_limits, heads_beyond_the_limits_get_414_and_431) {
  co_await eddy::with(http::server(take_body, "127.0.0.1", 0), [](http::server& s) -> coro<> {
    wire_client line = co_await connect(s.port());
    const received too_long = co_await line.ask(get("/" + std::string(9'000, 'x')));
    EXPECT_EQ(too_long.status, 414);
    wire_client fields = co_await connect(s.port());
    const received too_large = co_await fields.ask(get("/", "X: " + std::string(70'000, 'x') + "\r\n"));
    EXPECT_EQ(too_large.status, 431);
  });
  http::parser_limits narrow;
  narrow.header_fields = 1;
  co_await eddy::with(http::server(take_body, "127.0.0.1", 0).limits(narrow), [](http::server& s) -> coro<> {
    wire_client client = co_await connect(s.port());
    const received too_many = co_await client.ask(get("/", "X: y\r\n"));
    EXPECT_EQ(too_many.status, 431);
  });
}

EDDY_IO_TEST(http_server_limits, bodies_beyond_the_limit_get_413) {
  const auto app = [](server_request& request) -> coro<response> {
    if (request.path() == "/more") request.max_body(2'000'000);
    std::string body = co_await request.body();
    co_return http::text(std::to_string(body.size()));
  };
  co_await eddy::with(http::server(app, "127.0.0.1", 0), [](http::server& s) -> coro<> {
    const std::size_t limit = 1024 * 1024;
    wire_client fits = co_await connect(s.port());
    const received whole = co_await fits.ask(post("/", std::string(limit, 'x')));
    EXPECT_EQ(whole.body, std::to_string(limit));
    const received more = co_await fits.ask(post("/more", std::string(limit + 1, 'x')));
    EXPECT_EQ(more.body, std::to_string(limit + 1));

    wire_client announced = co_await connect(s.port());
    const received early =
        co_await announced.ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1048577\r\nExpect: 100-continue\r\n\r\n");
    EXPECT_EQ(early.status, 413);  // and no 100 before
    EXPECT_FALSE(early.keep_alive);

    wire_client chunked = co_await connect(s.port());
    const received late =
        co_await chunked.ask("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n100001\r\n" +
                             std::string(limit + 1, 'x') + "\r\n0\r\n\r\n");
    EXPECT_EQ(late.status, 413);
    const std::string end = co_await chunked.rest();
    EXPECT_EQ(end, "end");
  });
  co_await eddy::with(http::server(app, "127.0.0.1", 0).max_body(3), [](http::server& s) -> coro<> {
    wire_client client = co_await connect(s.port());
    const received got = co_await client.ask(post("/", "four"));
    EXPECT_EQ(got.status, 413);
    EXPECT_EQ(got.body, "the body may have 3 bytes\n");
  });
}

EDDY_IO_TEST(http_server_limits, a_head_that_does_not_come_in_time_gets_408) {
  co_await eddy::with(http::server(take_body, "127.0.0.1", 0).head_timeout(60ms), [](http::server& s) -> coro<> {
    wire_client stuck = co_await connect(s.port());
    const received got = co_await stuck.ask("GET / HT");
    EXPECT_EQ(got.status, 408);
    const std::string end = co_await stuck.rest();
    EXPECT_EQ(end, "end");

    wire_client dripping = co_await connect(s.port());  // a byte now and then does not help
    for (int i = 0; i < 10; ++i) {
      co_await dripping.send(i == 0 ? "GET /" : "x");
      co_await eddy::sleep(8ms);
    }
    const received late = co_await dripping.receive();
    EXPECT_EQ(late.status, 408);

    wire_client silent = co_await connect(s.port());
    const std::string nothing = co_await silent.rest();
    EXPECT_EQ(nothing, "end");
  });
}

EDDY_IO_TEST(http_server_limits, an_idle_connection_is_closed) {
  co_await eddy::with(http::server(take_body, "127.0.0.1", 0).idle_timeout(30ms), [](http::server& s) -> coro<> {
    wire_client client = co_await connect(s.port());
    const received got = co_await client.ask(get("/"));
    EXPECT_TRUE(got.keep_alive);
    const std::string end = co_await client.rest();
    EXPECT_EQ(end, "end");
  });
}

EDDY_IO_TEST(http_server_limits, each_request_begins_the_idle_time_anew) {
  co_await eddy::with(http::server(take_body, "127.0.0.1", 0).idle_timeout(60ms), [](http::server& s) -> coro<> {
    wire_client client = co_await connect(s.port());
    for (int i = 0; i < 6; ++i) {
      const received got = co_await client.ask(get("/"));
      EDDY_ASSERT_EQ(got.status, 200);
      co_await eddy::sleep(20ms);
    }
    const auto begin = eddy::now();
    const std::string end = co_await client.rest();
    EXPECT_EQ(end, "end");
    EXPECT_LT(eddy::now() - begin, 1s);
  });
}

EDDY_IO_TEST(http_server_limits, a_later_head_has_its_own_limit_not_the_idle_one) {
  co_await eddy::with(http::server(take_body, "127.0.0.1", 0).idle_timeout(1h).head_timeout(30ms),
                      [](http::server& s) -> coro<> {
                        wire_client client = co_await connect(s.port());
                        const received first = co_await client.ask(get("/"));
                        EXPECT_EQ(first.status, 200);
                        co_await eddy::sleep(40ms);  // more than a head may take
                        const received late = co_await client.ask("GET / HT");
                        EXPECT_EQ(late.status, 408);
                      });
}

EDDY_IO_TEST(http_server_limits, a_body_that_does_not_come_in_time_gets_408) {
  co_await eddy::with(http::server(take_body, "127.0.0.1", 0).body_timeout(40ms), [](http::server& s) -> coro<> {
    wire_client slow = co_await connect(s.port());
    co_await slow.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\n");
    for (int i = 0; i < 6; ++i) {  // slow in all, and each piece in time
      co_await eddy::sleep(10ms);
      co_await slow.send("x");
    }
    const received whole = co_await slow.receive();
    EXPECT_EQ(whole.body, "6");

    wire_client stuck = co_await connect(s.port());
    const received got = co_await stuck.ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhe");
    EXPECT_EQ(got.status, 408);
    EXPECT_FALSE(got.keep_alive);
  });
}

EDDY_IO_TEST(http_server_limits, a_client_that_does_not_take_its_answer_is_reset) {
  const auto bytes = std::make_shared<const std::string>(32 * 1024 * 1024, 'z');
  const auto app = [bytes](server_request& request) -> response {
    if (request.path() == "/shared") return response().body(bytes);
    return response().stream([bytes](response_writer& out) -> coro<> { co_await out.write(*bytes); });
  };
  co_await eddy::with(http::server(app, "127.0.0.1", 0).write_timeout(30ms), [&](http::server& s) -> coro<> {
    for (const char* target : {"/shared", "/stream"}) {
      wire_client client = co_await connect(s.port());
      co_await client.send(get(target));
      co_await eddy::sleep(10ms);
      const bool gone = co_await all_gone(s);
      EXPECT_TRUE(gone) << target;
    }
  });
}

EDDY_IO_TEST(http_server_limits, a_client_that_disappears_in_its_body_harms_nobody) {
  co_await eddy::with(http::server(take_body, "127.0.0.1", 0), [](http::server& s) -> coro<> {
    {
      wire_client client = co_await connect(s.port());
      co_await client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 500000\r\n\r\n" + std::string(1000, 'x'));
      co_await eddy::sleep(2ms);
    }
    const bool gone = co_await all_gone(s);
    EXPECT_TRUE(gone);
    wire_client next = co_await connect(s.port());
    const received got = co_await next.ask(post("/", "abc"));
    EXPECT_EQ(got.body, "3");
  });
}

EDDY_IO_TEST(http_server_limits, a_client_that_disappears_ends_an_endless_answer_without_an_error) {
  auto ended = std::make_shared<bool>(false);
  const auto app = [ended](server_request& request) -> response {
    const bool raw = request.path() == "/raw";
    const auto write_for_ever = [ended](auto& out) -> coro<> {
      const auto note = eddy::on_exit([ended] { *ended = true; });
      while (true) co_await out.write("data: tick\n\n");
    };
    if (!raw) return response().stream([write_for_ever](response_writer& out) { return write_for_ever(out); });
    return response().raw([write_for_ever](http::raw_connection& out) { return write_for_ever(out.writer()); });
  };
  co_await eddy::with(http::server(app, "127.0.0.1", 0), [&](http::server& s) -> coro<> {
    for (const char* target : {"/stream", "/raw"}) {
      *ended = false;
      {
        wire_client client = co_await connect(s.port());
        co_await client.send(get(target));
        const std::string some = co_await client.connection().reader().read(100);
        EXPECT_FALSE(some.empty());
      }
      const bool gone = co_await all_gone(s);
      EXPECT_TRUE(gone) << target;
      EXPECT_TRUE(*ended) << target;
    }
  });
}
