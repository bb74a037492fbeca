// SPDX-License-Identifier: BSL-1.0
// How workers end: by crashes, by force, with their pool, with their parent; and what does not start.
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cstdio>
#include <filesystem>
#include <optional>

#include "eddy/coro/run.hpp"
#include "eddy/flow/gather.hpp"
#include "eddy/flow/with.hpp"
#include "eddy/os/process_pool.hpp"
#include "eddy/testing/test.hpp"
#include "tests/os/process_functions.hpp"
#include "tests/support/moments.hpp"

namespace {

using namespace eddy;
using namespace eddy::testing::processes;

template <class Operation>
coro<std::optional<broken_process_pool>> how_it_broke(Operation operation) {
  try {
    co_await std::move(operation);
  } catch (const broken_process_pool& error) {
    co_return error;
  }
  co_return std::nullopt;
}

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

std::string other_program() {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path() / "os_process_pool_parent";
}

EDDY_IO_TEST(process_pool_end, S37_a_crash_is_an_exception_with_the_signal) {
  co_await with(process_pool(1), [](process_pool& pool) -> coro<> {
    const int before = co_await pool.submit(pid);
    const auto error = co_await how_it_broke(pool.submit(die_of, SIGSEGV));
    EDDY_ASSERT_TRUE(error.has_value());
    EXPECT_EQ(error->signal(), SIGSEGV);
    EXPECT_EQ(error->exit_status(), std::nullopt);
    EXPECT_EQ(error->pid(), before);
    EXPECT_TRUE(contains(error->what(), "was ended by signal 11 (SIGSEGV)")) << error->what();
    const int after = co_await pool.submit(pid);  // by another worker
    EXPECT_NE(before, after);
  });
}

EDDY_IO_TEST(process_pool_end, S37_an_abort_and_an_exit_are_told_apart) {
  co_await with(process_pool(1), [](process_pool& pool) -> coro<> {
    const auto aborted = co_await how_it_broke(pool.submit(die_of, SIGABRT));
    EDDY_ASSERT_TRUE(aborted.has_value());
    EXPECT_EQ(aborted->signal(), SIGABRT);
    const auto exited = co_await how_it_broke(pool.submit([] { std::exit(3); }));
    EDDY_ASSERT_TRUE(exited.has_value());
    EXPECT_EQ(exited->signal(), std::nullopt);
    EXPECT_EQ(exited->exit_status(), 3);
    EXPECT_TRUE(contains(exited->what(), "exited with status 3")) << exited->what();
  });
}

EDDY_IO_TEST(process_pool_end, S37_a_crash_reaches_its_caller_alone) {
  co_await with(process_pool(2).on_stderr(ignore), [](process_pool& pool) -> coro<> {
    gate opened;
    auto slow = create_task([&] { return pool.submit(pass, opened.path(), 7); });
    const auto error = co_await how_it_broke(pool.submit(die_of, SIGSEGV));
    EXPECT_TRUE(error.has_value());
    auto sums = co_await gather(pool.submit(add, 1, 2), pool.submit(add, 3, 4));
    EXPECT_EQ(std::get<0>(sums) + std::get<1>(sums), 10);
    opened.open();
    const int value = co_await slow;
    EXPECT_EQ(value, 7);
  });
}

EDDY_IO_TEST(process_pool_end, S37_the_last_lines_of_stderr_come_with_the_error_and_as_they_are_written) {
  listener_of_workers heard;
  co_await with(process_pool(1).on_stderr(heard.handler()), [](process_pool& pool) -> coro<> {
    co_await pool.submit(say, "of an earlier job\n");
    const auto error = co_await how_it_broke(pool.submit([] {
      for (int i = 0; i < 2000; ++i) say("line " + std::to_string(i) + "\n");
      std::exit(1);
    }));
    EDDY_ASSERT_TRUE(error.has_value());
    EXPECT_TRUE(error->last_lines().ends_with("line 1999\n")) << error->last_lines();
    EXPECT_TRUE(error->last_lines().starts_with("line ")) << error->last_lines();
    EXPECT_LE(error->last_lines().size(), 4096u);
    EXPECT_TRUE(contains(error->what(), "line 1999"));
  });
  EXPECT_TRUE(heard.text().starts_with("of an earlier job\nline 0\nline 1\n"));
}

EDDY_IO_TEST(process_pool_end, S37_a_worker_that_is_killed_from_outside_is_replaced) {
  listener_of_workers heard;
  co_await with(process_pool(1).on_stderr(heard.handler()), [&](process_pool& pool) -> coro<> {
    const int idle = co_await pool.submit(pid);
    ::kill(idle, SIGKILL);
    const int other = co_await pool.submit(pid);  // whether it had been noticed by then or not
    EXPECT_NE(idle, other);
    auto busy = create_task([&] { return how_it_broke(pool.submit(hang)); });
    co_await heard.begun();
    ::kill(other, SIGKILL);
    const auto error = co_await busy;
    EDDY_ASSERT_TRUE(error.has_value());
    EXPECT_EQ(error->signal(), SIGKILL);
    EXPECT_EQ(error->pid(), other);
  });
}

EDDY_IO_TEST(process_pool_end, S37_a_worker_that_has_ended_is_no_zombie) {
  co_await with(process_pool(1), [](process_pool& pool) -> coro<> {
    co_await how_it_broke(pool.submit(die_of, SIGSEGV));
    siginfo_t info{};
    const int result = ::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT);
    EXPECT_TRUE(result != 0 || info.si_pid == 0);
  });
}

