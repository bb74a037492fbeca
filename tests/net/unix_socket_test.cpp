// SPDX-License-Identifier: BSL-1.0
// Streams over Unix sockets: addresses, files, queues, who is at the other end.
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "eddy/coro/task.hpp"
#include "eddy/flow/as_outcome.hpp"
#include "eddy/flow/gather.hpp"
#include "eddy/flow/on_cancel.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/timeout.hpp"
#include "eddy/flow/with.hpp"
#include "eddy/net/listener.hpp"
#include "eddy/net/open_connection.hpp"
#include "eddy/net/server.hpp"
#include "eddy/testing/explore.hpp"
#include "eddy/testing/test.hpp"
#include "tests/net/pairs.hpp"
#include "tests/net/temporary_directory.hpp"
#include "tests/support/moments.hpp"

using namespace eddy;
using namespace std::chrono_literals;
using eddy::testing::pattern;
using eddy::testing::temporary_directory;
using ::testing::HasSubstr;

namespace {

coro<> echo(stream connection) {
  auto lines = connection.reader().lines();
  while (auto line = co_await lines.next()) co_await connection.writer().write(*line, "\n");
}

coro<std::string> ask(unix_address to, std::string question) {
  stream connection = co_await open_unix_connection(std::move(to));
  co_await connection.writer().write(question, "\n");
  auto answer = co_await connection.reader().readline();
  co_return answer.value_or("<end>");
}

bool exists(const std::string& path) {
  struct stat there{};
  return lstat(path.c_str(), &there) == 0;
}

/// A file as a server leaves it that was killed.
void leave_stale(const std::string& path) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_storage at{};
  const socklen_t size = unix_address(path).to_system(at);
  EXPECT_EQ(::bind(fd, reinterpret_cast<const sockaddr*>(&at), size), 0);
  EXPECT_EQ(::listen(fd, 1), 0);
  ::close(fd);
}

EDDY_IO_TEST(unix_socket, S44_serves_on_a_path_and_removes_it) {
  const temporary_directory home;
  const std::string path = home / "x.sock";
  co_await with(start_unix_server(echo, path), [&path](server& s) -> coro<> {
    EXPECT_EQ(s.addresses().at(0), unix_address(path));
    EXPECT_TRUE(s.endpoints().empty());
    EXPECT_THROW(s.port(), misuse_error);
    const std::string answer = co_await ask(path, "hello");
    EXPECT_EQ(answer, "hello");
  });
  EXPECT_FALSE(exists(path));
}

EDDY_IO_TEST(unix_socket, S44_serves_on_an_abstract_name_with_any_bytes) {
  const unix_address at = unix_address::abstract(std::string("eddy\0test\xff", 10) + std::to_string(getpid()));
  co_await with(start_unix_server(echo, at), [&at](server& s) -> coro<> {
    EXPECT_EQ(s.addresses().at(0), at);
    const std::string answer = co_await ask(at, "hello");
    EXPECT_EQ(answer, "hello");
  });
  bool refused = false;
  try {
    const std::string none = co_await ask(at, "gone");
  } catch (const connect_error& e) {
    refused = e.code() == std::errc::connection_refused && e.attempts().at(0).address == at;
  }
  EXPECT_TRUE(refused) << "the name has gone with its socket";
}

EDDY_IO_TEST(unix_socket, S44_both_ends_know_their_addresses_and_who_is_there) {
  const temporary_directory home;
  const unix_address at = home / "x.sock";
  listener waiting(at);
  stream near = co_await open_unix_connection(at);
  stream far = co_await waiting.accept();
  EXPECT_EQ(far.local_address(), at);
  EXPECT_EQ(near.remote_address(), at);
  EXPECT_EQ(near.local_address(), unix_address());
  EXPECT_FALSE(near.local_endpoint());
  for (const stream* end : {&near, &far}) {
    const auto peer = end->credentials();
    EDDY_ASSERT_TRUE(peer.has_value());
    EXPECT_EQ(peer->pid, getpid());
    EXPECT_EQ(peer->uid, geteuid());
    EXPECT_EQ(peer->gid, getegid());
  }
  auto tcp = co_await eddy::testing::tcp_pair();
  EXPECT_FALSE(tcp.first.credentials());
  EXPECT_THROW(waiting.local_endpoint(), misuse_error);
}

