// SPDX-License-Identifier: BSL-1.0
// What an idle connection costs, and whether anything grows when connections come and go.
//
//   bench_connections [connections, default 10000] [seconds of opening and closing, default 60]
//
// An echo server of eddy in this process, the clients in another. Memory is what the system says is resident; the
// handler's coroutine frame is counted, the kernel's own buffers are not.
#include <fcntl.h>
#include <malloc.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>

#include "connections_client.hpp"
#include "eddy/coro/run.hpp"
#include "eddy/exec/readable.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/with.hpp"
#include "eddy/net/server.hpp"

namespace {

using namespace eddy;

coro<> echo(stream peer) {
  try {
    while (co_await peer.reader().fill()) {
      const std::string_view got = peer.reader().buffered();
      co_await peer.writer().write(got);
      peer.reader().consume(got.size());
    }
  } catch (const std::system_error&) {  // the client has gone by a reset
  }
}

/// In bytes. What the allocator keeps for later is given back first.
long resident() {
  malloc_trim(0);
  long pages = 0;
  long unused = 0;
  std::FILE* const file = std::fopen("/proc/self/statm", "r");
  if (file == nullptr || std::fscanf(file, "%ld %ld", &unused, &pages) != 2) std::abort();
  std::fclose(file);
  return pages * sysconf(_SC_PAGESIZE);
}

long descriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return std::distance(begin(all), end(all)) - 1;
}

/// This program again, as a client, with a pipe to its stdin and one from its stdout.
class client {
 public:
  client(const char* what, std::uint16_t port, int first, int second) {
    std::array<int, 2> in{};
    std::array<int, 2> out{};
    if (pipe2(in.data(), O_CLOEXEC) != 0 || pipe2(out.data(), O_CLOEXEC) != 0) std::abort();
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, in[0], 0);
    posix_spawn_file_actions_adddup2(&files, out[1], 1);
    std::array<std::string, 5> words{"bench_connections", what, std::to_string(port), std::to_string(first),
                                     std::to_string(second)};
    std::array<char*, 6> arguments{};
    for (std::size_t i = 0; i < words.size(); ++i) arguments.at(i) = words.at(i).data();
    if (posix_spawn(&pid_, "/proc/self/exe", &files, nullptr, arguments.data(), environ) != 0) std::abort();
    posix_spawn_file_actions_destroy(&files);
    close(in[0]);
    close(out[1]);
    in_ = in[1];
    out_ = out[0];
  }
  client(const client&) = delete;
  client& operator=(const client&) = delete;
  ~client() {
    close(in_);
    close(out_);
    waitpid(pid_, nullptr, 0);
  }
  coro<std::string> says() {
    co_await readable(out_);
    std::array<char, 100> text{};
    const ssize_t count = read(out_, text.data(), text.size());
    co_return std::string(text.data(), count > 0 ? static_cast<std::size_t>(count) : 0);
  }
  void go_on() const { [[maybe_unused]] const ssize_t written = write(in_, "\n", 1); }

 private:
  pid_t pid_ = 0;
  int in_ = -1;
  int out_ = -1;
};

coro<> until_none(server& s) {
  while (s.connections() != 0) co_await sleep(std::chrono::milliseconds(1));
}

coro<> measure_idle(server& s, int count) {
  {  // what is made once
    client first("hold", s.port(), 100, 0);
    co_await first.says();
  }
  co_await until_none(s);
  const long before = resident();
  long open = 0;
  {
    client many("hold", s.port(), count, 0);
    const std::string said = co_await many.says();
    open = resident();
    if (said != "open\n" || s.connections() != static_cast<std::size_t>(count)) std::abort();
    many.go_on();
  }
  co_await until_none(s);
  std::printf("%d idle connections: %ld bytes resident each (%ld KiB before, %ld with them, %ld after)\n", count,
              (open - before) / count, before / 1024, open / 1024, resident() / 1024);
}

coro<> measure_churn(server& s, int seconds) {
  std::printf("%d s of opening and closing, 200 at a time:\n%8s %12s %12s\n", seconds, "s", "descriptors", "KiB");
  client many("churn", s.port(), 200, seconds);
  bool over = false;
  std::string said;
  const auto listen = [&]() -> coro<> {
    said = co_await many.says();
    over = true;
  };
  auto listening = create_task(listen);
  // 200 connections may be open at any moment; what grows shows in the lowest of each period.
  constexpr int looks = 6;
  for (int i = 1; i <= looks; ++i) {
    long least_descriptors = LONG_MAX;
    long least_memory = LONG_MAX;
    const auto end = now() + std::chrono::milliseconds(1000 * seconds / looks);
    while (now() < end && !over) {
      least_descriptors = std::min(least_descriptors, descriptors());
      least_memory = std::min(least_memory, resident());
      co_await sleep(std::chrono::milliseconds(97));
    }
    std::printf("%8d %12ld %12ld\n", i * seconds / looks, least_descriptors, least_memory / 1024);
  }
  co_await listening;
  co_await until_none(s);
  std::printf("%8s %12ld %12ld   after %s", "end", descriptors(), resident() / 1024, said.c_str());
}

}  // namespace

int main(int argc, char** argv) {
  const auto number = [&](int i, int otherwise) { return argc > i ? std::atoi(argv[i]) : otherwise; };
  if (argc > 1 && std::strcmp(argv[1], "hold") == 0)
    return hold_connections(static_cast<std::uint16_t>(number(2, 0)), number(3, 0));
  if (argc > 1 && std::strcmp(argv[1], "churn") == 0)
    return open_and_close(static_cast<std::uint16_t>(number(2, 0)), number(3, 0), number(4, 0));
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  const int count = number(1, 10'000);
  const int seconds = number(2, 60);
  std::setvbuf(stdout, nullptr, _IONBF, 0);
  run([&]() -> coro<> {
    co_await with(start_server(echo, "127.0.0.1", 0), [&](server& s) -> coro<> {
      co_await measure_idle(s, count);
      co_await measure_churn(s, seconds);
    });
  });
}
