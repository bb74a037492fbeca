// SPDX-License-Identifier: BSL-1.0
// The client on real descriptors: against scripted servers and nginx, on loopback.
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "eddy/flow/gather.hpp"
#include "eddy/flow/map_concurrent.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/task_group.hpp"
#include "eddy/flow/timeout.hpp"
#include "eddy/http/client.hpp"
#include "eddy/net/listener.hpp"
#include "eddy/net/server.hpp"
#include "eddy/testing/explore.hpp"
#include "eddy/testing/test.hpp"
#include "origin.hpp"

extern char** environ;

namespace eddy::http {
namespace {

using namespace std::chrono_literals;
using test::failure_of;
using test::ok;
using test::read_request;

/// Answers with the request's path, the slow ones late.
coro<> echo_paths(stream& io) {
  while (true) {
    const std::string request = co_await read_request(io);
    if (request.empty()) co_return;
    const std::string path = request.substr(4, request.find(' ', 4) - 4);
    if (path == "/slow") {
      const bool there = co_await test::pause(io, 50ms);
      if (!there) co_return;
    }
    co_await io.writer().write(ok(path));
  }
}
coro<> echo_path(stream io) {
  try {
    co_await echo_paths(io);
  } catch (const std::system_error&) {  // the client went away
  }
}

std::string at(const server& s, std::string_view path) {
  return "http://127.0.0.1:" + std::to_string(s.port()) + std::string(path);
}

EDDY_IO_TEST(client_io, S50_a_thousand_requests_at_once_get_their_own_answers) {
  co_await with(start_server(echo_path, "127.0.0.1", 0), [](server& s) -> coro<> {
    client c(client_options().per_host(50));
    int right = 0;
    const auto ask = [&](int i) -> coro<> {
      const std::string path = "/" + std::to_string(i);
      const reply r = co_await c.get(at(s, path));
      right += r.bytes() == path;
    };
    co_await with(task_group(), [&](task_group& group) -> coro<> {
      for (int i = 0; i < 1000; ++i) group.create_task(ask, i);
      co_return;
    });
    EXPECT_EQ(right, 1000);
    EXPECT_EQ(c.statistics().connections, 50U);
  });
}

EDDY_IO_TEST(client_io, L1_the_late_answer_of_a_timed_out_request_reaches_nobody) {
  co_await with(start_server(echo_path, "127.0.0.1", 0), [](server& s) -> coro<> {
    client c(client_options().per_host(1));
    for (int i = 0; i < 5; ++i) {
      const client_error e = co_await failure_of(c.get(at(s, "/slow")).timeout(5ms));
      EXPECT_EQ(e.kind(), client_errc::timeout);
      const reply r = co_await c.get(at(s, "/mine"));
      EXPECT_EQ(r.bytes(), "/mine");
    }
  });
}

EDDY_IO_TEST(client_io, S50_nobody_listens) {
  std::uint16_t port = 0;
  {
    const listener once(*endpoint::parse("127.0.0.1:0"));
    port = once.port();
  }
  client c;
  const std::string where = "http://127.0.0.1:" + std::to_string(port) + "/";
  const client_error e = co_await failure_of(c.get(where));
  EXPECT_EQ(e.kind(), client_errc::connect);
  EXPECT_TRUE(std::string(e.what()).starts_with("get " + where + ": ")) << e.what();
  EXPECT_NE(std::string(e.what()).find("refused"), std::string::npos) << e.what();
}

EDDY_IO_TEST(client_io, S50_a_host_without_an_address) {
  client c;
  const client_error e = co_await failure_of(c.get("http://no-such-host.invalid/").connect_timeout(20s));
  EXPECT_EQ(e.kind(), client_errc::resolve) << e.what();
}

EDDY_IO_TEST(client_io, S50_a_reset_in_the_middle_is_truncated) {
  const auto reset = [](stream io) -> coro<> {
    const std::string request = co_await read_request(io);
    co_await io.writer().write("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nsome");
    co_await io.writer().drain();
    throw std::system_error(ECONNABORTED, std::generic_category());  // the server aborts it
  };
  co_await with(start_server(reset, "127.0.0.1", 0), [](server& s) -> coro<> {
    context::current().loop().set_exception_handler([](const auto&) {});
    client c;
    const client_error e = co_await failure_of(c.get(at(s, "/")));
    EXPECT_EQ(e.kind(), client_errc::truncated) << e.what();
  });
}

coro<> a_few_requests(server& s) {
  client c(client_options().per_host(2));
  const auto ask = [](client& from, std::string url) -> coro<> { co_await from.get(url); };
  co_await gather(ask(c, at(s, "/1")), ask(c, at(s, "/2")), ask(c, at(s, "/3")));
}

TEST(client_io, L1_requests_on_sockets_can_be_cancelled_anywhere) {
  const auto body = []() -> coro<> {
    co_await with(start_server(echo_path, "127.0.0.1", 0), [](server& s) -> coro<> { co_await a_few_requests(s); });
  };
  const auto went = testing::explore(body, testing::explore_options().clock(testing::test_clock::real_time));
  EXPECT_GT(went.cancel_points, 50U);
}

/// A real nginx with a few files, on a port of its own; stopped by its process id. A daemon, since a test must have no
/// child left.
class nginx {
 public:
  nginx() {
    char name[] = "/tmp/eddy-nginx-XXXXXX";
    folder_ = ::mkdtemp(name);
    port_ = free_port();
    write("page.html", "<p>" + std::string(5000, 'x') + "</p>");
    write("small.txt", "small");
    std::ofstream(folder_ / "nginx.conf")
        << "daemon on; master_process off; pid " << (folder_ / "pid").string() << "; error_log "
        << (folder_ / "error.log").string()
        << ";\nevents {}\nhttp { access_log off; types { text/html html; text/plain txt; }\n"
        << "gzip on; gzip_min_length 100; client_body_temp_path " << folder_.string() << "/b; proxy_temp_path "
        << folder_.string() << "/p; fastcgi_temp_path " << folder_.string() << "/f; uwsgi_temp_path "
        << folder_.string() << "/u; scgi_temp_path " << folder_.string() << "/s;\nserver { listen 127.0.0.1:" << port_
        << "; keepalive_requests 10; root " << folder_.string()
        << "; location /moved { return 301 /small.txt; } location /no { return 405 'no'; } } }\n";
    start();
  }
  ~nginx() {
    if (pid_ > 0) {
      ::kill(pid_, SIGTERM);
      for (int i = 0; i < 500 && listens(); ++i) std::this_thread::sleep_for(10ms);
    }
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  nginx(const nginx&) = delete;
  nginx& operator=(const nginx&) = delete;

  static bool installed() { return ::access("/usr/sbin/nginx", X_OK) == 0; }
  std::string url(std::string_view path) const {
    return "http://127.0.0.1:" + std::to_string(port_) + std::string(path);
  }
  bool running() const { return pid_ > 0; }

 private:
  static std::uint16_t free_port() {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_storage address{};
    const socklen_t size = endpoint::parse("127.0.0.1:0")->to_system(address);
    ::bind(fd, reinterpret_cast<const sockaddr*>(&address), size);
    socklen_t room = sizeof address;
    ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &room);
    ::close(fd);
    return endpoint::from_system(address).port();
  }
  void write(const char* name, const std::string& text) { std::ofstream(folder_ / name) << text; }
  void start() {
    const std::string conf = (folder_ / "nginx.conf").string();
    const std::string log = (folder_ / "error.log").string();
    const char* arguments[] = {"nginx", "-c", conf.c_str(), "-e", log.c_str(), nullptr};
    pid_t starter = 0;
    if (::posix_spawn(&starter, "/usr/sbin/nginx", nullptr, nullptr, const_cast<char**>(arguments), environ) != 0)
      return;
    ::waitpid(starter, nullptr, 0);
    for (int i = 0; i < 500 && pid_ == 0; ++i) {
      if (!(std::ifstream(folder_ / "pid") >> pid_) || !listens()) {
        pid_ = 0;
        std::this_thread::sleep_for(10ms);
      }
    }
  }
  bool listens() const {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_storage address{};
    const socklen_t size = endpoint::parse("127.0.0.1:" + std::to_string(port_))->to_system(address);
    const bool yes = ::connect(fd, reinterpret_cast<const sockaddr*>(&address), size) == 0;
    ::close(fd);
    return yes;
  }

