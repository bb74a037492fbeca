// SPDX-License-Identifier: BSL-1.0
// How a child begins: what cannot be started and what the error says, and what a child inherits.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <atomic>
#include <cstdio>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "eddy/flow/gather.hpp"
#include "eddy/flow/with.hpp"
#include "eddy/os/command.hpp"
#include "eddy/testing/test.hpp"
#include "tests/os/process_support.hpp"

using namespace std::chrono_literals;
using namespace eddy::testing;
using eddy::command;
using eddy::coro;
using eddy::shell;
using eddy::spawn_error;

namespace {

/// What cannot be started, and what the error says of it.
struct refused_row {
  const char* name;
  command what;
  int error;
  const char* operation;
  std::vector<std::string> words;
};

coro<> check(const refused_row& row) {
  const auto error = co_await thrown_by<spawn_error>(row.what.output());
  EDDY_ASSERT_TRUE(error.has_value());
  EXPECT_EQ(error->code().value(), row.error) << row.name;
  EXPECT_EQ(error->operation(), row.operation) << row.name;
  EXPECT_TRUE(contains(error->what(), error->program())) << row.name;
  for (const std::string& word : row.words)
    EXPECT_TRUE(contains(error->what(), word)) << row.name << ": " << error->what();
}

EDDY_IO_TEST(process_start, S39_what_cannot_be_started_says_why_and_what_to_do) {
  const scratch_folder folder;
  const std::string plain = folder.file("plain", "#!/bin/sh\necho\n", 0644);
  const std::string script = folder.file("script", "#! /no/such/interpreter -x\n", 0755);
  const std::string data = folder.file("data", "neither program nor script", 0755);
  const std::string other = folder.file("other",
                                        std::string("\x7f"
                                                    "ELF\x02\x01\x01",
                                                    7),
                                        0755);
  const std::string bad = folder.file("bad", "#!" + plain + "\n", 0755);
  const std::string gone = folder / "gone";
  const std::string huge(200'000, 'x');
  const refused_row rows[] = {
      {"missing",
       command("eddy-no-such-program", "x"),
       ENOENT,
       "exec",
       {"cannot start eddy-no-such-program x", "PATH"}},
      {"missing path", command(gone), ENOENT, "exec", {"there is no such file"}},
      {"empty name", command(""), ENOENT, "exec", {}},
      {"not executable", command(plain), EACCES, "exec", {plain, "chmod +x"}},
      {"a folder", command(folder.path().string()), EACCES, "exec", {"is a folder"}},
      {"no interpreter", command(script), ENOENT, "exec", {"/no/such/interpreter", script}},
      {"no program", command(data), ENOEXEC, "exec", {data, "#!"}},
      {"half a program", command(other), ENOEXEC, "exec", {other}},
      {"interpreter may not", command(bad), EACCES, "exec", {plain}},
      {"cwd gone", command("true").cwd(gone), ENOENT, "cwd", {gone, "folder"}},
      {"cwd a file", command("true").cwd(plain), ENOTDIR, "cwd", {plain}},
      {"too long", command("true", huge), E2BIG, "exec", {"too long", "stdin"}},
      {"stdin missing", command("cat").stdin_file(gone), ENOENT, "file", {gone}},
      {"stdout nowhere", command("true").stdout_file(gone + "/x"), ENOENT, "file", {gone}},
      {"in a pipeline", command("true"), 0, "", {}},
  };
  for (const refused_row& row : rows)
    if (row.error != 0) co_await check(row);
  const auto piped = co_await thrown_by<spawn_error>((command("sleep", "1000") | command(gone)).output());
  EDDY_ASSERT_TRUE(piped.has_value());
  EXPECT_EQ(piped->program(), gone);  // and the sleep is gone, or the test's end would tell
}

/// Lowers the limit of descriptors to what there are, as a busy program meets it.
class no_more_descriptors {
 public:
  explicit no_more_descriptors(rlim_t left) {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const int next = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    ::close(next);
    rlimit low = before_;
    low.rlim_cur = static_cast<rlim_t>(next) + left;
    ::setrlimit(RLIMIT_NOFILE, &low);
  }
  no_more_descriptors(const no_more_descriptors&) = delete;
  no_more_descriptors& operator=(const no_more_descriptors&) = delete;
  ~no_more_descriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

coro<> start_without_descriptors() {
  for (rlim_t left = 0;; ++left) {
    EDDY_ASSERT_LT(left, 20U);
    bool done = false;
    {
      const no_more_descriptors here(left);
      try {
        const auto result = co_await shell("echo fine").stdin("x").output();
        EXPECT_EQ(result.out, "fine\n");
        done = true;
      } catch (const spawn_error& e) {
        EXPECT_EQ(e.code().value(), EMFILE) << left;
        EXPECT_TRUE(contains(e.what(), "ulimit -n")) << e.what();
      }
    }
    if (done) {
      EXPECT_GE(left, 7U);  // three pipes and a pidfd: it did fail at each of them
      break;
    }
  }
}

TEST(process_start, S39_without_descriptors_nothing_is_started_and_nothing_left) {
#if EDDY_ASAN && defined(__clang__)
  GTEST_SKIP() << "UBSan looks at objects through a pipe, and takes one that it cannot have for a broken object";
#endif
  eddy::testing::run_test(start_without_descriptors, eddy::testing::test_clock::real_time);
}

EDDY_IO_TEST(process_start, S39_no_descriptor_leaks_into_children) {
  // Those of other libraries, without FD_CLOEXEC: also far up, and a socket.
  const int low = ::open("/dev/null", O_RDONLY);
  const int high = ::fcntl(low, F_DUPFD, 500);
  const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
  const auto listed = co_await command("ls", "/proc/self/fd").output();
  const auto passed = co_await command("ls", "-v", "/proc/self/fd").pass(high, 100).pass(socket, 101).output();
  for (const int fd : {low, high, socket}) ::close(fd);
  EXPECT_EQ(listed.out, "0\n1\n2\n3\n");  // the last is what ls reads
  EXPECT_EQ(passed.out, "0\n1\n2\n3\n100\n101\n");
}

EDDY_IO_TEST(process_start, S39_descriptors_may_change_places) {
  const scratch_folder folder;
  const int a = ::open(folder.file("a", "A").c_str(), O_RDONLY | O_CLOEXEC);
  const int b = ::open(folder.file("b", "B").c_str(), O_RDONLY | O_CLOEXEC);
  const std::string script = "cat <&" + std::to_string(a) + "; cat <&" + std::to_string(b);
  const auto swapped = co_await shell(script).pass(a, b).pass(b, a).output();
  const auto as_stdin = co_await command("cat").pass(a, 0).output();
  ::close(a);
  ::close(b);
  EXPECT_EQ(swapped.out, "BA");
  EXPECT_EQ(as_stdin.out, "");  // the same open file: the first child has read it
  EXPECT_TRUE(as_stdin.status.success());
}

std::string field(const std::string& status, const std::string& name) {
  const std::size_t at = status.find(name + ":\t");
  return at == std::string::npos ? "?"
                                 : status.substr(at + name.size() + 2, status.find('\n', at) - at - name.size() - 2);
}

EDDY_IO_TEST(process_start, S39_signals_are_as_for_a_fresh_program) {
  sigset_t blocked;
  sigset_t before;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGTERM);
  sigaddset(&blocked, SIGUSR1);
  ::pthread_sigmask(SIG_BLOCK, &blocked, &before);
  const auto old_pipe = ::signal(SIGPIPE, SIG_IGN);
  const auto old_usr = ::signal(SIGUSR2, SIG_IGN);
  const auto old_winch = ::signal(SIGWINCH, [](int) {});
  const auto plain = co_await command("cat", "/proc/self/status").output();
  const auto old_hup = ::signal(SIGHUP, SIG_IGN);
  const auto nohup = co_await command("cat", "/proc/self/status").output();
  ::signal(SIGHUP, old_hup);
  ::signal(SIGWINCH, old_winch);
  ::signal(SIGUSR2, old_usr);
  ::signal(SIGPIPE, old_pipe);
  sigset_t now;
  ::pthread_sigmask(SIG_SETMASK, &before, &now);
  EXPECT_TRUE(sigismember(&now, SIGUSR1));  // ours are as they were
  const std::string none = "0000000000000000";
  EXPECT_EQ(field(plain.out, "SigBlk"), none);
  EXPECT_EQ(field(plain.out, "SigIgn"), none);
  EXPECT_EQ(field(plain.out, "SigCgt"), none);
  EXPECT_EQ(field(nohup.out, "SigIgn"), "0000000000000001");
}

EDDY_IO_TEST(process_start, S39_it_leads_a_group_or_a_session_or_stays_in_ours) {
  // /proc/self/stat: pid (name) state ppid pgrp session
  const auto ids = [](command c) -> coro<std::vector<int>> {
    const auto result = co_await c.output();
    std::istringstream rest(result.out.substr(result.out.rfind(')') + 1));
    char state = 0;
    int parent = 0;
    std::vector<int> found(3);
    rest >> state >> parent >> found[1] >> found[2];
    found[0] = std::stoi(result.out);
    co_return found;
  };
  const command look("cat", "/proc/self/stat");
  const auto usual = co_await ids(look);
  EXPECT_EQ(usual[0], usual[1]);
  EXPECT_EQ(usual[2], ::getsid(0));
  const auto session = co_await ids(command(look).new_session());
  EXPECT_EQ(session[0], session[1]);
  EXPECT_EQ(session[0], session[2]);
  const auto same = co_await ids(command(look).same_group());
  EXPECT_EQ(same[1], ::getpgrp());
}

EDDY_IO_TEST(process_start, S39_signals_at_every_moment_disturb_nothing) {
  // Handlers without SA_RESTART, on the loop's own thread, as fast as another thread can send them.
  static std::atomic<int> handled{0};
  handled = 0;
  struct sigaction counting{};
  struct sigaction before{};
  counting.sa_handler = [](int) { ++handled; };
  ::sigaction(SIGUSR1, &counting, &before);
  std::atomic<bool> stop{false};
  const pthread_t loop = ::pthread_self();
  std::thread sender([&] {
    while (!stop) {
      ::pthread_kill(loop, SIGUSR1);
      std::this_thread::sleep_for(20us);
    }
  });
  const std::string much(300'000, 'x');
  for (int i = 0; i < 20; ++i) {
    const auto result = co_await (command("cat").stdin(much) | shell("cat; echo err >&2; exit 3")).output();
    EXPECT_EQ(result.out.size(), much.size());
    EXPECT_EQ(result.err, "err\n");
    EXPECT_EQ(result.status.code(), 3);
  }
  stop = true;
  sender.join();
  ::sigaction(SIGUSR1, &before, nullptr);
  EXPECT_GT(handled.load(), 0);
}

EDDY_IO_TEST(process_start, S39_sigchld_handlers_of_others_disturb_nothing) {
  static std::atomic<int> handled{0};
  handled = 0;
  const auto before = ::signal(SIGCHLD, [](int) { ++handled; });
  const auto result = co_await shell("echo fine; exit 4").output();
  ::signal(SIGCHLD, before);
  EXPECT_EQ(result.out, "fine\n");
  EXPECT_EQ(result.status.code(), 4);
  EXPECT_GE(handled.load(), 1);
}

/// Whether this system still tells how a child has ended when somebody else has reaped it (Linux 6.15).
bool system_remembers() {
  const std::string release = content_of("/proc/sys/kernel/osrelease");
  int major = 0;
  int minor = 0;
  return std::sscanf(release.c_str(), "%d.%d", &major, &minor) == 2 && (major > 6 || (major == 6 && minor >= 15));
}

EDDY_IO_TEST(process_start, S39_where_the_system_reaps_by_itself) {
  const auto before = ::signal(SIGCHLD, SIG_IGN);
  const auto result = co_await shell("echo fine; exit 4").output();
  int grandchild = 0;
  co_await with(shell("sleep 1000 & echo $!").spawn(), [&](eddy::process& p) -> coro<> {
    const auto line = co_await p.stdout().readline();
    co_await p.wait();
    grandchild = std::stoi(*line);
  });
  ::signal(SIGCHLD, before);
  EXPECT_EQ(result.out, "fine\n");
  EXPECT_EQ(result.status.known(), system_remembers());
  if (system_remembers())
    EXPECT_EQ(result.status.code(), 4);
  else
    EXPECT_EQ(result.status.to_string(), "status unknown");
  EXPECT_FALSE(runs(grandchild));
}

EDDY_IO_TEST(process_start, S39_a_child_that_somebody_else_reaps) {
  co_await with(shell("exit 4").spawn(), [](eddy::process& p) -> coro<> {
    int status = 0;
    EXPECT_EQ(::waitpid(p.pid(), &status, 0), p.pid());
    const auto found = co_await p.wait();
    EXPECT_EQ(found.known(), system_remembers());
    EXPECT_FALSE(p.send_signal(SIGTERM));
  });
}

EDDY_IO_TEST(process_start, S39_a_child_that_has_gone_before_anybody_waits) {
  co_await with(command("true").spawn(), [](eddy::process& p) -> coro<> {
    while (state_of(p.pid()) != 'Z') std::this_thread::yield();  // without the loop's turn
    const auto status = co_await p.wait();
    EXPECT_TRUE(status.success());
    EXPECT_EQ(state_of(p.pid()), 'Z');  // until it is left: its number, and so its group's, is nobody else's
  });
}

}  // namespace
