// SPDX-License-Identifier: BSL-1.0
#include "eddy/exec/readable.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <string>
#include <thread>

#include "eddy/coro/task.hpp"
#include "eddy/flow/as_outcome.hpp"
#include "eddy/flow/gather.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/timeout.hpp"
#include "eddy/net/open_connection.hpp"
#include "eddy/testing/explore.hpp"
#include "eddy/testing/test.hpp"
#include "tests/support/moments.hpp"

using namespace std::chrono_literals;
using eddy::coro;

namespace {

class pipe_ends {
 public:
  pipe_ends() { EXPECT_EQ(::pipe2(ends_.data(), O_NONBLOCK | O_CLOEXEC), 0); }
  pipe_ends(const pipe_ends&) = delete;
  ~pipe_ends() {
    close_reader();
    close_writer();
  }
  int reader() const { return ends_[0]; }
  int writer() const { return ends_[1]; }
  void put() { EXPECT_EQ(::write(writer(), "x", 1), 1); }
  void take() {
    std::array<char, 1 << 12> bytes{};
    while (::read(reader(), bytes.data(), bytes.size()) > 0) {
    }
  }
  void fill() {
    const std::array<char, 1 << 12> bytes{};
    while (::write(writer(), bytes.data(), bytes.size()) > 0) {
    }
  }
  void close_reader() { close(ends_[0]); }
  void close_writer() { close(ends_[1]); }

 private:
  static void close(int& fd) {
    if (fd >= 0) ::close(fd);
    fd = -1;
  }
  std::array<int, 2> ends_{-1, -1};
};

bool is_open(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }

EDDY_IO_TEST(readable, S73_ready_at_once_and_the_descriptor_stays_open) {
  pipe_ends p;
  p.put();
  co_await eddy::readable(p.reader());
  co_await eddy::writable(p.writer());
  EXPECT_TRUE(is_open(p.reader()) && is_open(p.writer()));
}

EDDY_IO_TEST(readable, S73_waits_until_something_comes_again_and_again) {
  pipe_ends p;
  auto writer = eddy::create_task([&]() -> coro<> {
    for (int i = 0; i < 5; ++i) {
      co_await eddy::sleep(100us);
      p.put();
    }
  });
  for (int i = 0; i < 5; ++i) {
    co_await eddy::readable(p.reader());
    p.take();
  }
  co_await writer;
}

EDDY_IO_TEST(readable, S73_writable_waits_for_room) {
  pipe_ends p;
  p.fill();
  auto reader = eddy::create_task([&]() -> coro<> {
    co_await eddy::sleep(200us);
    p.take();
  });
  co_await eddy::writable(p.writer());
  EXPECT_TRUE(reader.done());
  p.put();
}

EDDY_IO_TEST(readable, S73_both_sides_of_one_descriptor_at_a_time) {
  std::array<int, 2> ends{};
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()), 0);
  const std::array<char, 1 << 12> bytes{};
  while (::write(ends[0], bytes.data(), bytes.size()) > 0) {
  }
  auto reads = eddy::create_task([&]() -> coro<> { co_await eddy::readable(ends[0]); });
  auto writes = eddy::create_task([&]() -> coro<> { co_await eddy::writable(ends[0]); });
  co_await eddy::sleep(200us);
  EXPECT_FALSE(reads.done() || writes.done());
  std::array<char, 1 << 12> into{};
  while (::read(ends[1], into.data(), into.size()) > 0) {
  }
  co_await writes;
  EXPECT_FALSE(reads.done());
  EXPECT_EQ(::write(ends[1], "x", 1), 1);
  co_await reads;
  ::close(ends[0]);
  ::close(ends[1]);
}

EDDY_IO_TEST(readable, S73_the_end_of_a_stream_is_readable_and_a_broken_pipe_writable) {
  pipe_ends p;
  p.close_writer();
  co_await eddy::readable(p.reader());
  pipe_ends q;
  q.fill();
  auto waits = eddy::create_task([&]() -> coro<> { co_await eddy::writable(q.writer()); });
  co_await eddy::sleep(100us);
  q.close_reader();
  co_await waits;
}

EDDY_IO_TEST(readable, S73_any_descriptor_that_can_be_polled) {
  const int counter = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  std::thread other([counter] {
    std::this_thread::sleep_for(500us);
    EXPECT_EQ(::eventfd_write(counter, 1), 0);
  });
  co_await eddy::readable(counter);
  other.join();
  ::close(counter);
}

EDDY_IO_TEST(readable, S73_regular_files_are_always_ready) {
  std::FILE* file = std::tmpfile();
  co_await eddy::readable(::fileno(file));
  co_await eddy::writable(::fileno(file));
  std::fclose(file);
}

EDDY_IO_TEST(readable, S73_L9_what_is_not_open_taken_twice_or_eddys_own_is_told) {
  const auto bad = co_await eddy::as_outcome(eddy::readable(-1));
  EXPECT_THROW(bad.throw_if_failed(), std::system_error);
  pipe_ends p;
  auto first = eddy::create_task([&]() -> coro<> { co_await eddy::readable(p.reader()); });
  co_await eddy::sleep(0s);
  const auto second = co_await eddy::as_outcome(eddy::readable(p.reader()));
  EXPECT_THROW(second.throw_if_failed(), eddy::misuse_error);
  p.put();
  co_await first;
}

EDDY_IO_TEST(readable, S73_a_number_that_is_used_again_is_another_descriptor) {
  for (int i = 0; i < 3; ++i) {
    pipe_ends p;
    const auto none = co_await eddy::as_outcome(eddy::wait_for(eddy::readable(p.reader()), 200us));
    EXPECT_TRUE(none.has_exception());
    p.put();
    co_await eddy::readable(p.reader());
  }
}

TEST(readable_moments, S73_L1_it_can_be_cancelled_at_every_await) {
  const auto went = eddy::testing::explore(
      []() -> coro<> {
        pipe_ends p;
        const auto put = [&]() -> coro<> {
          co_await eddy::sleep(0s);
          p.put();
        };
        const auto take = [&]() -> coro<> {
          co_await eddy::sleep(0s);
          p.take();
        };
        co_await eddy::gather(eddy::readable(p.reader()), put());
        p.take();
        p.fill();
        co_await eddy::gather(eddy::writable(p.writer()), take());
      },
      eddy::testing::explore_options().clock(eddy::testing::test_clock::real_time));
  EXPECT_GE(went.cancel_points, 8U);
}

TEST(readable_moments, S73_the_loop_shuts_down_while_it_waits) {
  pipe_ends p;
  eddy::testing::shut_down_during([&]() -> coro<> { co_await eddy::readable(p.reader()); });
  EXPECT_TRUE(is_open(p.reader()));
}

}  // namespace
