// SPDX-License-Identifier: BSL-1.0
#include "eddy/net/inherited_socket.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

#include "eddy/exec/to_thread.hpp"
#include "eddy/flow/as_outcome.hpp"
#include "eddy/flow/with.hpp"
#include "eddy/net/listener.hpp"
#include "eddy/net/open_connection.hpp"
#include "eddy/net/server.hpp"
#include "eddy/testing/test.hpp"
#include "tests/net/pairs.hpp"

using namespace eddy;
using namespace std::chrono_literals;
using ::testing::HasSubstr;

namespace {

/// A listening socket as another program makes one: blocking, and kept over exec.
int foreign_listener() {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_storage at{};
  const socklen_t size = endpoint(ip_address::loopback_v4(), 0).to_system(at);
  EXPECT_EQ(::bind(fd, reinterpret_cast<const sockaddr*>(&at), size), 0);
  EXPECT_EQ(::listen(fd, 8), 0);
  return fd;
}

coro<> greet(stream connection) { co_await connection.writer().write("hello\n"); }

EDDY_IO_TEST(inherited_socket, S44_a_server_takes_on_a_socket_that_listens_already) {
  const int fd = foreign_listener();
  auto made = start_server(greet, inherited_socket(fd, "web"));
  co_await with(std::move(made), [fd](server& s) -> coro<> {
    EXPECT_NE(s.port(), 0);
    EXPECT_NE(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
    EXPECT_NE(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
    stream client = co_await open_connection("127.0.0.1", s.port());
    const auto line = co_await client.reader().readline();
    EXPECT_EQ(line, "hello");
  });
  EXPECT_EQ(fcntl(fd, F_GETFD), -1) << "it was closed with the server";
}

template <class Take>
std::string refusal(Take take) {
  try {
    take();
  } catch (const misuse_error& e) {
    return e.what();
  }
  return "";
}

EDDY_IO_TEST(inherited_socket, L9_what_a_descriptor_is_is_checked_and_said) {
  auto pair = co_await eddy::testing::tcp_pair();
  std::array<int, 2> pipe_ends{};
  EDDY_ASSERT_EQ(pipe2(pipe_ends.data(), O_CLOEXEC), 0);
  const auto listens = [](int fd) { return refusal([fd] { listener none{inherited_socket(fd)}; }); };
  const auto connected = [](int fd) { return refusal([fd] { stream none = stream::from_descriptor(fd); }); };
  EXPECT_THAT(listens(dup(pair.first.native_handle())), HasSubstr("does not listen"));
  EXPECT_THAT(listens(dup(pipe_ends[0])), HasSubstr("is no socket"));
  EXPECT_THAT(connected(dup(pipe_ends[0])), HasSubstr("is no socket"));
  EXPECT_THAT(connected(foreign_listener()), HasSubstr("listens; give it to a listener"));
  EXPECT_THAT(connected(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), HasSubstr("not connected"));
  EXPECT_THAT(connected(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)), HasSubstr("no stream socket"));
  EXPECT_THAT(connected(-1), HasSubstr("is no socket"));
  for (const int fd : pipe_ends) ::close(fd);
}

EDDY_IO_TEST(inherited_socket, S44_a_stream_hands_its_descriptor_over_and_another_takes_it_on) {
  auto pair = co_await eddy::testing::tcp_pair();
  co_await pair.first.writer().write("before\n");
  EXPECT_THROW((void)pair.second.reader().buffered().at(0), std::out_of_range);
  const auto first = co_await pair.second.reader().readline();
  EXPECT_EQ(first, "before");
  const int fd = pair.second.release();
  EXPECT_FALSE(pair.second);
  co_await pair.first.writer().write("between\n");
  stream again = stream::from_descriptor(fd);
  const auto second = co_await again.reader().readline();
  EXPECT_EQ(second, "between");
  co_await again.writer().write("back\n");
  const auto back = co_await pair.first.reader().readline();
  EXPECT_EQ(back, "back");
}

EDDY_IO_TEST(inherited_socket, L1_release_refuses_when_bytes_would_be_lost) {
  auto pair = co_await eddy::testing::tcp_pair();
  co_await pair.first.writer().write("one\ntwo\n");
  auto line = co_await pair.second.reader().readline();
  EXPECT_EQ(line, "one");
  EXPECT_THROW((void)pair.second.release(), misuse_error) << "\"two\" is in the reader";
  line = co_await pair.second.reader().readline();
  EXPECT_EQ(line, "two");
  auto waiting = create_task([&pair]() -> coro<> { const std::string none = co_await pair.second.reader().read(); });
  co_await sleep(0s);
  EXPECT_THROW((void)pair.second.release(), misuse_error) << "somebody reads";
  waiting.cancel();
  const auto end = co_await as_outcome(waiting);
  const int fd = pair.second.release();
  EXPECT_GE(fd, 0);
  ::close(fd);
  auto memory = memory_pipe();
  EXPECT_THROW((void)memory.first.release(), misuse_error);
}

/// What a program says that was started as a service manager starts one: with listening sockets from number 3 on.
/// Written for the time between fork and exec, so in C.
[[noreturn]] void become_service(const std::vector<int>& sockets, const char* names, bool other_process) {
  for (std::size_t i = 0; i < sockets.size(); ++i) dup2(sockets[i], 100 + static_cast<int>(i));
  for (std::size_t i = 0; i < sockets.size(); ++i) dup2(100 + static_cast<int>(i), 3 + static_cast<int>(i));
  setenv("LISTEN_PID", std::to_string(getpid() + (other_process ? 1 : 0)).c_str(), 1);
  setenv("LISTEN_FDS", std::to_string(sockets.size()).c_str(), 1);
  setenv("LISTEN_FDNAMES", names, 1);
  int wrong = 0;
  const auto expect = [&wrong](bool holds) { wrong = 2 * wrong + (holds ? 0 : 1); };
  std::vector<inherited_socket> taken = inherited_sockets();
  if (other_process) {
    expect(taken.empty());
  } else {
    expect(taken.size() == 2);
    expect(taken.size() == 2 && taken[0].fd() == 3 && taken[1].fd() == 4);
    expect(taken.size() == 2 && taken[0].name() == "web" && taken[1].name() == "admin");
    expect((fcntl(3, F_GETFD) & FD_CLOEXEC) != 0);
  }
  expect(std::getenv("LISTEN_FDS") == nullptr && std::getenv("LISTEN_PID") == nullptr &&
         std::getenv("LISTEN_FDNAMES") == nullptr);
  expect(inherited_sockets().empty());
  _exit(wrong);
}

/// @returns 0 when everything was as it should be.
int run_service(const char* names, bool other_process) {
  const std::vector<int> sockets{foreign_listener(), foreign_listener()};
  const pid_t child = fork();
  if (child == 0) become_service(sockets, names, other_process);
  for (const int fd : sockets) ::close(fd);
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(socket_activation, S44_takes_over_what_a_service_manager_has_opened_once) {
  EXPECT_EQ(run_service("web:admin", false), 0);
  EXPECT_EQ(run_service("web:admin", true), 0) << "they were another process's";
}

TEST(socket_activation, S44_without_a_service_manager_there_are_none_and_nonsense_is_refused) {
  EXPECT_TRUE(inherited_sockets().empty());
  setenv("LISTEN_PID", std::to_string(getpid()).c_str(), 1);
  setenv("LISTEN_FDS", "many", 1);
  EXPECT_THROW((void)inherited_sockets(), misuse_error);
  EXPECT_EQ(std::getenv("LISTEN_FDS"), nullptr);
}

}  // namespace