EDDY_IO_TEST(process_pool_end, S37_a_worker_that_leaves_a_process_behind_has_ended_all_the_same) {
  co_await with(process_pool(1).on_stderr(ignore), [](process_pool& pool) -> coro<> {
    const auto error = co_await how_it_broke(pool.submit([] {
      const int left = ::fork();
      if (left == 0) {  // it has the worker's socket and its stderr
        ::close(STDOUT_FILENO);
        ::alarm(100);
        while (true) ::pause();
      }
      say(std::to_string(left));
      ::_exit(4);
    }));
    EDDY_ASSERT_TRUE(error.has_value());
    EXPECT_EQ(error->exit_status(), 4);
    const int left = std::atoi(error->last_lines().c_str());
    EXPECT_TRUE(left > 0 && ::kill(left, SIGKILL) == 0);
  });
}

EDDY_IO_TEST(process_pool_end, S37_what_is_no_answer_breaks_the_worker_alone) {
  co_await with(process_pool(1), [](process_pool& pool) -> coro<> {
    const auto error = co_await how_it_broke(pool.submit([] {
      const std::string noise(100, 'x');
      if (::write(3, noise.data(), noise.size()) > 0) ::pause();
    }));
    EDDY_ASSERT_TRUE(error.has_value());
    EXPECT_TRUE(contains(error->what(), "what is no answer")) << error->what();
    const int sum = co_await pool.submit(add, 1, 1);
    EXPECT_EQ(sum, 2);
  });
}

EDDY_IO_TEST(process_pool_end, S37_another_program_is_refused) {
  co_await with(process_pool(1).program(other_program()), [](process_pool& pool) -> coro<> {
    const auto error = co_await how_it_broke(pool.submit(add, 1, 1));
    EDDY_ASSERT_TRUE(error.has_value());
    EXPECT_TRUE(contains(error->what(), "another program")) << error->what();
  });
}

