// SPDX-License-Identifier: BSL-1.0
// What an idle TLS connection costs: resident memory of a server's process with N connections, each with a handler that
// waits for a line, after each has carried some bytes. The clients are a process of their own.
//   cmake --build --preset release --target bench_tls_memory && build/release/bench/net/bench_tls_memory [connections]
#include <malloc.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "eddy/coro/run.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/with.hpp"
#include "eddy/net/open_connection.hpp"
#include "eddy/net/server.hpp"
#include "eddy/net/tls/client_context.hpp"
#include "eddy/net/tls/server_context.hpp"
#include "eddy/testing/tls/authority.hpp"

namespace {

using eddy::coro;
using namespace std::chrono_literals;

/// Bytes of memory that this process has in use.
std::size_t resident() {
  malloc_trim(0);
  FILE* const file = std::fopen("/proc/self/statm", "r");
  unsigned long size = 0;
  unsigned long pages = 0;
  const int fields = std::fscanf(file, "%lu %lu", &size, &pages);
  std::fclose(file);
  return fields == 2 ? pages * static_cast<std::size_t>(sysconf(_SC_PAGESIZE)) : 0;
}

std::size_t waiting = 0;

coro<> wait_for_lines(eddy::stream connection) {
  auto lines = connection.reader().lines();
  while (auto line = co_await lines.next()) {
    co_await connection.writer().write(*line, "\n");
    ++waiting;
  }
}

coro<> clients(int port_from, int stop_from, std::size_t count, std::string ca, bool secure) {
  std::uint16_t port = 0;
  if (read(port_from, &port, sizeof port) != sizeof port) std::exit(1);
  const auto context = eddy::tls::client_context().ca_pem(ca).resumption(false);
  const std::string line = std::string(10'000, 'x') + "\n";
  std::vector<eddy::stream> all;
  for (std::size_t i = 0; i < count; ++i) {
    eddy::stream made;
    if (secure)
      made = co_await eddy::open_connection("127.0.0.1", port).tls(context, "localhost");
    else
      made = co_await eddy::open_connection("127.0.0.1", port);
    co_await made.writer().write(line);
    co_await made.reader().readline();
    all.push_back(std::move(made));
  }
  char byte = 0;
  if (read(stop_from, &byte, 1) < 0) std::exit(1);
  std::_Exit(0);
}

void measure(std::size_t count, bool secure, const eddy::testing::authority& authority) {
  std::array<int, 2> port_pipe{};
  std::array<int, 2> stop_pipe{};
  if (pipe(port_pipe.data()) != 0 || pipe(stop_pipe.data()) != 0) std::exit(1);
  const pid_t child = fork();
  if (child == 0) eddy::run(clients, port_pipe[0], stop_pipe[0], count, authority.certificate(), secure);
  const pid_t serving = fork();  // a process of its own: what the last one has left does not count
  if (serving == 0) {
    eddy::run([&]() -> coro<> {
      const auto shown = authority.issue(eddy::testing::leaf("localhost"));
      const eddy::tls::server_context context(eddy::tls::identity::from_pem(shown.chain, shown.key));
      const eddy::server_security_ref security = secure ? eddy::server_security_ref(context) : nullptr;
      co_await eddy::with(
          eddy::start_server(wait_for_lines, "127.0.0.1", 0).tls(security), [&](eddy::server& s) -> coro<> {
            const std::uint16_t port = s.port();
            const std::size_t warm_up = count / 10;  // what the first ones need does not count
            if (write(port_pipe[1], &port, sizeof port) != sizeof port) std::exit(1);
            while (waiting < warm_up) co_await eddy::sleep(1ms);
            const std::size_t begun = waiting;
            const std::size_t before = resident();
            while (waiting < count) co_await eddy::sleep(1ms);
            const std::size_t after = resident();
            std::printf("| %s | %zu | %.2f |\n", secure ? "TLS 1.3" : "TCP", count,
                        static_cast<double>(after - before) / 1024 / static_cast<double>(count - begun));
            std::fflush(stdout);
            std::_Exit(0);
          });
    });
  }
  waitpid(serving, nullptr, 0);
  if (write(stop_pipe[1], "x", 1) != 1) std::exit(1);
  waitpid(child, nullptr, 0);
  for (const int fd : {port_pipe[0], port_pipe[1], stop_pipe[0], stop_pipe[1]}) close(fd);
}

}  // namespace

int main(int arguments, char** values) {
  const std::size_t count = arguments > 1 ? std::strtoull(values[1], nullptr, 10) : 5000;
  rlimit descriptors{};
  getrlimit(RLIMIT_NOFILE, &descriptors);
  descriptors.rlim_cur = descriptors.rlim_max;
  setrlimit(RLIMIT_NOFILE, &descriptors);
  const eddy::testing::authority authority;
  std::printf("| idle connections of a server | number | KiB each, handler included |\n|---|---|---|\n");
  std::fflush(stdout);
  measure(count, false, authority);
  measure(count, true, authority);
}