EDDY_IO_TEST(unix_socket, S44_a_file_that_a_dead_server_has_left_is_replaced) {
  const temporary_directory home;
  const std::string path = home / "x.sock";
  leave_stale(path);
  co_await with(start_unix_server(echo, path), [&path](server&) -> coro<> {
    const std::string answer = co_await ask(path, "hello");
    EXPECT_EQ(answer, "hello");
  });
  EXPECT_FALSE(exists(path));
}

coro<std::error_code> error_of_serving(std::string path) {
  try {
    co_await with(start_unix_server(echo, path), [](server&) -> coro<> { co_return; });
  } catch (const std::system_error& e) {
    EXPECT_THAT(e.what(), HasSubstr(path));
    co_return e.code();
  }
  co_return std::error_code();
}

EDDY_IO_TEST(unix_socket, S44_a_living_servers_file_and_other_files_stay) {
  const temporary_directory home;
  const std::string path = home / "x.sock";
  int served = 0;
  auto count = [&served](stream) -> coro<> {
    ++served;
    co_return;
  };
  co_await with(start_unix_server(count, path), [&](server&) -> coro<> {
    const std::error_code code = co_await error_of_serving(path);
    EXPECT_EQ(code, std::errc::address_in_use);
    stream still = co_await open_unix_connection(path);
    while (served == 0) co_await sleep(1ms);
  });
  EXPECT_EQ(served, 1) << "to look whether it lives is no connection";
  const std::string plain = home / "file";
  std::ofstream(plain) << "precious";
  const std::error_code code = co_await error_of_serving(plain);
  EXPECT_EQ(code, std::errc::address_in_use);
  EXPECT_EQ(std::filesystem::file_size(plain), 8U);
  std::filesystem::create_symlink(plain, home / "link");
  const std::error_code of_link = co_await error_of_serving(home / "link");
  EXPECT_EQ(of_link, std::errc::address_in_use);
  EXPECT_TRUE(exists(home / "link"));
}

EDDY_IO_TEST(unix_socket, S44_close_leaves_a_file_that_somebody_else_has_put_there) {
  const temporary_directory home;
  const std::string path = home / "x.sock";
  listener first{unix_address(path)};
  ::unlink(path.c_str());
  listener second{unix_address(path)};
  first.close();
  EXPECT_TRUE(exists(path));
  stream client = co_await open_unix_connection(path);
  stream server = co_await second.accept();
  second.close();
  EXPECT_FALSE(exists(path));
}

EDDY_IO_TEST(unix_socket, S44_permissions_are_those_that_were_asked_for) {
  const temporary_directory home;
  const std::string path = home / "x.sock";
  co_await with(start_unix_server(echo, path).permissions(0620), [&path](server&) -> coro<> {
    struct stat there{};
    EXPECT_EQ(lstat(path.c_str(), &there), 0);
    EXPECT_EQ(there.st_mode & 0777U, 0620U);
    co_return;
  });
}

// connect() gives EAGAIN then, which looks as if it were under way: asyncio takes it for a connection.
EDDY_IO_TEST(unix_socket, S44_a_full_queue_is_waited_for_and_never_taken_for_a_connection) {
  const temporary_directory home;
  const unix_address at = home / "x.sock";
  listener::settings narrow;
  narrow.backlog = 0;
  listener busy(at, narrow);
  stream first = co_await open_unix_connection(at);
  bool timed_out = false;
  try {
    stream none = co_await open_unix_connection(at).timeout(20ms);
  } catch (const timeout_error& e) {
    timed_out = true;
    EXPECT_THAT(e.what(), HasSubstr("limit of 20 ms"));
  }
  EXPECT_TRUE(timed_out);
  auto patient = create_task([&at]() -> coro<> {
    stream second = co_await open_unix_connection(at);
    co_await second.writer().write("second\n");
    co_await second.close();
  });
  co_await sleep(5ms);
  EXPECT_FALSE(patient.done());
  stream one = co_await busy.accept();
  stream two = co_await busy.accept();
  const auto line = co_await two.reader().readline();
  EXPECT_EQ(line, "second");
  co_await patient;
}

