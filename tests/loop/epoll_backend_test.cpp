// SPDX-License-Identifier: BSL-1.0
#include "eddy/loop/epoll_backend.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

using namespace std::chrono_literals;

namespace {

using namespace eddy::detail;

struct request final : io_request {
  int completions = 0;
  request(descriptor& d, io_kind k, void* bytes, std::size_t count) {
    target = &d;
    kind = k;
    data = bytes;
    size = count;
  }
  void completed() noexcept override { ++completions; }
};

class epoll_pair : public testing::Test {
 protected:
  epoll_pair() {
    std::array<int, 2> fds{};
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds.data()), 0);
    near_.fd = fds[0];
    far_ = fds[1];
    io_.attach(near_);
  }
  ~epoll_pair() override {
    if (near_.fd >= 0) io_.close(near_);
    if (far_ >= 0) ::close(far_);
  }
  void write_far(std::string_view text) {
    EXPECT_EQ(::write(far_, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  std::string text(const request& r) { return {static_cast<const char*>(r.data), static_cast<std::size_t>(r.result)}; }

  epoll_backend io_;
  descriptor near_;
  int far_ = -1;
  std::array<char, 64> bytes_{};
};

using epoll_backend_test = epoll_pair;

TEST_F(epoll_backend_test, a_read_waits_for_the_edge_and_completes_once) {
  request r(near_, io_kind::receive, bytes_.data(), bytes_.size());
  EXPECT_FALSE(io_.start(r));
  EXPECT_EQ(io_.pending(), 1U);
  io_.poll(0ns);
  EXPECT_EQ(r.completions, 0);
  write_far("hello");
  io_.poll(1s);
  EXPECT_EQ(r.completions, 1);
  EXPECT_EQ(text(r), "hello");
  EXPECT_EQ(io_.pending(), 0U);
}

TEST_F(epoll_backend_test, bytes_that_were_not_read_stay_for_the_next_read) {
  request first(near_, io_kind::receive, bytes_.data(), 2);
  EXPECT_FALSE(io_.start(first));
  write_far("abcd");
  io_.poll(1s);
  EXPECT_EQ(text(first), "ab");
  request second(near_, io_kind::receive, bytes_.data(), bytes_.size());
  EXPECT_TRUE(io_.start(second)) << "there is no second edge";
  EXPECT_EQ(text(second), "cd");
}

TEST_F(epoll_backend_test, L1_a_withdrawn_read_takes_nothing) {
  request r(near_, io_kind::receive, bytes_.data(), bytes_.size());
  EXPECT_FALSE(io_.start(r));
  write_far("kept");
  EXPECT_TRUE(io_.withdraw(r));
  io_.poll(0ns);
  EXPECT_EQ(r.completions, 0);
  request again(near_, io_kind::receive, bytes_.data(), bytes_.size());
  if (!io_.start(again)) io_.poll(1s);
  EXPECT_EQ(text(again), "kept");
}

TEST_F(epoll_backend_test, the_end_of_the_stream_is_told_again_and_again) {
  write_far("last");
  ::close(std::exchange(far_, -1));
  std::string all;
  for (int i = 0; i < 3; ++i) {
    request r(near_, io_kind::receive, bytes_.data(), bytes_.size());
    if (!io_.start(r)) io_.poll(1s);
    ASSERT_GE(r.result, 0);
    all += text(r) + "|";
  }
  EXPECT_EQ(all, "last|||");
}

// Program 6: the number of a closed descriptor comes back for another socket; an old event must not complete its read.
TEST_F(epoll_backend_test, L4_an_event_of_a_closed_descriptor_reaches_no_successor) {
  const int copy = ::dup(near_.fd);  // keeps the registration alive, as a child process would
  const int number = near_.fd;
  io_.close(near_);
  std::array<int, 2> fresh{};
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fresh.data()), 0);
  ASSERT_EQ(fresh[0], number) << "the system gives the lowest free number";
  descriptor successor;
  successor.fd = fresh[0];
  io_.attach(successor);
  request r(successor, io_kind::wait_readable, nullptr, 0);
  EXPECT_FALSE(io_.start(r));
  write_far("for the old one");
  io_.poll(10ms);
  EXPECT_EQ(r.completions, 0);
  EXPECT_TRUE(io_.withdraw(r));
  io_.close(successor);
  ::close(fresh[1]);
  ::close(copy);
}

TEST_F(epoll_backend_test, a_send_that_finds_no_room_waits_for_it) {
  std::vector<char> lump(1 << 20, 'x');
  std::size_t sent = 0;
  request r(near_, io_kind::send, lump.data(), lump.size());
  while (io_.start(r)) {
    ASSERT_GT(r.result, 0);
    sent += static_cast<std::size_t>(r.result);
  }
  std::vector<char> sink(1 << 20);
  std::size_t received = 0;
  while (r.completions == 0) {
    const ssize_t n = ::read(far_, sink.data(), sink.size());
    if (n > 0) received += static_cast<std::size_t>(n);
    io_.poll(0ns);
  }
  sent += static_cast<std::size_t>(r.result);
  for (ssize_t n = 0; (n = ::read(far_, sink.data(), sink.size())) > 0;) received += static_cast<std::size_t>(n);
  EXPECT_EQ(sent, received);
}