EDDY_IO_TEST(process_pool_end, S37_a_program_that_is_no_worker_fails_its_jobs_one_by_one) {
  co_await with(process_pool(2).program("/bin/true"), [](process_pool& pool) -> coro<> {
    auto ends = co_await gather(how_it_broke(pool.submit(add, 1, 1)), how_it_broke(pool.submit(add, 2, 2)));
    EXPECT_TRUE(std::get<0>(ends).has_value() && std::get<1>(ends).has_value());
  });
  try {
    co_await with(process_pool(1).program("/nowhere/at/all").eager(), [](process_pool&) { FAIL() << "it has opened"; });
    ADD_FAILURE() << "nothing was thrown";
  } catch (const std::system_error& error) {
    EXPECT_EQ(error.code(), std::errc::no_such_file_or_directory);
  }
}

EDDY_IO_TEST(process_pool_end, S37_leaving_waits_for_the_jobs_that_there_are) {
  gate opened;
  listener_of_workers heard;
  task<int> running;
  task<int> waiting;
  auto opener = create_task([&]() -> coro<> {
    co_await heard.begun();
    opened.open();
  });
  co_await with(process_pool(1).on_stderr(heard.handler()), [&](process_pool& pool) -> coro<> {
    running = create_task([&] { return pool.submit(pass, opened.path(), 7); });
    waiting = create_task([&] { return pool.submit(add, 1, 1); });
    co_await sleep(std::chrono::nanoseconds(0));
  });
  EDDY_ASSERT_TRUE(running.done() && waiting.done());
  EXPECT_EQ(running.result() + waiting.result(), 9);
  co_await opener;
}

EDDY_IO_TEST(process_pool_end, S37_a_body_that_throws_ends_the_jobs_of_others) {
  listener_of_workers heard;
  task<std::optional<broken_process_pool>> running;
  task<int> waiting;
  try {
    co_await with(process_pool(1).on_stderr(heard.handler()), [&](process_pool& pool) -> coro<> {
      running = create_task([&] { return how_it_broke(pool.submit(hang)); });
      waiting = create_task([&] { return pool.submit(add, 1, 1); });
      co_await heard.begun();
      throw std::runtime_error("enough");
    });
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(), "enough");
  }
  const auto end = co_await running;
  EDDY_ASSERT_TRUE(end.has_value());
  EXPECT_TRUE(contains(end->what(), "the process_pool was closed")) << end->what();
  EXPECT_THROW(std::rethrow_exception(waiting.exception()), error);
}

/// A program that was started, and its output.
class child_program {
 public:
  explicit child_program(const std::string& path) : output_(::popen(("exec " + path).c_str(), "r")) {}
  child_program(const child_program&) = delete;
  child_program& operator=(const child_program&) = delete;
  ~child_program() { ::pclose(output_); }

  int read_number() {
    int number = 0;
    return std::fscanf(output_, "%d", &number) == 1 ? number : 0;
  }

 private:
  FILE* output_;
};

bool ends_soon(int pidfd) {
  pollfd wanted{pidfd, POLLIN, 0};
  return ::poll(&wanted, 1, 10'000) == 1;
}

int parent_of(int process) {
  int parent = 0;
  FILE* file = std::fopen(("/proc/" + std::to_string(process) + "/stat").c_str(), "r");
  if (file == nullptr) return 0;
  const int found = std::fscanf(file, "%*d %*s %*c %d", &parent);
  std::fclose(file);
  return found == 1 ? parent : 0;
}

TEST(process_pool_end, S37_workers_end_with_their_parent_also_when_it_is_killed) {
  child_program parent(other_program());
  const int workers[] = {parent.read_number(), parent.read_number()};
  ASSERT_GT(workers[0], 0);
  ASSERT_GT(workers[1], 0);
  int watched[2];
  for (int i = 0; i < 2; ++i) watched[i] = static_cast<int>(::syscall(SYS_pidfd_open, workers[i], 0));
  ::kill(parent_of(workers[0]), SIGKILL);
  for (const int fd : watched) {
    ASSERT_GE(fd, 0);
    EXPECT_TRUE(ends_soon(fd));
    ::close(fd);
  }
}

}  // namespace