EDDY_IO_TEST(unix_socket, S44_nobody_there_and_no_permission_are_errors_that_name_the_path) {
  const temporary_directory home;
  const std::string path = home / "missing.sock";
  std::string text;
  try {
    const std::string none = co_await ask(path, "x");
  } catch (const connect_error& e) {
    text = e.what();
    EXPECT_EQ(e.code(), std::errc::no_such_file_or_directory);
  }
  EXPECT_THAT(text, HasSubstr("cannot connect to " + path));
  leave_stale(path);
  bool refused = false;
  try {
    const std::string none = co_await ask(path, "x");
  } catch (const connect_error& e) {
    refused = e.code() == std::errc::connection_refused;
  }
  EXPECT_TRUE(refused);
}

EDDY_IO_TEST(unix_socket, S44_megabytes_go_both_ways_and_each_end_half_closes) {
  static const std::string text = pattern(3 << 20);
  const temporary_directory home;
  const unix_address at = home / "x.sock";
  listener waiting(at);
  stream near = co_await open_unix_connection(at);
  stream far = co_await waiting.accept();
  const auto talk = [](stream& end) -> coro<> {
    co_await end.writer().write(text);
    co_await end.writer().write_eof();
  };
  const auto listen = [](stream& end) -> coro<> {
    const std::string all = co_await end.reader().read_all(text.size());
    EXPECT_TRUE(all == text);
  };
  co_await gather(talk(near), listen(near), talk(far), listen(far));
}

EDDY_IO_TEST(unix_socket, S44_a_socketpair_is_a_stream_at_either_end) {
  std::array<int, 2> fds{};
  EDDY_ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, fds.data()), 0);
  stream near = stream::from_descriptor(fds[0]);
  stream far = stream::from_descriptor(fds[1]);
  co_await near.writer().write("over\n");
  const auto line = co_await far.reader().readline();
  EXPECT_EQ(line, "over");
}

TEST(unix_socket, L1_the_loop_may_shut_down_while_a_full_queue_is_waited_for) {
  const temporary_directory home;
  bool unwound = false;
  eddy::testing::shut_down_during([&]() -> coro<> {
    const auto note = on_cancel([&unwound] { unwound = true; });
    const unix_address at = home / "x.sock";
    listener::settings narrow;
    narrow.backlog = 0;
    listener busy(at, narrow);
    stream first = co_await open_unix_connection(at);
    stream second = co_await open_unix_connection(at);
  });
  EXPECT_TRUE(unwound);
  EXPECT_FALSE(exists(home / "x.sock"));
}

TEST(unix_socket, L1_L5_every_await_of_client_and_server_may_be_disturbed) {
  const temporary_directory home;
  const auto result = eddy::testing::explore(
      [&home]() -> coro<> {
        event_loop::current().set_exception_handler([](const unhandled_error&) {});
        const unix_address at = home / "x.sock";
        co_await with(start_unix_server(echo, at).close_timeout(1ms), [&at](server&) -> coro<> {
          const auto end = co_await as_outcome(wait_for(ask(at, "x"), 5s));
          if (end.has_exception()) std::rethrow_exception(end.exception());
        });
      },
      eddy::testing::explore_options()
          .clock(eddy::testing::test_clock::real_time)
          .timeouts()
          .closing()
          .second_cancel()
          .faults()
          .check([&home]() -> std::string { return exists(home / "x.sock") ? "the socket's file was left" : ""; }));
  EXPECT_GT(result.cancel_points, 5U);
  EXPECT_GT(result.faults, 5U);
}

}  // namespace