  std::filesystem::path folder_;
  std::uint16_t port_ = 0;
  pid_t pid_ = 0;
};

TEST(client_io, S50_nginx_is_understood) {
  if (!nginx::installed()) GTEST_SKIP() << "nginx is not installed";
  const nginx web;
  ASSERT_TRUE(web.running());
  testing::run_test(
      [&]() -> coro<> {
        client c(client_options().per_host(8));
        const reply page = co_await c.get(web.url("/page.html"));
        EXPECT_EQ(page.status(), 200);
        EXPECT_EQ(page.bytes().size(), 5007U);
        EXPECT_FALSE(page.headers().contains("Content-Encoding"));  // nginx sent it compressed and chunked
        EXPECT_FALSE(page.headers().contains("Content-Length"));
        EXPECT_TRUE(page.content_type().is_html());
        const reply moved = co_await c.get(web.url("/moved"));
        EXPECT_EQ(moved.bytes(), "small");
        EXPECT_EQ(moved.history().size(), 1U);
        const reply missing = co_await c.get(web.url("/missing"));
        EXPECT_EQ(missing.status(), 404);
        const reply head = co_await c.head(web.url("/small.txt"));
        EXPECT_EQ(head.headers().get("Content-Length"), "5");
        const reply refused = co_await c.post(web.url("/no")).body(std::string(500'000, 'x'));
        EXPECT_EQ(refused.status(), 405);
        int right = 0;
        const auto ask = [&]() -> coro<> {  // nginx closes each connection after ten requests
          const reply r = co_await c.get(web.url("/small.txt"));
          right += r.bytes() == "small";
        };
        co_await with(task_group(), [&](task_group& group) -> coro<> {
          for (int i = 0; i < 300; ++i) group.create_task(ask);
          co_return;
        });
        EXPECT_EQ(right, 300);
        EXPECT_LE(c.statistics().connections, 8U);
      },
      testing::test_clock::real_time);
}

}  // namespace
}  // namespace eddy::http
