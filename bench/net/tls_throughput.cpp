// SPDX-License-Identifier: BSL-1.0
// One GiB through a TLS connection over the loopback interface, sender and receiver in processes of their own: eddy, a
// bare C loop (blocking SSL_read and SSL_write), asyncio, uvloop. One run, alternating, the best of three of each:
//   cmake --build --preset release --target bench_tls_throughput && build/release/bench/net/bench_tls_throughput [MiB]
// With a peer's key after the size (bare, epoll, io_uring, asyncio, uvloop) that one runs once, and prints `mib_s`.
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include "eddy/coro/run.hpp"
#include "eddy/net/listener.hpp"
#include "eddy/net/open_connection.hpp"
#include "eddy/net/tls/client_context.hpp"
#include "eddy/net/tls/connection_info.hpp"
#include "eddy/net/tls/server_context.hpp"
#include "eddy/testing/tls/authority.hpp"

namespace {

using eddy::coro;
using seconds = std::chrono::duration<double>;
constexpr std::size_t block_size = 256 * 1024;

std::size_t total = std::size_t{1} << 30U;

[[noreturn]] void fail(const char* what) {
  std::perror(what);
  std::exit(1);
}

/// Runs `sender` in a child, which reports its port through a pipe; `receiver` in another, which reports the seconds.
double run_pair(const std::function<void(int)>& sender, const std::function<double(std::uint16_t)>& receiver) {
  std::array<int, 2> port_pipe{};
  std::array<int, 2> time_pipe{};
  if (pipe(port_pipe.data()) != 0 || pipe(time_pipe.data()) != 0) fail("pipe");
  const pid_t first = fork();
  if (first == 0) {
    sender(port_pipe[1]);
    _exit(0);
  }
  const pid_t second = fork();
  if (second == 0) {
    std::uint16_t port = 0;
    if (read(port_pipe[0], &port, sizeof port) != sizeof port) fail("read");
    const double taken = receiver(port);
    if (write(time_pipe[1], &taken, sizeof taken) != sizeof taken) fail("write");
    _exit(0);
  }
  close(port_pipe[1]);
  close(time_pipe[1]);
  double taken = 0;
  if (read(time_pipe[0], &taken, sizeof taken) != sizeof taken) fail("a child failed");
  waitpid(first, nullptr, 0);
  waitpid(second, nullptr, 0);
  close(port_pipe[0]);
  close(time_pipe[0]);
  return taken;
}

void report_port(int to, std::uint16_t port) {
  if (write(to, &port, sizeof port) != sizeof port) fail("write");
}

// -- eddy ----------------------------------------------------------------------------------------------------

coro<> eddy_send(int port_to, eddy::tls::server_context context) {
  eddy::listener at(eddy::endpoint(eddy::ip_address::loopback_v4(), 0));
  report_port(port_to, at.local_endpoint().port());
  eddy::stream plain = co_await at.accept();
  eddy::stream out = co_await eddy::start_tls(std::move(plain), context);
  const std::string block(block_size, '\0');
  for (std::size_t left = total; left != 0;) {
    const std::size_t count = std::min(left, block.size());
    co_await out.writer().write(std::string_view(block).substr(0, count));
    left -= count;
  }
  co_await out.close();
}

coro<double> eddy_receive(std::uint16_t port, eddy::tls::client_context context) {
  eddy::stream in = co_await eddy::open_connection("127.0.0.1", port).tls(context, "localhost");
  std::vector<std::byte> memory(block_size);
  const auto start = std::chrono::steady_clock::now();
  std::size_t got = 0;
  while (got < total) {
    const std::size_t count = co_await in.reader().read_some(memory);
    if (count == 0) fail("eddy: an early end");
    got += count;
  }
  co_return seconds(std::chrono::steady_clock::now() - start).count();
}

// -- bare C --------------------------------------------------------------------------------------------------

void c_send(int port_to, const eddy::testing::certificate_files& files) {
  SSL_CTX* const context = SSL_CTX_new(TLS_server_method());
  SSL_CTX_use_certificate_chain_file(context, files.chain().c_str());
  SSL_CTX_use_PrivateKey_file(context, files.key().c_str(), SSL_FILETYPE_PEM);
  const int listening = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (bind(listening, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(listening, 1) != 0) fail("listen");
  getsockname(listening, reinterpret_cast<sockaddr*>(&address), &size);
  report_port(port_to, ntohs(address.sin_port));
  const int fd = accept(listening, nullptr, nullptr);
  SSL* const ssl = SSL_new(context);
  SSL_set_fd(ssl, fd);
  if (SSL_accept(ssl) != 1) fail("SSL_accept");
  const std::vector<char> block(block_size);
  for (std::size_t left = total; left != 0;) {
    const std::size_t count = std::min(left, block.size());
    if (SSL_write(ssl, block.data(), static_cast<int>(count)) != static_cast<int>(count)) fail("SSL_write");
    left -= count;
  }
  SSL_shutdown(ssl);
  close(fd);
}

double c_receive(std::uint16_t port) {
  SSL_CTX* const context = SSL_CTX_new(TLS_client_method());
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) fail("connect");
  SSL* const ssl = SSL_new(context);
  SSL_set_fd(ssl, fd);
  if (SSL_connect(ssl) != 1) fail("SSL_connect");
  std::vector<char> memory(block_size);
  const auto start = std::chrono::steady_clock::now();
  std::size_t got = 0;
  while (got < total) {
    const int count = SSL_read(ssl, memory.data(), static_cast<int>(memory.size()));
    if (count <= 0) fail("SSL_read");
    got += static_cast<std::size_t>(count);
  }
  return seconds(std::chrono::steady_clock::now() - start).count();
}

// -- Python --------------------------------------------------------------------------------------------------

double python(const std::string& kind, const eddy::testing::certificate_files& files) {
  const std::string command = "/usr/bin/python3 " EDDY_BENCH_NET "/tls_peer.py " + kind + " " + files.chain() + " " +
                              files.key() + " " + files.ca() + " " + std::to_string(total);
  FILE* const out = popen(command.c_str(), "r");
  double taken = 0;
  if (out == nullptr || std::fscanf(out, "%lf", &taken) != 1) taken = 0;
  if (out != nullptr) pclose(out);
  return taken;
}

struct peer {
  const char* key;
  const char* name;
  std::function<double()> run;
  double best = 0;
};

/// @returns the exit status: 77 when the peer is not there.
int measure_one(const std::vector<peer>& peers, const std::string& key, double mib) {
  for (const peer& each : peers) {
    if (each.key != key) continue;
    const double taken = each.run();
    if (taken == 0) return 77;
    std::printf("mib_s %.0f\n", mib / taken);
    return 0;
  }
  std::fprintf(stderr, "there is no peer %s\n", key.c_str());
  return 1;
}

}  // namespace

