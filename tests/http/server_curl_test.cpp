// SPDX-License-Identifier: BSL-1.0
// What a client that others wrote makes of the server.
#include "eddy/exec/to_thread.hpp"
#include "eddy/flow/with.hpp"
#include "eddy/http/response_writer.hpp"
#include "eddy/http/server.hpp"
#include "eddy/testing/test.hpp"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

using eddy::coro;
using eddy::http::response;
using eddy::http::response_writer;
using eddy::http::server_request;
namespace http = eddy::http;

/// What a command prints.
std::string output_of(std::string command) {
  std::string printed;
  std::FILE* const pipe = ::popen(command.c_str(), "r");
  std::array<char, 4096> some{};
  while (const std::size_t count = std::fread(some.data(), 1, some.size(), pipe)) printed.append(some.data(), count);
  ::pclose(pipe);
  return printed;
}

bool has_curl() { return std::system("command -v curl >/dev/null 2>&1") == 0; }

coro<std::string> run_curl(std::string arguments) {
  std::string printed =
      co_await eddy::to_thread(output_of, "{ curl -sS --noproxy '*' --max-time 20 " + arguments + "; } 2>&1");
  co_return printed;
}

coro<response> app(server_request& request) {
  if (request.path() == "/cut")
    co_return response().stream([](response_writer& out) -> coro<> {
      co_await out.write("part");
      out.cut();
    });
  if (request.path() == "/stream")
    co_return response().stream([](response_writer& out) -> coro<> {
      for (const char* word : {"one ", "two ", "three\n"}) co_await out.write(word);
    });
  request.max_body(SIZE_MAX);
  std::string body = co_await request.body();
  co_return http::text(std::string(request.method()) + " " + std::to_string(body.size()) + "\n");
}

coro<> ask_with_curl() {
  co_await eddy::with(http::server(app, "127.0.0.1", 0), [](http::server& s) -> coro<> {
    const std::string url = "http://127.0.0.1:" + std::to_string(s.port());
    const std::string two = co_await run_curl("-w '%{http_code} %{num_connects}\\n' " + url + "/a " + url + "/stream");
    EXPECT_EQ(two, "GET 0\n200 1\none two three\n200 0\n");  // one connection for both
    const std::string head = co_await run_curl("-I -o /dev/null -w '%header{content-length}' " + url + "/");
    EXPECT_EQ(head, "7");
    const std::string cut = co_await run_curl(url + "/cut; echo $?");
    EXPECT_NE(cut.find("18\n"), std::string::npos) << cut;  // a partial transfer
    const std::string old = co_await run_curl("--http1.0 " + url + "/stream");
    EXPECT_EQ(old, "one two three\n");
  });
}

coro<> upload_with_curl() {
  co_await eddy::with(http::server(app, "127.0.0.1", 0), [](http::server& s) -> coro<> {
    const std::string url = "http://127.0.0.1:" + std::to_string(s.port());
    const std::string sized =
        co_await run_curl("--data-binary @$(command -v curl) -H 'Expect: 100-continue' " + url + "/up");
    EXPECT_EQ(sized.substr(0, 5), "POST ");
    const std::string chunked = co_await run_curl("-T - " + url + "/up < $(command -v curl)");
    EXPECT_EQ("POST" + chunked.substr(3), sized);
  });
}

}  // namespace

TEST(http_server_curl, reads_all_kinds_of_answers) {
  if (!has_curl()) GTEST_SKIP() << "curl is not installed";
  eddy::testing::run_test(ask_with_curl, eddy::testing::test_clock::real_time);
}

TEST(http_server_curl, sends_bodies_with_length_and_in_chunks) {
  if (!has_curl()) GTEST_SKIP() << "curl is not installed";
  eddy::testing::run_test(upload_with_curl, eddy::testing::test_clock::real_time);
}
