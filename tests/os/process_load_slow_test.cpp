// SPDX-License-Identifier: BSL-1.0
// Many children at once, and much of what one writes.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <fstream>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "eddy/base/config.hpp"
#include "eddy/coro/run.hpp"
#include "eddy/flow/gather.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/task_group.hpp"
#include "eddy/flow/with.hpp"
#include "eddy/os/command.hpp"
#include "eddy/sync/event.hpp"
#include "eddy/testing/test.hpp"
#include "tests/os/process_support.hpp"

using namespace eddy::testing;
using eddy::command;
using eddy::coro;
using eddy::process;
using eddy::shell;

namespace {

constexpr bool sanitized = EDDY_ASAN || EDDY_TSAN;

/// Bytes of this process in memory.
std::size_t resident() {
  std::ifstream from("/proc/self/statm");
  std::size_t all = 0;
  std::size_t pages = 0;
  from >> all >> pages;
  return pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

EDDY_IO_TEST(process_load_slow, S39_a_gibibyte_streams_in_constant_memory) {
  constexpr std::size_t all = std::size_t{1} << 30;
  std::size_t count = 0;
  std::size_t before = 0;
  std::size_t most = 0;
  std::size_t next_look = all / 16;  // everything that is made once is there by then
  std::vector<std::byte> block(256 * 1024);
  co_await with(command("head", "-c", all, "/dev/zero").check().spawn(), [&](process& p) -> coro<> {
    while (true) {
      const std::size_t came = co_await p.stdout().read_some(block);
      if (came == 0) break;
      count += came;
      if (count < next_look) continue;
      next_look += all / 64;
      most = std::max(most, resident());
      if (before == 0) before = most;
    }
    co_await p.wait();
  });
  EXPECT_EQ(count, all);
  EXPECT_LT(most, before + 8 * 1024 * 1024);
}

EDDY_IO_TEST(process_load_slow, S42_much_goes_in_and_comes_out_in_constant_memory) {
  constexpr std::size_t all = std::size_t{128} << 20;
  std::size_t count = 0;
  std::size_t most = 0;
  const std::size_t before = resident();
  const std::string block(1 << 20, 'x');
  std::vector<std::byte> into(256 * 1024);
  co_await with(command("cat").stdin(eddy::stdio::pipe).spawn(), [&](process& p) -> coro<> {
    const auto write_all = [&]() -> coro<> {
      for (std::size_t written = 0; written < all; written += block.size()) co_await p.stdin().write(block);
      co_await p.stdin().write_eof();
    };
    const auto read_all = [&]() -> coro<> {
      for (std::size_t came = 1; came != 0; count += came) {
        came = co_await p.stdout().read_some(into);
        if (count % (1 << 20) < into.size()) most = std::max(most, resident());
      }
    };
    co_await eddy::gather(write_all(), read_all());
  });
  EXPECT_EQ(count, all);
  EXPECT_LT(most, before + 32 * 1024 * 1024);
}

EDDY_IO_TEST(process_load_slow, S39_a_thousand_children_at_once) {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  // Each has a pidfd and two pipes here.
  const int allowed = static_cast<int>(std::min<rlim_t>(limit.rlim_max, 1 << 20) / 4);
  const int children = std::min(sanitized ? 200 : 1000, allowed);
  rlimit raised = limit;
  raised.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &raised);
  int ready = 0;
  int done = 0;
  {
    // All of them run at the same time: each waits until the last has said that it is there.
    eddy::event all_ready;
    co_await with(eddy::task_group(), [&](eddy::task_group& group) -> coro<> {
      for (int i = 0; i < children; ++i) {
        group.create_task([&]() -> coro<> {
          co_await with(command("cat").stdin(eddy::stdio::pipe).stderr(eddy::stdio::null).pipe_size(0).spawn(),
                        [&](process& p) -> coro<> {
                          co_await p.stdin().write("here\n");
                          const auto line = co_await p.stdout().readline();
                          EXPECT_EQ(line, "here");
                          if (++ready == children) all_ready.set();
                          co_await all_ready.wait();
                          co_await p.stdin().write_eof();
                          const auto status = co_await p.wait();
                          done += status.success() ? 1 : 0;
                        });
        });
      }
      co_return;
    });
  }
  ::setrlimit(RLIMIT_NOFILE, &limit);
  EXPECT_EQ(ready, children);
  EXPECT_EQ(done, children);
}

EDDY_IO_TEST(process_load_slow, L7_a_loop_that_starts_many_still_has_its_turns) {
  // A callback in each turn counts how many were started since the last.
  int since = 0;
  int most = 0;
  bool on = true;
  std::function<void()> count = [&] {
    since = 0;
    if (on) eddy::event_loop::current().call_soon([&] { count(); });
  };
  count();
  co_await with(eddy::task_group(), [&](eddy::task_group& group) -> coro<> {
    for (int i = 0; i < 100; ++i) {
      group.create_task([&]() -> coro<> {
        co_await with(command("true").spawn(), [&](process& p) -> coro<> {
          most = std::max(most, ++since);
          co_await p.wait();
        });
      });
    }
    co_return;
  });
  on = false;
  for (int i = 0; i < 3; ++i) co_await eddy::sleep(std::chrono::nanoseconds(0));  // the last has its turn
  EXPECT_GE(most, 1);
  EXPECT_LE(most, 2);
}

EDDY_IO_TEST(process_load_slow, S39_children_one_after_the_other_leave_nothing) {
  const std::size_t rounds = sanitized ? 50 : 300;
  std::size_t before = 0;
  for (std::size_t i = 0; i < rounds; ++i) {
    const auto result = co_await shell("echo x; echo y >&2").output();
    EXPECT_EQ(result.out, "x\n");
    if (i == rounds / 3) before = resident();
  }
  EXPECT_LT(resident(), before + 4 * 1024 * 1024);
}

// Loops on threads of their own start children at the same time: no descriptor of one gets into a child of the other,
// where it would keep a pipe open.
TEST(process_load_slow, S39_loops_on_several_threads) {
  constexpr int threads = 3;
  constexpr int rounds = sanitized ? 15 : 60;
  std::atomic<int> fine{0};
  std::vector<std::thread> all;
  for (int i = 0; i < threads; ++i) {
    all.emplace_back([&] {
      eddy::run(eddy::run_options().handle_interrupt(false), [&]() -> coro<> {
        for (int round = 0; round < rounds; ++round) {
          const auto kept = command("cat").stdin("text").linger(std::chrono::nanoseconds::max());
          const auto both = co_await eddy::gather(kept.output(), kept.output());
          if (std::get<0>(both).out == "text" && std::get<1>(both).out == "text") ++fine;
        }
      });
    });
  }
  for (std::thread& each : all) each.join();
  EXPECT_EQ(fine.load(), threads * rounds);
}

}  // namespace