int main(int count, char** arguments) {
  if (count > 1) total = std::strtoull(arguments[1], nullptr, 10) << 20U;
  const eddy::testing::authority authority;
  const auto shown = authority.issue(eddy::testing::leaf("localhost").and_for("127.0.0.1"));
  const eddy::testing::certificate_files files(shown, authority.certificate());
  const auto eddy_run = [&](const char* backend) {
    setenv("EDDY_BACKEND", backend, 1);
    return run_pair(
        [&](int port_to) {
          eddy::run(eddy_send, port_to,
                    eddy::tls::server_context(eddy::tls::identity::from_files(files.chain(), files.key())));
        },
        [&](std::uint16_t port) {
          return eddy::run(eddy_receive, port, eddy::tls::client_context().ca_file(files.ca()));
        });
  };
  std::vector<peer> peers{
      {"bare", "bare C, blocking", [&] { return run_pair([&](int to) { c_send(to, files); }, c_receive); }},
      {"epoll", "eddy, epoll", [&] { return eddy_run("epoll"); }},
      {"io_uring", "eddy, io_uring", [&] { return eddy_run("io_uring"); }},
      {"asyncio", "asyncio", [&] { return python("asyncio", files); }},
      {"uvloop", "uvloop", [&] { return python("uvloop", files); }},
  };
  const double mib = static_cast<double>(total) / (1 << 20);
  if (count > 2) return measure_one(peers, arguments[2], mib);
  for (int round = 0; round < 3; ++round) {
    for (peer& each : peers) {
      const double taken = each.run();
      if (taken > 0 && (each.best == 0 || taken < each.best)) each.best = taken;
    }
  }
  std::printf("%.0f MiB through TLS 1.3 (TLS_AES_256_GCM_SHA384), two processes, the best of three\n\n", mib);
  std::printf("| peer | seconds | MiB/s | of the bare loop |\n|---|---|---|---|\n");
  for (const peer& each : peers) {
    if (each.best == 0)
      std::printf("| %s | not there | | |\n", each.name);
    else
      std::printf("| %s | %.2f | %.0f | %.2f |\n", each.name, each.best, mib / each.best,
                  peers.front().best / each.best);
  }
}
