// SPDX-License-Identifier: BSL-1.0
#include "examples/crawler/fetch.hpp"

#include <chrono>
#include <string>

#include "eddy/flow/rate_limiter.hpp"
#include "eddy/flow/task_group.hpp"
#include "eddy/flow/with.hpp"
#include "eddy/http/router.hpp"
#include "eddy/http/server.hpp"
#include "eddy/testing/test.hpp"

using namespace std::chrono_literals;
using eddy::coro;
namespace http = eddy::http;

namespace {

EDDY_IO_TEST(fetch, S26_requests_and_their_retries_keep_to_the_rate) {
  int asked = 0;
  http::router site;
  site.get("/page", [&]() -> http::response {
    if (++asked == 2) throw http::reply_error(503, "busy");
    return http::text("hello");
  });
  co_await eddy::with(http::server(std::move(site), "127.0.0.1", 0), [&](http::server& server) -> coro<> {
    const std::string url = "http://127.0.0.1:" + std::to_string(server.port()) + "/page";
    const crawler::crawl_options options;
    http::client client;
    eddy::rate_limiter rate(eddy::per_second(500));
    const auto begin = eddy::now();
    co_await eddy::with(eddy::task_group(), [&](eddy::task_group& group) {
      for (int i = 0; i < 10; ++i)
        group.create_task([&, url]() -> coro<> {
          const auto got = co_await crawler::fetch(client, url, options, &rate);
          EXPECT_EQ(got.row.status, 200);
        });
    });
    EXPECT_EQ(asked, 11);
    EXPECT_EQ(rate.statistics().granted, 11U);
    EXPECT_GE(eddy::now() - begin, 18ms);  // ten intervals, of which one may have been made good
  });
}

}  // namespace
