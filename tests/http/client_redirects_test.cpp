// SPDX-License-Identifier: BSL-1.0
#include <gtest/gtest.h>

#include <string>

#include "eddy/http/client.hpp"
#include "eddy/testing/test.hpp"
#include "origin.hpp"

namespace eddy::http {
namespace {

using test::failure_of;
using test::ok;
using test::origin;

std::string to(int status, const std::string& location) {
  return "HTTP/1.1 " + std::to_string(status) + " Moved\r\nLocation: " + location + "\r\nContent-Length: 4\r\n\r\nover";
}

bool asks_for(const std::string& request, const std::string& start) { return request.starts_with(start + " HTTP/1.1"); }

EDDY_TEST(client_redirects, S50_are_followed_on_the_same_connection) {
  const origin site = origin::answering([](const std::string& request, int) {
    if (asks_for(request, "GET /a")) return to(301, "b?x");
    if (asks_for(request, "GET /b?x")) return to(302, "http://h/c#new");
    return ok("here");
  });
  client c(site.options());
  const reply r = co_await c.get("http://h/a#old");
  EXPECT_EQ(r.bytes(), "here");
  EXPECT_EQ(r.url().str(), "http://h/c#new");
  EDDY_ASSERT_EQ(r.history().size(), 2U);
  EXPECT_EQ(r.history()[0].url.str(), "http://h/a#old");
  EXPECT_EQ(r.history()[0].status, 301);
  EXPECT_EQ(r.history()[1].url.str(), "http://h/b?x#old");  // a fragment is inherited
  EXPECT_EQ(site.connections(), 1);
}

EDDY_TEST(client_redirects, S50_change_the_method_as_browsers_do) {
  std::string last;
  int status = 0;
  const origin site = origin::answering([&](const std::string& request, int) {
    if (request.find(" /start ") != std::string::npos) return to(status, "/end");
    last = request;
    return ok("");
  });
  client c(site.options());
  for (const int each : {301, 302, 303}) {
    status = each;
    co_await c.post("http://h/start").body("data", "text/plain");
    EXPECT_TRUE(last.starts_with("GET /end ")) << each;
    EXPECT_EQ(last.find("Content-"), std::string::npos) << each;
  }
  for (const int each : {307, 308}) {
    status = each;
    co_await c.post("http://h/start").body("data", "text/plain");
    EXPECT_TRUE(last.starts_with("POST /end ")) << each;
    EXPECT_TRUE(last.ends_with("\r\n\r\ndata")) << each;
  }
  status = 303;
  co_await c.head("http://h/start");
  EXPECT_TRUE(last.starts_with("HEAD /end "));
  co_await c.del("http://h/start");
  EXPECT_TRUE(last.starts_with("GET /end "));
}

EDDY_TEST(client_redirects, S50_do_not_carry_credentials_to_another_origin) {
  std::string last;
  const origin site = origin::answering([&](const std::string& request, int) {
    last = request;
    if (asks_for(request, "GET /near")) return to(302, "/end");
    if (asks_for(request, "GET /far")) return to(302, "http://other/end");
    return ok("");
  });
  client c(site.options());
  co_await c.get("http://h/near").bearer("secret");
  EXPECT_NE(last.find("Authorization: Bearer secret"), std::string::npos);
  co_await c.get("http://h/far").bearer("secret").header("Cookie", "a=b").header("X-Mine", "1");
  EXPECT_NE(last.find("Host: other\r\n"), std::string::npos);
  EXPECT_EQ(last.find("secret"), std::string::npos);
  EXPECT_EQ(last.find("Cookie"), std::string::npos);
  EXPECT_NE(last.find("X-Mine: 1"), std::string::npos);
}

EDDY_TEST(client_redirects, S50_a_circle_is_an_error_that_names_the_chain) {
  const origin site = origin::answering(
      [](const std::string& request, int) { return asks_for(request, "GET /a") ? to(302, "/b") : to(302, "/a#x"); });
  client c(site.options());
  const client_error e = co_await failure_of(c.get("http://h/a"));
  EXPECT_EQ(e.kind(), client_errc::redirect_loop);
  EXPECT_STREQ(e.what(), "get http://h/b: redirected in a circle: http://h/a -> http://h/b -> http://h/a#x");
}

EDDY_TEST(client_redirects, S50_are_counted) {
  const origin site =
      origin::answering([n = 0](const std::string&, int) mutable { return to(302, "/" + std::to_string(++n)); });
  client c(site.options());
  const client_error e = co_await failure_of(c.get("http://h/").redirects(3));
  EXPECT_EQ(e.kind(), client_errc::too_many_redirects);
  EXPECT_NE(std::string(e.what()).find("http://h/ -> http://h/1 -> http://h/2 -> http://h/3 -> http://h/4"),
            std::string::npos)
      << e.what();
}

EDDY_TEST(client_redirects, S50_none_gives_the_redirect_itself) {
  const origin site = origin::answering([](const std::string&, int) { return to(301, "/next"); });
  client c(site.options());
  const reply r = co_await c.get("http://h/").redirects(0);
  EXPECT_EQ(r.status(), 301);
  EXPECT_EQ(r.bytes(), "over");
  EXPECT_EQ(r.headers().get("Location"), "/next");
  EXPECT_TRUE(r.history().empty());
}

EDDY_TEST(client_redirects, S53_can_be_kept_inside_an_origin) {
  const origin site = origin::answering([](const std::string& request, int) {
    if (asks_for(request, "GET /a")) return to(302, "/b");
    return to(302, "https://elsewhere/");
  });
  client c(site.options());
  const reply r = co_await c.get("http://h/a").follow_same_origin();
  EXPECT_EQ(r.status(), 302);
  EXPECT_EQ(r.url().str(), "http://h/b");
  EXPECT_EQ(r.bytes(), "over");
  EXPECT_EQ(r.history().size(), 1U);
}

EDDY_TEST(client_redirects, S53_can_be_refused_by_a_function) {
  const origin site = origin::answering([](const std::string& request, int) {
    return asks_for(request, "GET /a") ? to(302, "/b") : to(307, "/private");
  });
  client c(site.options());
  std::string asked;
  const std::function<bool(const reply_head&, const url&)> agrees = [&](const reply_head& answer, const url& next) {
    asked += std::to_string(answer.status()) + " " + answer.url().str() + " -> " + next.str() + "; ";
    return next.path() != "/private";
  };
  const reply r = co_await c.get("http://h/a").follow_if(agrees);
  EXPECT_EQ(r.status(), 307);
  EXPECT_EQ(r.url().str(), "http://h/b");
  EXPECT_EQ(asked, "302 http://h/a -> http://h/b; 307 http://h/b -> http://h/private; ");
}

EDDY_TEST(client_redirects, S50_elsewhere_than_http_is_an_error) {
  for (const char* location : {"https://h/", "ftp://h/", "http://h:99999/"}) {
    const origin site = origin::answering([&](const std::string&, int) { return to(302, location); });
    client c(site.options());
    const client_error e = co_await failure_of(c.get("http://h/"));
    const bool parses = std::string(location).find("99999") == std::string::npos;
    EXPECT_EQ(e.kind(), parses ? client_errc::unsupported : client_errc::protocol) << e.what();
  }
}

EDDY_TEST(client_redirects, S50_without_a_location_are_answers) {
  const origin site =
      origin::answering([](const std::string&, int) { return "HTTP/1.1 302 Found\r\nContent-Length: 1\r\n\r\n!"; });
  client c(site.options());
  const reply r = co_await c.get("http://h/");
  EXPECT_EQ(r.status(), 302);
  EXPECT_EQ(r.bytes(), "!");
}

EDDY_TEST(client_redirects, L1_one_whose_body_has_not_come_costs_the_connection) {
  const origin site = origin::answering([](const std::string& request, int number) {
    if (asks_for(request, "GET /a"))
      return std::string("HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 100\r\n\r\nonly some");
    return ok(std::to_string(number));
  });
  client c(site.options());
  const reply r = co_await c.get("http://h/a");
  EXPECT_EQ(r.bytes(), "2");
}

}  // namespace
}  // namespace eddy::http