/// A receive that is not done in poll().
struct patient final : io_request {
  patient(descriptor& d, void* bytes, std::size_t count) {
    target = &d;
    kind = io_kind::receive;
    data = bytes;
    size = count;
    in_step = true;
  }
  void completed() noexcept override { ADD_FAILURE() << "finish() completes it"; }
  void ready() noexcept override { ++told; }
  int told = 0;
};

TEST_F(epoll_backend_test, a_read_in_a_step_is_told_of_the_edge_and_takes_nothing_before_its_turn) {
  patient r(near_, bytes_.data(), bytes_.size());
  EXPECT_FALSE(io_.start(r));
  io_.poll(0ns);
  EXPECT_EQ(r.told, 0);
  write_far("one");
  io_.poll(1s);
  EXPECT_EQ(r.told, 1);
  EXPECT_TRUE(r.pending);
  EXPECT_EQ(io_.pending(), 1U);
  write_far("two");
  io_.poll(0ns);
  EXPECT_TRUE(io_.finish(r));
  EXPECT_EQ(std::string(bytes_.data(), static_cast<std::size_t>(r.result)), "onetwo");
  EXPECT_FALSE(r.pending);
  EXPECT_EQ(io_.pending(), 0U);
  EXPECT_FALSE(io_.start(r)) << "the next waits for the next edge";
  EXPECT_TRUE(io_.withdraw(r));
}

TEST_F(epoll_backend_test, a_read_in_a_step_that_finds_nothing_waits_for_the_next_edge) {
  patient r(near_, bytes_.data(), bytes_.size());
  EXPECT_FALSE(io_.start(r));
  write_far("stolen");
  io_.poll(1s);
  EXPECT_EQ(::recv(near_.fd, bytes_.data(), bytes_.size(), 0), 6);
  EXPECT_FALSE(io_.finish(r));
  EXPECT_TRUE(r.pending);
  io_.poll(0ns);
  EXPECT_EQ(r.told, 1);
  write_far("mine");
  io_.poll(1s);
  EXPECT_EQ(r.told, 2);
  EXPECT_TRUE(io_.finish(r));
  EXPECT_EQ(std::string(bytes_.data(), static_cast<std::size_t>(r.result)), "mine");
}

TEST_F(epoll_backend_test, L4_a_read_in_a_step_that_is_withdrawn_leaves_the_bytes_to_the_next) {
  patient r(near_, bytes_.data(), bytes_.size());
  EXPECT_FALSE(io_.start(r));
  write_far("bytes");
  io_.poll(1s);
  EXPECT_EQ(r.told, 1);
  EXPECT_TRUE(io_.withdraw(r));
  patient next(near_, bytes_.data(), bytes_.size());
  EXPECT_TRUE(io_.start(next));
  EXPECT_EQ(next.result, 5);
}

TEST_F(epoll_backend_test, a_broken_connection_is_an_error_and_no_signal) {
  ::close(std::exchange(far_, -1));
  request r(near_, io_kind::send, bytes_.data(), 4);
  if (!io_.start(r)) io_.poll(1s);
  EXPECT_EQ(r.result, -EPIPE);
}

TEST_F(epoll_backend_test, detach_hands_the_descriptor_back_open) {
  const int fd = io_.detach(near_);
  EXPECT_EQ(near_.fd, -1);
  EXPECT_EQ(::write(fd, "x", 1), 1);
  ::close(fd);
}

TEST_F(epoll_backend_test, attach_refuses_what_epoll_cannot_watch) {
  descriptor file;
  file.fd = ::open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  ASSERT_GE(file.fd, 0);
  EXPECT_THROW(io_.attach(file), std::system_error);
  ::close(file.fd);
}

TEST_F(epoll_backend_test, wake_ends_a_poll_that_waits_now_or_next_time) {
  io_.wake();
  io_.poll(std::nullopt);
  std::thread waker([&] {
    std::this_thread::sleep_for(1ms);
    io_.wake();
  });
  io_.poll(std::nullopt);
  waker.join();
}

TEST_F(epoll_backend_test, L9_two_reads_at_a_time_are_misuse) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  request one(near_, io_kind::receive, bytes_.data(), 1);
  request two(near_, io_kind::receive, bytes_.data(), 1);
  EXPECT_FALSE(io_.start(one));
  EXPECT_DEATH(io_.start(two), "two reads or two writes of one descriptor");
  EXPECT_DEATH(io_.close(near_), "cancel it and await its end first");
  EXPECT_TRUE(io_.withdraw(one));
}

}  // namespace
