// SPDX-License-Identifier: BSL-1.0
#include "eddy/http/server.hpp"

#include "eddy/flow/sleep.hpp"
#include "eddy/flow/with.hpp"
#include "eddy/http/response_writer.hpp"
#include "eddy/http/router.hpp"
#include "eddy/sync/event.hpp"
#include "eddy/testing/test.hpp"
#include "tests/http/wire_client.hpp"

#include <algorithm>
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

coro<response> echo(server_request& request) {
  std::string body = co_await request.body();
  co_return http::text(std::string(request.method()) + " " + std::string(request.target()) + " " + body);
}

/// Errors that reach the loop's handler while this lives.
class caught_errors {
 public:
  caught_errors() {
    before_ = eddy::event_loop::current().set_exception_handler(
        [this](const eddy::unhandled_error& what) { messages.push_back(what.message); });
  }
  caught_errors(const caught_errors&) = delete;
  ~caught_errors() { eddy::event_loop::current().set_exception_handler(std::move(before_)); }
  std::vector<std::string> messages;

 private:
  eddy::exception_handler before_;
};

}  // namespace

EDDY_IO_TEST(http_server, answers_a_request_with_length_and_date) {
  co_await eddy::with(http::server(echo, "127.0.0.1", 0), [](http::server& s) -> coro<> {
    wire_client client = co_await connect(s.port());
    const received got = co_await client.ask(get("/a?b"));
    EXPECT_EQ(got.status, 200);
    EXPECT_EQ(got.body, "GET /a?b ");
    EXPECT_EQ(got.header("Content-Length"), "9");
    EXPECT_EQ(got.header("Content-Type"), "text/plain; charset=utf-8");
    EXPECT_EQ(got.header("Date").size(), 29U);
    EXPECT_TRUE(got.keep_alive);
    EXPECT_EQ(s.connections(), 1U);
  });
}

EDDY_IO_TEST(http_server, serves_ten_thousand_requests_on_one_connection) {
  co_await eddy::with(http::server(echo, "127.0.0.1", 0), [](http::server& s) -> coro<> {
    wire_client client = co_await connect(s.port());
    for (int i = 0; i < 10'000; ++i) {
      const std::string target = "/" + std::to_string(i);
      const received got = co_await client.ask(get(target));
      EDDY_ASSERT_EQ(got.body, "GET " + target + " ");
    }
    EXPECT_EQ(s.connections(), 1U);
  });
}

// Answers that are there at once go out together; whatever their sizes, in order, and none is lost.
EDDY_IO_TEST(http_server, answers_many_pipelined_requests_whatever_their_sizes) {
  constexpr int count = 1000;
  const auto app = [](server_request& request) {
    const std::string number(request.path().substr(1));
    return number + std::string(static_cast<std::size_t>(std::stoi(number) % 97 * 60), 'x');
  };
  co_await eddy::with(http::server(app, "127.0.0.1", 0), [](http::server& s) -> coro<> {
    wire_client client = co_await connect(s.port());
    std::string requests;
    for (int i = 0; i < count; ++i) requests += get("/" + std::to_string(i));
    co_await client.send(requests);
    for (int i = 0; i < count; ++i) {
      const received got = co_await client.receive();
      const std::string number = std::to_string(i);
      EDDY_ASSERT_EQ(got.body.substr(0, number.size()), number);
      EDDY_ASSERT_EQ(got.body.size(), number.size() + static_cast<std::size_t>(i % 97 * 60));
    }
  });
}

// A client that sends thousands of requests at once does not keep the loop from its other work.
EDDY_IO_TEST(http_server, L7_others_have_their_turn_among_pipelined_requests) {
  constexpr int count = 2000;
  int handled = 0;
  const auto app = [&handled](server_request&) {
    ++handled;
    return std::string("x");
  };
  co_await eddy::with(http::server(app, "127.0.0.1", 0), [&handled](http::server& s) -> coro<> {
    wire_client client = co_await connect(s.port());
    std::string requests;
    for (int i = 0; i < count; ++i) requests += get("/");
    int most_in_a_turn = 0;
    auto ticking = eddy::create_task([&]() -> coro<> {
      int before = handled;
      while (handled < count) {
        co_await eddy::sleep(0s);
        most_in_a_turn = std::max(most_in_a_turn, handled - before);
        before = handled;
      }
    });
    co_await client.send(requests);
    for (int i = 0; i < count; ++i) {
      const received got = co_await client.receive();
      EDDY_ASSERT_EQ(got.body, "x");
    }
    co_await ticking;
    EXPECT_LE(most_in_a_turn, 129);  // a step's budget of 128, and the one that finds it used up
  });
}

