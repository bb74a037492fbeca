// SPDX-License-Identifier: BSL-1.0
#include "eddy/http/router.hpp"

#include "eddy/base/errors.hpp"
#include "eddy/flow/with.hpp"
#include "eddy/http/server.hpp"
#include "eddy/testing/test.hpp"
#include "tests/http/wire_client.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace {

using eddy::coro;
using eddy::http::response;
using eddy::http::router;
using eddy::http::server_request;
using eddy::http::testing::connect;
using eddy::http::testing::get;
using eddy::http::testing::received;
using eddy::http::testing::wire_client;
namespace http = eddy::http;

struct colour {
  std::string name;
};

}  // namespace

template <>
struct eddy::http::path_parameter<colour> {
  static std::optional<colour> parse(std::string_view text) {
    if (text != "red" && text != "green") return std::nullopt;
    return colour{std::string(text)};
  }
};

namespace {

void add_routes(router& app) {
  app.get("/", [] { return std::string("root"); });
  app.get("/users/{id}", [](int id) -> coro<response> { co_return http::text("user " + std::to_string(id)); });
  app.get("/users/me", [] { return http::text("me"); });
  app.post("/users/{id}", [](server_request& request, std::uint8_t id) -> coro<std::string> {
    std::string body = co_await request.body();
    co_return "posted " + std::to_string(id) + " " + body;
  });
  app.get("/a/{x}/b/{y}", [](std::string x, server_request& request, double y) {
    return x + " " + std::to_string(y) + " " + request.parameter("x").value_or("-");
  });
  app.get("/a/fixed/c", [] { return std::string("fixed"); });
  app.get("/files/{path...}", [](std::string path) { return "[" + path + "]"; });
  app.get("/colours/{c}", [](colour c) { return c.name; });
  app.get("/named/{one}/{two}",
          [](server_request& request) { return *request.parameter("two") + *request.parameter("one"); });
  app.get("/with space/", [] { return std::string("space"); });
  app.get("/old", [] { return http::redirect("/new", 301); });
  app.del("/only", [] { return http::html("<p>gone</p>"); });
}

struct row {
  const char* name;
  const char* method;
  const char* target;
  int status;
  const char* body;
};

const row rows[] = {
    {"root", "GET", "/", 200, "root"},
    {"typed", "GET", "/users/42", 200, "user 42"},
    {"negative", "GET", "/users/-1", 200, "user -1"},
    {"text before name", "GET", "/users/me", 200, "me"},
    {"no number", "GET", "/users/4x", 404, "Not Found\n"},
    {"out of range", "GET", "/users/99999999999", 404, "Not Found\n"},
    {"empty segment", "GET", "/users/", 404, "Not Found\n"},
    {"one too many", "GET", "/users/1/2", 404, "Not Found\n"},
    {"slash at the end counts", "GET", "/users/1/", 404, "Not Found\n"},
    {"body and part", "POST", "/users/7", 200, "posted 7 "},
    {"method of the more general route", "POST", "/users/200", 200, "posted 200 "},
    {"range of the type", "POST", "/users/300", 404, "Not Found\n"},
    {"two parts", "GET", "/a/q/b/1.5", 200, "q 1.500000 q"},
    {"back to the name where the text leads nowhere", "GET", "/a/fixed/b/2", 200, "fixed 2.000000 fixed"},
    {"text", "GET", "/a/fixed/c", 200, "fixed"},
    {"rest", "GET", "/files/x/y.z", 200, "[x/y.z]"},
    {"empty rest", "GET", "/files/", 200, "[]"},
    {"no rest", "GET", "/files", 404, "Not Found\n"},
    {"rest decoded", "GET", "/files/a%20b/c%2Fd", 200, "[a b/c/d]"},
    {"own type", "GET", "/colours/red", 200, "red"},
    {"own type refuses", "GET", "/colours/blue", 404, "Not Found\n"},
    {"by name", "GET", "/named/1/2", 200, "21"},
    {"encoded slash separates nothing", "GET", "/named/1%2F2", 404, "Not Found\n"},
    {"encoded text", "GET", "/with%20space/", 200, "space"},
    {"encoded letters", "GET", "/%75sers/5", 200, "user 5"},
    {"query is no part", "GET", "/users/5?x=/y", 200, "user 5"},
    {"whole URL", "GET", "http://test/users/5", 200, "user 5"},
    {"redirect", "GET", "/old", 301, ""},
    {"delete", "DELETE", "/only", 200, "<p>gone</p>"},
    {"method not there", "GET", "/only", 405, "Method Not Allowed\n"},
    {"head by get", "HEAD", "/users/5", 200, ""},
    {"head without get", "HEAD", "/only", 405, ""},
    {"asterisk", "OPTIONS", "*", 404, "Not Found\n"},
};

}  // namespace

