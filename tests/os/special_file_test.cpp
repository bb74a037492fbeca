// SPDX-License-Identifier: BSL-1.0
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <thread>

#include "eddy/coro/task.hpp"
#include "eddy/exec/to_thread.hpp"
#include "eddy/flow/gather.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/with.hpp"
#include "eddy/os/detail/owned_descriptor.hpp"
#include "eddy/os/open_file.hpp"
#include "eddy/os/whole_file.hpp"
#include "tests/os/files.hpp"

using namespace eddy;
using namespace eddy::testing;
using namespace std::chrono_literals;

// Pipes, FIFOs, devices, /proc, and a process that may open nothing more.

namespace {

coro<file> opened(std::filesystem::path path, std::string mode) { co_return co_await open_file(path, mode); }

coro<std::size_t> count_of(std::filesystem::path path) {
  const std::string content = co_await read_file(path);
  co_return content.size();
}

/// Writes to a FIFO with plain calls, as another program would.
void write_plainly(const std::filesystem::path& path, const std::string& text) {
  const detail::owned_descriptor fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  for (std::size_t done = 0; done < text.size();) {
    const ssize_t count = ::write(fd.get(), text.data() + done, text.size() - done);
    if (count <= 0) return;
    done += static_cast<std::size_t>(count);
  }
}

EDDY_FILE_TEST(special_file, S43_a_fifo_is_read_to_its_true_end) {
  scratch folder;
  ::mkfifo((folder / "pipe").c_str(), 0600);
  const std::string text = pattern(300'000);
  file f = co_await open_file(folder / "pipe");
  EXPECT_FALSE(f.seekable());
  auto reader = create_task([&]() -> coro<std::string> { return f.read_all(); });
  for (int i = 0; i < 20; ++i) co_await sleep(0s);
  EXPECT_FALSE(reader.done()) << "nobody has written so far: that is no end";
  co_await to_thread(write_plainly, folder / "pipe", text);
  const std::string got = co_await reader;
  EXPECT_EQ(got, text);
}

EDDY_FILE_TEST(special_file, S43_opening_a_fifo_for_writing_waits_for_a_reader) {
  scratch folder;
  ::mkfifo((folder / "pipe").c_str(), 0600);
  auto writer = create_task(write_file, folder / "pipe", pattern(200'000));
  for (int i = 0; i < 20; ++i) co_await sleep(0s);
  EXPECT_FALSE(writer.done());
  const std::string got = co_await read_file(folder / "pipe");
  EXPECT_EQ(got, pattern(200'000));
  co_await writer;
}

EDDY_FILE_TEST(special_file, S43_waiting_fifos_hold_back_no_other_file) {
  scratch folder;
  put(folder / "a", "text");
  std::vector<task<std::size_t>> waiting;
  for (int i = 0; i < 100; ++i) {
    const auto path = folder / ("pipe" + std::to_string(i));
    ::mkfifo(path.c_str(), 0600);
    waiting.push_back(create_task(count_of, path));
  }
  for (int i = 0; i < 10; ++i) co_await sleep(0s);
  const std::string text = co_await read_file(folder / "a");
  EXPECT_EQ(text, "text");
  for (auto& each : waiting) co_await cancel_and_join(each);
}

EDDY_FILE_TEST(special_file, S43_files_of_proc_are_read_to_their_end) {
  const std::string status = co_await read_file("/proc/self/status");
  EXPECT_NE(status.find("Threads:"), std::string::npos);
  const std::string symbols = co_await read_file("/proc/kallsyms");
  EXPECT_GT(symbols.size(), 100'000U) << "longer than a page, and it says that it has no size";
  EXPECT_EQ(symbols.back(), '\n');
}

EDDY_FILE_TEST(special_file, S43_devices_do_what_they_do) {
  co_await write_file("/dev/null", "nothing");
  co_await expect_error(ENOSPC, write_file("/dev/full", "something"));
  const std::size_t none = co_await count_of("/dev/null");
  EXPECT_EQ(none, 0U);
  file zeros = co_await open_file("/dev/zero");
  std::string some(10, 'x');
  co_await zeros.read_exactly(std::span<char>(some));
  EXPECT_EQ(some, std::string(10, '\0'));
  file random = co_await open_file("/dev/urandom");
  co_await random.read_exactly(std::span<char>(some));
}

EDDY_FILE_TEST(special_file, S43_pipes_and_sockets_may_be_adopted) {
  int ends[2];
  EDDY_ASSERT_EQ(::pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
  file reader = file::adopt(ends[0], "a pipe");
  file writer = file::adopt(ends[1], "a pipe");
  const std::string text = pattern(200'000);
  auto writing = create_task([&]() -> coro<> {
    co_await writer.write(text);
    co_await writer.close();
  });
  const std::string got = co_await reader.read_all();
  EXPECT_EQ(got, text);
  co_await writing;
  std::array<char, 1> byte{};
  co_await expect_error(ESPIPE, reader.read_at(0, std::span<char>(byte)));
  EXPECT_THROW(reader.tell(), std::filesystem::filesystem_error);
}

EDDY_FILE_TEST(special_file, S43_a_terminal_gives_line_after_line) {
  const detail::owned_descriptor master(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  EDDY_ASSERT_TRUE(::grantpt(master.get()) == 0 && ::unlockpt(master.get()) == 0);
  file terminal = co_await open_file(::ptsname(master.get()));
  const std::string typed = "one\ntwo\nthree\n";
  EDDY_ASSERT_EQ(::write(master.get(), typed.data(), typed.size()), static_cast<ssize_t>(typed.size()));
  auto lines = terminal.lines();
  for (const char* expected : {"one", "two", "three"}) {
    const auto line = co_await lines.next();
    EXPECT_EQ(line, expected);
  }
}

// The handler ran, were it not ignored: the program would be gone.
EDDY_FILE_TEST(special_file, S48_a_write_to_a_closed_pipe_or_socket_is_an_error_and_no_end) {
  int ends[2];
  EDDY_ASSERT_EQ(::pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
  file writer = file::adopt(ends[1], "a pipe");
  ::close(ends[0]);
  co_await expect_error(EPIPE, writer.write("x"));
  EDDY_ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
  file socket = file::adopt(ends[1], "a socket");
  ::close(ends[0]);
  co_await expect_error(EPIPE, socket.write("x"));
}

TEST(special_file, S48_a_loop_ignores_sigpipe_unless_somebody_handles_it) {
  struct sigaction before{};
  ::sigaction(SIGPIPE, nullptr, &before);
  ::signal(SIGPIPE, SIG_DFL);
  {
    const event_loop loop;
  }
  struct sigaction now{};
  ::sigaction(SIGPIPE, nullptr, &now);
  EXPECT_EQ(now.sa_handler, SIG_IGN);
  const auto handler = [](int) {};
  ::signal(SIGPIPE, handler);
  {
    const event_loop loop;
  }
  ::sigaction(SIGPIPE, nullptr, &now);
  EXPECT_EQ(now.sa_handler, static_cast<void (*)(int)>(handler));
  ::sigaction(SIGPIPE, &before, nullptr);
}

TEST(special_file, L1_L4_pipes_may_be_cancelled_anywhere) {
  const std::string text = pattern(100);
  const auto result = explore_on_engines(
      [&]() -> coro<> {
        int ends[2];
        EDDY_ASSERT_EQ(::pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
        file reader = file::adopt(ends[0], "a pipe");
        file writer = file::adopt(ends[1], "a pipe");
        const auto write = [&]() -> coro<> {
          co_await writer.write(text);
          co_await writer.close();
        };
        auto got = co_await gather(reader.read_all(), write());
        EXPECT_EQ(std::get<0>(got), text);
      },
      explore_options().everything());
  EXPECT_GT(result.cancel_points, 5U);
}

/// Interrupts whatever the process does, all the time: the handler does nothing, and calls are not restarted.
class interruptions {
 public:
  interruptions() {
    struct sigaction ours{};
    ours.sa_handler = [](int) {};
    ::sigaction(SIGUSR1, &ours, &before_);
    thread_ = std::thread([this] {
      sigset_t mine;
      ::sigfillset(&mine);
      ::pthread_sigmask(SIG_BLOCK, &mine, nullptr);
      while (!stop_) {
        ::kill(::getpid(), SIGUSR1);
        std::this_thread::yield();
      }
    });
  }
  ~interruptions() {
    stop_ = true;
    thread_.join();
    ::sigaction(SIGUSR1, &before_, nullptr);
  }

 private:
  std::atomic<bool> stop_{false};
  std::thread thread_;
  struct sigaction before_{};
};

EDDY_FILE_TEST(special_file, S43_interrupted_calls_are_made_again) {
  scratch folder;
  ::mkfifo((folder / "pipe").c_str(), 0600);
  const std::string text = pattern(400'000);
  {
    const interruptions always;
    for (int i = 0; i < 5; ++i) {
      co_await write_file(folder / "a", text);
      co_await replace_file(folder / "a", text);
      const std::string whole = co_await read_file(folder / "a");
      EXPECT_EQ(whole, text);
      auto passed = co_await gather(read_file(folder / "pipe"), write_file(folder / "pipe", text));
      EXPECT_EQ(std::get<0>(passed), text);
    }
  }
}

/// Lets the process open nothing more.
class no_descriptors_left {
 public:
  no_descriptors_left() {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    rlimit less = before_;
    const detail::owned_descriptor next(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    less.rlim_cur = static_cast<rlim_t>(next.get());
    ::setrlimit(RLIMIT_NOFILE, &less);
  }
  ~no_descriptors_left() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

coro<> use_files_without_descriptors() {
  scratch folder;
  put(folder / "a", "text");
  // Both engines are at work before: threads and ring are there.
  const std::string warm = co_await read_file(folder / "a");
  co_await write_file(folder / "b", warm);
  {
    const no_descriptors_left limit;
    co_await expect_error(EMFILE, opened(folder / "a", "r"));
    co_await expect_error(EMFILE, opened(folder / "c", "w"));
    co_await expect_error(EMFILE, replace_file(folder / "a", "new"));
  }
  const std::string after = co_await read_file(folder / "a");
  EXPECT_EQ(after, "text");
}

TEST(special_file, S43_no_descriptor_left_is_an_error_like_any_other) {
#if EDDY_ASAN && defined(__clang__)
  GTEST_SKIP() << "UBSan looks at objects through a pipe, and takes one that it cannot have for a broken object";
#endif
  eddy::testing::run_on_engines(use_files_without_descriptors);
}

EDDY_FILE_TEST(special_file, S43_as_many_whole_files_at_once_as_you_like) {
  scratch folder;
  for (int i = 0; i < 300; ++i) put(folder / std::to_string(i), pattern(100 + static_cast<std::size_t>(i)));
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  rlimit less = before;
  less.rlim_cur = 150;
  ::setrlimit(RLIMIT_NOFILE, &less);
  std::vector<task<std::size_t>> all;
  for (int i = 0; i < 300; ++i) all.push_back(create_task(count_of, folder / std::to_string(i)));
  std::size_t sum = 0;
  for (auto& each : all) {
    const std::size_t count = co_await each;
    sum += count;
  }
  ::setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_EQ(sum, 300U * 100U + 299U * 300U / 2U);
}

}  // namespace