EDDY_IO_TEST(http_server, answers_that_are_there_do_not_wait_for_a_handler_that_waits) {
  eddy::event go;
  http::router app;
  app.get("/fast", [] { return "fast"; });
  app.get("/slow", [&]() -> coro<std::string> {
    co_await go.wait();
    co_return "slow";
  });
  app.post("/read", [](server_request& request) -> coro<std::string> {
    std::string body = co_await request.body();
    co_return body;
  });
  co_await eddy::with(http::server(app, "127.0.0.1", 0), [&](http::server& s) -> coro<> {
    wire_client client = co_await connect(s.port());
    co_await client.send(get("/fast") + get("/fast") + get("/slow") + get("/fast"));
    for (const char* expected : {"fast", "fast"}) {
      const received got = co_await client.receive();
      EXPECT_EQ(got.body, expected);
    }
    go.set();
    for (const char* expected : {"slow", "fast"}) {
      const received got = co_await client.receive();
      EXPECT_EQ(got.body, expected);
    }
    // The same for one that waits for its request's body.
    co_await client.send(get("/fast") + "POST /read HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbo");
    const received before = co_await client.receive();
    EXPECT_EQ(before.body, "fast");
    const received read = co_await client.ask("dy");
    EXPECT_EQ(read.body, "body");
  });
}

EDDY_IO_TEST(http_server, what_is_no_request_is_refused_behind_the_answers_before_it) {
  co_await eddy::with(http::server([](server_request&) { return std::string("good"); }, "127.0.0.1", 0),
                      [](http::server& s) -> coro<> {
                        wire_client client = co_await connect(s.port());
                        co_await client.send(get("/") + get("/") + "nonsense\r\n\r\n");
                        for (const int expected : {200, 200, 400}) {
                          const received got = co_await client.receive();
                          EXPECT_EQ(got.status, expected);
                        }
                        const std::string end = co_await client.rest();
                        EXPECT_EQ(end, "end");
                      });
}

EDDY_IO_TEST(http_server, answers_pipelined_requests_in_order) {
  const auto app = [](server_request& request) -> coro<response> {
    if (request.path() == "/slow") co_await eddy::sleep(20ms);
    std::string body = co_await request.body();
    co_return http::text(std::string(request.path()) + body);
  };
  co_await eddy::with(http::server(app, "127.0.0.1", 0), [](http::server& s) -> coro<> {
    wire_client client = co_await connect(s.port());
    co_await client.send(get("/slow") + post("/with", "body") + get("/last", "Connection: close\r\n"));
    const received first = co_await client.receive();
    const received second = co_await client.receive();
    const received third = co_await client.receive();
    EXPECT_EQ(first.body, "/slow");
    EXPECT_EQ(second.body, "/withbody");
    EXPECT_EQ(third.body, "/last");
    EXPECT_EQ(third.header("Connection"), "close");
    const std::string end = co_await client.rest();
    EXPECT_EQ(end, "end");
  });
}

EDDY_IO_TEST(http_server, reads_requests_that_come_byte_by_byte) {
  co_await eddy::with(http::server(echo, "127.0.0.1", 0), [](http::server& s) -> coro<> {
    wire_client client = co_await connect(s.port());
    const std::string whole =
        "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n";
    for (const char c : whole) {
      co_await client.send(std::string(1, c));
      co_await eddy::sleep(0ms);
    }
    const received got = co_await client.receive();
    EXPECT_EQ(got.body, "POST /x abcde");
  });
}

