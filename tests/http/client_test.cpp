// SPDX-License-Identifier: BSL-1.0
#include "eddy/http/client.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include "eddy/flow/gather.hpp"
#include "eddy/flow/retry.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/timeout.hpp"
#include "eddy/testing/test.hpp"
#include "origin.hpp"

namespace eddy::http {
namespace {

using namespace std::chrono_literals;
using test::ok;
using test::origin;

EDDY_TEST(client, S50_gets_a_page) {
  std::string seen;
  const origin site = origin::answering([&](const std::string& request, int) {
    seen = request;
    return ok("hello", "Content-Type: text/plain; charset=utf-8\r\nX-A: b\r\n");
  });
  client c(site.options());
  const reply r = co_await c.get("http://example.org/a/b?x=1#part");
  EXPECT_EQ(seen,
            "GET /a/b?x=1 HTTP/1.1\r\nHost: example.org\r\nUser-Agent: eddy\r\nAccept: */*\r\n"
            "Accept-Encoding: gzip, deflate\r\n\r\n");
  EXPECT_EQ(r.status(), 200);
  EXPECT_EQ(r.reason(), "OK");
  EXPECT_EQ(r.version(), http_version::http_1_1);
  EXPECT_EQ(r.bytes(), "hello");
  EXPECT_EQ(r.text(), "hello");
  EXPECT_EQ(r.headers().get("x-a"), "b");
  EXPECT_TRUE(r.content_type().is("text/plain"));
  EXPECT_EQ(r.url().str(), "http://example.org/a/b?x=1#part");
  EXPECT_EQ(r.method(), "GET");
  EXPECT_TRUE(r.history().empty());
}

EDDY_TEST(client, S50_a_request_is_built_by_its_options) {
  std::string seen;
  const origin site = origin::answering([&](const std::string& request, int) {
    seen = request;
    return ok("");
  });
  client c(site.options().header("User-Agent", "shop/1").header("X-All", "1"));
  const reply r = co_await c.post("http://example.org:8080/api?a=1")
                      .query("q", "a b&c")
                      .query("n", 42)
                      .header("x-all", "2")
                      .bearer("t0ken")
                      .body("{}", "application/json");
  EXPECT_EQ(r.status(), 200);
  EXPECT_EQ(
      seen,
      "POST /api?a=1&q=a%20b%26c&n=42 HTTP/1.1\r\nHost: example.org:8080\r\nx-all: 2\r\nAuthorization: Bearer t0ken\r\n"
      "Content-Type: application/json\r\nUser-Agent: shop/1\r\nAccept: */*\r\nAccept-Encoding: gzip, deflate\r\n"
      "Content-Length: 2\r\n\r\n{}");
}

EDDY_TEST(client, S50_a_post_without_a_body_says_so) {
  std::string seen;
  const origin site = origin::answering([&](const std::string& request, int) {
    seen = request;
    return ok("");
  });
  client c(site.options());
  co_await c.post("http://h/");
  EXPECT_NE(seen.find("Content-Length: 0\r\n"), std::string::npos);
}

// What follows the target is kept for the next request, where it is the same.
EDDY_TEST(client, S50_requests_one_after_the_other_have_each_their_own_head) {
  std::string seen;
  const origin site = origin::answering([&](const std::string& request, int) {
    seen = request;
    return ok("");
  });
  client c(site.options());
  const std::string usual = "\r\nUser-Agent: eddy\r\nAccept: */*\r\n";
  const std::string coding = "Accept-Encoding: gzip, deflate\r\n";
  for (int i = 0; i < 2; ++i) {
    co_await c.get("http://a/x?y");
    EXPECT_EQ(seen, "GET /x?y HTTP/1.1\r\nHost: a" + usual + coding + "\r\n");
    co_await c.get("http://a:8080/");
    EXPECT_EQ(seen, "GET / HTTP/1.1\r\nHost: a:8080" + usual + coding + "\r\n");
    co_await c.del("http://a:8080/z").decode(false);
    EXPECT_EQ(seen, "DELETE /z HTTP/1.1\r\nHost: a:8080" + usual + "\r\n");
    co_await c.get("http://a:8080/").header("X", "1");
    EXPECT_EQ(seen, "GET / HTTP/1.1\r\nHost: a:8080\r\nX: 1" + usual + coding + "\r\n");
    co_await c.get("http://a:8080/").header("Host", "b");
    EXPECT_EQ(seen, "GET / HTTP/1.1\r\nHost: b" + usual + coding + "\r\n");
    co_await c.get("http://a:8080/");
    EXPECT_EQ(seen, "GET / HTTP/1.1\r\nHost: a:8080" + usual + coding + "\r\n");
  }
  bool refused = false;
  try {
    co_await c.request("NO METHOD", "http://a:8080/");
  } catch (const std::invalid_argument&) {
    refused = true;
  }
  EXPECT_TRUE(refused);
}

EDDY_TEST(client, S50_requests_share_connections) {
  const origin site = origin::answering([](const std::string&, int number) { return ok(std::to_string(number)); });
  client c(site.options());
  for (int i = 0; i < 5; ++i) {
    const reply r = co_await c.get("http://h/");
    EXPECT_EQ(r.bytes(), "1");
  }
  EXPECT_EQ(site.connections(), 1);
  EXPECT_EQ(c.statistics().idle, 1U);
  EXPECT_EQ(c.statistics().connections, 1U);
}

}  // namespace
}  // namespace eddy::http
