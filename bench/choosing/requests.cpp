// SPDX-License-Identifier: BSL-1.0
#include "bench/choosing/requests.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <numeric>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "eddy/coro/run.hpp"
#include "eddy/flow/gather.hpp"
#include "eddy/net/open_connection.hpp"

namespace choosing {

namespace {

int checked(int result) {
  if (result < 0) throw std::system_error(errno, std::generic_category());
  return result;
}

class blocking_socket {
 public:
  explicit blocking_socket(std::uint16_t port) : descriptor_(checked(socket(AF_INET, SOCK_STREAM, 0))) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    checked(connect(descriptor_, reinterpret_cast<const sockaddr*>(&to), sizeof to));
  }
  ~blocking_socket() { close(descriptor_); }
  blocking_socket(const blocking_socket&) = delete;
  blocking_socket& operator=(const blocking_socket&) = delete;

  void write(const std::string& text) { checked(static_cast<int>(send(descriptor_, text.data(), text.size(), 0))); }
  std::string readline() {
    std::string line;
    for (char c = 0; checked(static_cast<int>(recv(descriptor_, &c, 1, 0))) == 1 && c != '\n';) line += c;
    return line;
  }

 private:
  int descriptor_;
};

long ask_blocking(std::uint16_t port, int question) {
  blocking_socket connection(port);
  connection.write(std::to_string(question) + "\n");
  return std::stol(connection.readline());
}

eddy::coro<long> ask(std::uint16_t port, int question) {
  auto connection = co_await eddy::open_connection("127.0.0.1", port);
  co_await connection.writer().write(std::to_string(question), "\n");
  auto answer = co_await connection.reader().readline();
  co_return std::stol(answer.value());
}

}  // namespace

long requests_in_a_loop(std::uint16_t port, int count) {
  long sum = 0;
  for (int i = 0; i < count; ++i) sum += ask_blocking(port, i);
  return sum;
}

long requests_in_threads(std::uint16_t port, int count) {
  std::vector<long> answers(static_cast<std::size_t>(count));
  std::vector<std::thread> threads;
  for (int i = 0; i < count; ++i)
    threads.emplace_back([&answers, port, i] { answers[static_cast<std::size_t>(i)] = ask_blocking(port, i); });
  for (std::thread& each : threads) each.join();
  return std::accumulate(answers.begin(), answers.end(), 0L);
}

long requests_in_coroutines(std::uint16_t port, int count) {
  return eddy::run([port, count]() -> eddy::coro<long> {
    std::vector<eddy::coro<long>> asking;
    for (int i = 0; i < count; ++i) asking.push_back(ask(port, i));
    auto answers = co_await eddy::gather(std::move(asking));
    co_return std::accumulate(answers.begin(), answers.end(), 0L);
  });
}

}  // namespace choosing