EDDY_IO_TEST(http_server, answers_head_with_the_length_and_no_body) {
  co_await eddy::with(http::server(echo, "127.0.0.1", 0), [](http::server& s) -> coro<> {
    wire_client client = co_await connect(s.port());
    const received head = co_await client.ask("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(head.header("Content-Length"), "7");
    EXPECT_EQ(head.body, "");
    const received next = co_await client.ask(get("/"));
    EXPECT_EQ(next.body, "GET / ");
  });
}

EDDY_IO_TEST(http_server, sends_100_continue_only_when_the_body_is_read) {
  const auto app = [](server_request& request) -> coro<response> {
    if (request.path() == "/refuse") co_return response(403);
    std::string body = co_await request.body();
    co_return http::text(body);
  };
  co_await eddy::with(http::server(app, "127.0.0.1", 0), [](http::server& s) -> coro<> {
    wire_client client = co_await connect(s.port());
    const std::string head = " HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n";
    const received interim = co_await client.ask("POST /read" + head);
    EXPECT_EQ(interim.status, 100);
    const received got = co_await client.ask("hello");
    EXPECT_EQ(got.body, "hello");
    const received refused = co_await client.ask("POST /refuse" + head);
    EXPECT_EQ(refused.status, 403);
    EXPECT_FALSE(refused.keep_alive);  // nobody knows whether the body will come
    const std::string end = co_await client.rest();
    EXPECT_EQ(end, "end");
  });
}

EDDY_IO_TEST(http_server, S51_streams_a_response_in_chunks) {
  const auto app = [](server_request&) -> response {
    return response().stream([](response_writer& out) -> coro<> {
      for (int i = 0; i < 3; ++i) {
        co_await out.write(std::string(static_cast<std::size_t>(10'000 * i + 1), static_cast<char>('a' + i)));
        co_await out.write("");
      }
    });
  };
  co_await eddy::with(http::server(app, "127.0.0.1", 0), [](http::server& s) -> coro<> {
    wire_client client = co_await connect(s.port());
    for (int round = 0; round < 2; ++round) {
      const received got = co_await client.ask(get("/"));
      EXPECT_EQ(got.header("Transfer-Encoding"), "chunked");
      EXPECT_EQ(got.body, "a" + std::string(10'001, 'b') + std::string(20'001, 'c'));
      EXPECT_TRUE(got.complete);
    }
    const received old = co_await client.ask("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    EXPECT_EQ(old.body.size(), 30'003U);
    EXPECT_EQ(old.header("Transfer-Encoding"), "(none)");
    EXPECT_EQ(old.header("Connection"), "close");
  });
}

EDDY_IO_TEST(http_server, S51_a_streaming_handler_waits_for_its_client) {
  auto written = std::make_shared<std::size_t>(0);
  const auto app = [written](server_request&) -> response {
    return response().stream([written](response_writer& out) -> coro<> {
      const std::string piece(64 * 1024, 'x');
      for (int i = 0; i < 1024; ++i) {
        co_await out.write(piece);
        *written += piece.size();
      }
    });
  };
  co_await eddy::with(http::server(app, "127.0.0.1", 0), [&](http::server& s) -> coro<> {
    wire_client client = co_await connect(s.port());
    co_await client.send(get("/"));
    co_await eddy::sleep(50ms);
    EXPECT_LT(*written, 32U * 1024 * 1024);  // the system's buffers and the writer's, not all of it
    const received got = co_await client.receive();
    EXPECT_EQ(got.body.size(), 64U * 1024 * 1024);
  });
}

EDDY_IO_TEST(http_server, a_body_short_of_its_length_cuts_the_connection) {
  const auto app = [](server_request& request) -> response {
    if (request.path() == "/chunked")
      return response().stream([](response_writer& out) -> coro<> {
        co_await out.write("part");
        out.cut();
      });
    return response().length(100).stream([](response_writer& out) -> coro<> { co_await out.write("part"); });
  };
  co_await eddy::with(http::server(app, "127.0.0.1", 0), [](http::server& s) -> coro<> {
    for (const char* target : {"/length", "/chunked"}) {
      wire_client client = co_await connect(s.port());
      const received got = co_await client.ask(get(target));
      EXPECT_EQ(got.status, 200) << target;
      EXPECT_EQ(got.body, "part") << target;
      EXPECT_FALSE(got.complete) << target;
    }
  });
}

EDDY_IO_TEST(http_server, a_raw_answer_goes_over_the_wire_as_it_is) {
  const auto app = [](server_request& request) -> response {
    const bool keep = request.path() == "/keep";
    return response().raw([keep](http::raw_connection& raw) -> coro<> {
      co_await raw.writer().write(keep ? "HTTP/1.1 200 Fine\r\ncontent-length: 2\r\n\r\nok" : "no HTTP at all");
      if (keep) raw.keep_alive();
    });
  };
  co_await eddy::with(http::server(app, "127.0.0.1", 0), [](http::server& s) -> coro<> {
    wire_client client = co_await connect(s.port());
    const received kept = co_await client.ask(get("/keep"));
    EXPECT_EQ(kept.body, "ok");
    co_await client.send(get("/garbled"));
    const std::string rest = co_await client.rest();
    EXPECT_EQ(rest, "no HTTP at all");
  });
}

EDDY_IO_TEST(http_server, shared_bytes_are_sent_whole_to_slow_readers) {
  const auto bytes = std::make_shared<const std::string>(8 * 1024 * 1024, 'z');
  const auto app = [bytes](server_request&) { return response().body(bytes); };
  co_await eddy::with(http::server(app, "127.0.0.1", 0), [&](http::server& s) -> coro<> {
    wire_client client = co_await connect(s.port());
    co_await client.send(get("/"));
    co_await eddy::sleep(20ms);
    const received got = co_await client.receive();
    EXPECT_TRUE(got.body == *bytes);
    EXPECT_TRUE(got.complete);
  });
}

EDDY_IO_TEST(http_server, L6_an_exception_gives_500_without_details_and_reaches_the_loop) {
  const auto app = [](server_request& request) -> coro<response> {
    if (request.path() == "/sub") throw http::reply_error(404, "no such user");
    throw std::runtime_error("password=secret");
  };
  caught_errors errors;
  co_await eddy::with(http::server(app, "127.0.0.1", 0), [&](http::server& s) -> coro<> {
    wire_client client = co_await connect(s.port());
    const received got = co_await client.ask(get("/secret?x"));
    EXPECT_EQ(got.status, 500);
    EXPECT_EQ(got.body, "Internal Server Error\n");
    EXPECT_TRUE(got.keep_alive);
    const received wanted = co_await client.ask(get("/sub"));
    EXPECT_EQ(wanted.status, 404);
    EXPECT_EQ(wanted.body, "no such user\n");
  });
  EDDY_ASSERT_EQ(errors.messages.size(), 1U);
  EXPECT_EQ(errors.messages[0], "the handler of GET /secret?x failed");
}

EDDY_IO_TEST(http_server, a_response_that_contradicts_itself_gives_500) {
  const auto app = [](server_request& request) -> response {
    if (request.path() == "/length") return http::text("abc").header("Content-Length", "4");
    return response(103);
  };
  caught_errors errors;
  co_await eddy::with(http::server(app, "127.0.0.1", 0), [&](http::server& s) -> coro<> {
    wire_client client = co_await connect(s.port());
    for (const char* target : {"/length", "/informational"}) {
      const received got = co_await client.ask(get(target));
      EXPECT_EQ(got.status, 500) << target;
    }
  });
  EXPECT_EQ(errors.messages.size(), 2U);
}

EDDY_IO_TEST(http_server, statuses_without_a_body_send_none) {
  const auto app = [](server_request& request) -> response {
    return http::text("never sent", request.path() == "/204" ? 204 : 304);
  };
  co_await eddy::with(http::server(app, "127.0.0.1", 0), [](http::server& s) -> coro<> {
    wire_client client = co_await connect(s.port());
    for (const int status : {204, 304}) {
      const received got = co_await client.ask(get("/" + std::to_string(status)));
      EXPECT_EQ(got.status, status);
      EXPECT_TRUE(got.keep_alive);
    }
  });
}

EDDY_IO_TEST(http_server, a_body_that_nobody_read_is_dropped_when_it_is_small) {
  const auto app = [](server_request&) { return response(200); };
  co_await eddy::with(http::server(app, "127.0.0.1", 0), [](http::server& s) -> coro<> {
    wire_client client = co_await connect(s.port());
    const received small = co_await client.ask(post("/", std::string(1000, 'x')));
    EXPECT_TRUE(small.keep_alive);
    const received large = co_await client.ask(post("/", std::string(200'000, 'x')));
    EXPECT_EQ(large.status, 200);
    EXPECT_FALSE(large.keep_alive);
    const std::string end = co_await client.rest();
    EXPECT_EQ(end, "end");  // and no reset, although it was sent
  });
}

EDDY_IO_TEST(http_server, S51_a_request_body_is_read_piece_by_piece) {
  const auto app = [](server_request& request) -> coro<response> {
    request.max_body(SIZE_MAX);
    http::request_body pieces = request.stream();
    std::size_t size = 0;
    while (const auto piece = co_await pieces.next()) size += piece->size();
    co_return http::text(std::to_string(size));
  };
  co_await eddy::with(http::server(app, "127.0.0.1", 0), [](http::server& s) -> coro<> {
    wire_client client = co_await connect(s.port());
    const received got = co_await client.ask(post("/", std::string(5'000'000, 'x')));
    EXPECT_EQ(got.body, "5000000");
  });
}

EDDY_IO_TEST(http_server, text_is_decoded_by_its_charset) {
  const auto app = [](server_request& request) -> coro<std::string> { co_return co_await request.text(); };
  co_await eddy::with(http::server(app, "127.0.0.1", 0), [](http::server& s) -> coro<> {
    wire_client client = co_await connect(s.port());
    const received got = co_await client.ask(post("/", "caf\xe9", "Content-Type: text/plain; charset=latin1\r\n"));
    EXPECT_EQ(got.body, "caf\xc3\xa9");
  });
}

EDDY_IO_TEST(http_server, a_request_knows_its_path_query_and_client) {
  const auto app = [](server_request& request) {
    std::string all = std::string(request.path()) + "|" + request.query("q").value_or("-") + "|";
    for (const auto& [name, value] : request.query_parameters()) all += name + "=" + value + ";";
    return all + (request.remote_endpoint() ? request.remote_endpoint()->address().to_string() : "?");
  };
  co_await eddy::with(http::server(app, "127.0.0.1", 0), [](http::server& s) -> coro<> {
    wire_client client = co_await connect(s.port());
    const received origin = co_await client.ask(get("/a%20b?x=1&&q=%C3%A4+b&q=2&z"));
    EXPECT_EQ(origin.body, "/a%20b|\xc3\xa4 b|x=1;q=\xc3\xa4 b;q=2;z=;127.0.0.1");
    const received absolute = co_await client.ask(get("http://other:80?q"));
    EXPECT_EQ(absolute.body, "/||q=;127.0.0.1");
    const received asterisk = co_await client.ask("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(asterisk.body, "*|-|127.0.0.1");
  });
}

EDDY_IO_TEST(http_server, http_1_0_keeps_the_connection_only_when_asked) {
  co_await eddy::with(http::server(echo, "127.0.0.1", 0), [](http::server& s) -> coro<> {
    wire_client client = co_await connect(s.port());
    const received kept = co_await client.ask("GET /1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    EXPECT_EQ(kept.header("Connection"), "keep-alive");
    const received last = co_await client.ask("GET /2 HTTP/1.0\r\n\r\n");
    EXPECT_EQ(last.body, "GET /2 ");
    const std::string end = co_await client.rest();
    EXPECT_EQ(end, "end");
  });
}

TEST(http_server, serve_refuses_what_is_no_place_to_listen) {
  EXPECT_THROW((void)http::serve(echo, "8080"), eddy::misuse_error);
  EXPECT_THROW((void)http::serve(echo, "localhost:http"), eddy::misuse_error);
}
