// SPDX-License-Identifier: BSL-1.0
// Child processes with eddy, and with nothing but system calls: what bench/rows/system.py compares.
//
//   bench_children write BYTES                          writes so many, 64 KiB at a time: the child of all readers
//   bench_children drain PEER BYTES                     reads them from such a child; PEER: eddy, c, c-grown
//   bench_children spawn PEER COUNT AT_ONCE [MIB [freed]]  runs /bin/true; PEER: eddy, vfork, posix_spawn, fork
//
// MIB: so much of this program's memory is resident meanwhile; `freed`: it was, and has been given back. Prints `rate`,
// children a second, or `gib`, GiB a second.
#include <fcntl.h>
#include <sched.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "eddy/coro/run.hpp"
#include "eddy/flow/task_group.hpp"
#include "eddy/flow/with.hpp"
#include "eddy/os/command.hpp"

extern "C" char** environ;  // NOLINT: the system's own

namespace {

using eddy::coro;
using clock = std::chrono::steady_clock;

constexpr std::size_t grown = 1024 * 1024;
// To fill memory takes half a second of processor time, and the system places the children of a program that has just
// been busy otherwise: with no memory at all, half a second of counting costs a fifth of the children a second. What is
// to be seen here is the size alone, so it rests, and the small parent that it is compared with does the same work.
constexpr std::chrono::seconds rest{1};

/// Reader and child each on a core of its own, where there are two.
void stay_on(int core) {
  if (std::thread::hardware_concurrency() < 2) return;
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(static_cast<unsigned>(core), &one);
  sched_setaffinity(0, sizeof one, &one);
}

int write_all(std::size_t bytes) {
  stay_on(1);
  const std::vector<char> block(64 * 1024, 'x');
  while (bytes > 0) {
    const ssize_t count = ::write(STDOUT_FILENO, block.data(), std::min(block.size(), bytes));
    if (count <= 0) return 1;
    bytes -= static_cast<std::size_t>(count);
  }
  return 0;
}

// -- drain ------------------------------------------------------------------------------------------------------------

std::size_t drain_with_eddy(const std::string& bytes) {
  return eddy::run([&]() -> coro<std::size_t> {
    std::size_t all = 0;
    std::vector<std::byte> block(grown);
    co_await eddy::with(eddy::command("/proc/self/exe", "write", bytes).spawn(), [&](eddy::process& p) -> coro<> {
      while (const std::size_t count = co_await p.stdout().read_some(block)) all += count;
      co_await p.wait();
    });
    co_return all;
  });
}

std::size_t drain_with_calls(const std::string& bytes, bool grow) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
  if (grow) ::fcntl(ends[0], F_SETPIPE_SZ, grown);
  posix_spawn_file_actions_t files;
  ::posix_spawn_file_actions_init(&files);
  ::posix_spawn_file_actions_adddup2(&files, ends[1], STDOUT_FILENO);
  std::string arguments[] = {"write", "write", bytes};
  char* const list[] = {arguments[0].data(), arguments[1].data(), arguments[2].data(), nullptr};
  pid_t child = 0;
  if (::posix_spawn(&child, "/proc/self/exe", &files, nullptr, list, environ) != 0) throw std::runtime_error("spawn");
  ::posix_spawn_file_actions_destroy(&files);
  ::close(ends[1]);
  std::vector<char> block(grow ? grown : 64 * 1024);
  std::size_t all = 0;
  for (ssize_t count = 0; (count = ::read(ends[0], block.data(), block.size())) > 0;)
    all += static_cast<std::size_t>(count);
  ::close(ends[0]);
  ::waitpid(child, nullptr, 0);
  return all;
}

double drain(std::string_view peer, const std::string& bytes) {
  stay_on(0);
  const auto begin = clock::now();
  const std::size_t all = peer == "eddy" ? drain_with_eddy(bytes) : drain_with_calls(bytes, peer == "c-grown");
  if (all != std::stoul(bytes)) throw std::runtime_error("bytes are missing");
  return static_cast<double>(all) / std::chrono::duration<double>(clock::now() - begin).count();
}

// -- spawn ------------------------------------------------------------------------------------------------------------

coro<> run_some(int& left) {
  const auto what = eddy::command("/bin/true").stdin(eddy::stdio::inherit);
  while (left-- > 0) {
    const auto status = co_await what.status();
    if (!status.success()) throw std::runtime_error(status.to_string());
  }
}

void spawn_with_eddy(int count, int at_once) {
  eddy::run([&]() -> coro<> {
    int left = count;
    co_await eddy::with(eddy::task_group(), [&](eddy::task_group& group) -> coro<> {
      for (int i = 0; i < at_once; ++i) group.create_task(run_some, std::ref(left));
      co_return;
    });
  });
}

pid_t start(std::string_view peer) {
  static char name[] = "/bin/true";
  static char* const arguments[] = {name, nullptr};
  pid_t child = -1;
  if (peer == "posix_spawn") {
    if (::posix_spawn(&child, name, nullptr, nullptr, arguments, environ) != 0) child = -1;
  } else {
    child = peer == "vfork" ? ::vfork() : ::fork();  // NOLINT: what is to be measured
    if (child == 0) {
      ::execve(name, arguments, environ);
      ::_exit(127);
    }
  }
  if (child < 0) throw std::runtime_error("a child could not be started");
  return child;
}

void spawn_with_calls(std::string_view peer, int count, int at_once) {
  int running = 0;
  while (count > 0 || running > 0) {
    for (; count > 0 && running < at_once; --count, ++running) start(peer);
    int status = 0;
    if (::wait(&status) > 0) --running;
    if (status != 0) throw std::runtime_error("a child has failed");
  }
}

void fill_memory(std::size_t resident, bool freed) {
  constexpr int how = MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE;
  void* const memory = ::mmap(nullptr, resident, PROT_READ | PROT_WRITE, how, -1, 0);
  if (memory == MAP_FAILED) throw std::runtime_error("mmap");
  if (freed) ::munmap(memory, resident);
  std::this_thread::sleep_for(rest);
}

double spawn(std::string_view peer, int count, int at_once) {
  const auto begin = clock::now();
  if (peer == "eddy")
    spawn_with_eddy(count, at_once);
  else
    spawn_with_calls(peer, count, at_once);
  return count / std::chrono::duration<double>(clock::now() - begin).count();
}

int measure(const std::vector<std::string>& arguments) {
  const std::string& what = arguments.at(0);
  if (what == "write") return write_all(std::stoul(arguments.at(1)));
  if (what == "drain") {
    std::printf("gib %.4g\n", drain(arguments.at(1), arguments.at(2)) / (1 << 30));
  } else if (what == "spawn") {
    const std::size_t resident = arguments.size() > 4 ? std::stoul(arguments[4]) << 20 : 0;
    if (resident != 0) fill_memory(resident, arguments.size() > 5 && arguments[5] == "freed");
    std::printf("rate %.5g\n", spawn(arguments.at(1), std::stoi(arguments.at(2)), std::stoi(arguments.at(3))));
  } else {
    throw std::runtime_error("usage: see the top of bench/os/children.cpp");
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return measure(std::vector<std::string>(argv + 1, argv + argc));
  } catch (const std::exception& e) {
    std::fprintf(stderr, "bench_children: %s\n", e.what());
    return 1;
  }
}