EDDY_IO_TEST(http_router, S54_finds_the_handler_for_method_and_path) {
  router app;
  add_routes(app);
  co_await eddy::with(http::server(app, "127.0.0.1", 0), [](http::server& s) -> coro<> {
    wire_client client = co_await connect(s.port());
    for (const row& each : rows) {
      const received got =
          co_await client.ask(std::string(each.method) + " " + each.target + " HTTP/1.1\r\nHost: test\r\n\r\n");
      EXPECT_EQ(got.status, each.status) << each.name;
      EXPECT_EQ(got.body, each.body) << each.name;
    }
  });
}

EDDY_IO_TEST(http_router, S54_says_which_methods_are_allowed) {
  router app;
  add_routes(app);
  co_await eddy::with(http::server(app, "127.0.0.1", 0), [](http::server& s) -> coro<> {
    wire_client client = co_await connect(s.port());
    const received many = co_await client.ask("PUT /users/me HTTP/1.1\r\nHost: test\r\n\r\n");
    EXPECT_EQ(many.status, 405);
    EXPECT_EQ(many.header("Allow"), "GET, HEAD, POST");
    const received one = co_await client.ask(get("/only"));
    EXPECT_EQ(one.header("Allow"), "DELETE");
    const received moved = co_await client.ask(get("/old"));
    EXPECT_EQ(moved.header("Location"), "/new");
  });
}

EDDY_IO_TEST(http_router, keeps_what_its_handlers_own) {
  auto owned = std::make_shared<int>(0);
  {
    router app;
    app.get("/", [owned] { return std::to_string(++*owned); });
    co_await eddy::with(http::server(std::move(app), "127.0.0.1", 0), [](http::server& s) -> coro<> {
      wire_client client = co_await connect(s.port());
      for (const char* expected : {"1", "2"}) {
        const received got = co_await client.ask(get("/"));
        EXPECT_EQ(got.body, expected);
      }
    });
  }
  EXPECT_EQ(owned.use_count(), 1);
}

TEST(http_router, L9_refuses_what_is_no_route) {
  const auto none = [] { return std::string(); };
  const auto one = [](std::string) { return std::string(); };
  router app;
  app.get("/a/{x}", one);
  EXPECT_THROW(app.get("/a/{x}", one), eddy::misuse_error);
  EXPECT_THROW(app.get("/a/{other}", one), eddy::misuse_error);
  EXPECT_THROW(app.get("relative", none), eddy::misuse_error);
  EXPECT_THROW(app.get("", none), eddy::misuse_error);
  EXPECT_THROW(app.get("/v{x}", one), eddy::misuse_error);
  EXPECT_THROW(app.get("/{}", one), eddy::misuse_error);
  EXPECT_THROW(app.get("/{...}", one), eddy::misuse_error);
  EXPECT_THROW(app.get("/{x...}/more", one), eddy::misuse_error);
  EXPECT_THROW(app.get("/{x}/{x}", [](int, int) { return std::string(); }), eddy::misuse_error);
  EXPECT_THROW(app.get("/plain", one), eddy::misuse_error);
  EXPECT_THROW(app.get("/{x}/{y}", one), eddy::misuse_error);
  EXPECT_THROW(app.route("NO METHOD", "/", none), eddy::misuse_error);
  EXPECT_NO_THROW(app.post("/a/{other}", one));
  EXPECT_NO_THROW(app.get("/a/{x}/", one));
}
