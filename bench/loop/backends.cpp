// SPDX-License-Identifier: BSL-1.0
// Sockets on one backend against the other, in one run: TCP over loopback, server on a thread of its own.
//
//   bench_backends [seconds for each measurement, default 2] [rounds, default 5]
//
// The rounds alternate between the backends, so that a busy machine slows both down; the best of each counts. The last
// column is the processor time of server and client together for one message and its answer.
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "eddy/coro/run.hpp"
#include "eddy/coro/task.hpp"
#include "eddy/loop/backend.hpp"
#include "eddy/net/listener.hpp"
#include "eddy/net/open_connection.hpp"

namespace {

using namespace eddy;
using clock = std::chrono::steady_clock;

coro<> echo(stream peer) {
  try {
    while (co_await peer.reader().fill()) {
      const std::string_view got = peer.reader().buffered();
      co_await peer.writer().write(got);
      peer.reader().consume(got.size());
    }
  } catch (const std::system_error&) {  // the client has gone
  }
}

coro<> serve(std::promise<endpoint>& at, int connections) {
  listener door(endpoint(ip_address::loopback_v4(), 0));
  at.set_value(door.local_endpoint());
  std::vector<task<>> all;
  for (int i = 0; i < connections; ++i) {
    stream peer = co_await door.accept();
    all.push_back(create_task(echo, std::move(peer)));
  }
  for (auto& one : all) co_await one;
}

coro<> ping(endpoint to, std::size_t size, clock::time_point end, long& count) {
  stream io = co_await open_connection(to);
  const std::string message(size, 'x');
  while (clock::now() < end) {
    co_await io.writer().write(message);
    while (io.reader().buffered().size() < size) {
      const bool more = co_await io.reader().fill_to(size);
      if (!more) co_return;
    }
    io.reader().consume(size);
    ++count;
  }
}

coro<> ping_all(endpoint to, int connections, std::size_t size, clock::time_point end, long& count) {
  std::vector<task<>> all;
  for (int i = 0; i < connections; ++i) all.push_back(create_task(ping, to, size, end, std::ref(count)));
  for (auto& one : all) co_await one;
}

double processor_seconds() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

struct figure {
  double per_second = 0;
  double processor = 0;  // us for each message and its answer
};

figure measure(const std::string& backend, int connections, std::size_t size, double seconds) {
  std::promise<endpoint> at;
  std::thread server(
      [&] { run(run_options().backend(backend).handle_interrupt(false), serve, std::ref(at), connections); });
  const endpoint to = at.get_future().get();
  long count = 0;
  const double before = processor_seconds();
  const auto start = clock::now();
  const auto end = start + std::chrono::duration_cast<clock::duration>(std::chrono::duration<double>(seconds));
  run(run_options().backend(backend), ping_all, to, connections, size, end, std::ref(count));
  const double took = std::chrono::duration<double>(clock::now() - start).count();
  server.join();
  const auto messages = static_cast<double>(count);
  return {messages / took, (processor_seconds() - before) * 1e6 / messages};
}

void compare(const char* what, int connections, std::size_t size, double seconds, int rounds) {
  figure best[2];
  const char* const names[2] = {"epoll", "io_uring"};
  for (int round = 0; round < rounds; ++round) {
    for (int i = 0; i < 2; ++i) {
      const figure now = measure(names[i], connections, size, seconds);
      if (now.per_second > best[i].per_second) best[i] = now;
    }
  }
  std::printf("%-28s %9.1f %9.1f %7.2f %9.2f %9.2f\n", what, best[0].per_second / 1000, best[1].per_second / 1000,
              best[1].per_second / best[0].per_second, best[0].processor, best[1].processor);
}

}  // namespace

int main(int argc, char** argv) {
  const double seconds = argc > 1 ? std::atof(argv[1]) : 2;
  const int rounds = argc > 2 ? std::atoi(argv[2]) : 5;
  try {
    eddy::detail::make_backend("io_uring");
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
  std::printf("%-28s %9s %9s %7s %19s\n", "1000 messages a second", "epoll", "io_uring", "ratio", "us each");
  compare("ping-pong, 64 B", 1, 64, seconds, rounds);
  compare("64 connections, 64 B", 64, 64, seconds, rounds);
  compare("64 connections, 16 KiB", 64, 16 * 1024, seconds, rounds);
}
