// SPDX-License-Identifier: BSL-1.0
// A server that sends back each line, and a client that talks to it. Run: `example_070_echo_server`.
#include <eddy/eddy.hpp>

#include <iostream>
#include <string>
#include <utility>

using eddy::coro;

// [server]
coro<> echo(eddy::stream connection) {
  auto lines = connection.reader().lines();
  while (auto line = co_await lines.next()) co_await connection.writer().write(*line, "\n");
}
// [server]

// [client]
coro<> talk(std::uint16_t port) {
  auto connection = co_await eddy::open_connection("127.0.0.1", port);
  for (std::string word : {"hello", "world"}) {
    co_await connection.writer().write(word, "\n");
    auto answer = co_await connection.reader().readline();
    std::cout << *answer << '\n';
  }
  co_await connection.close();
}
// [client]

// [main]
coro<> main_coro() {
  co_await eddy::with(eddy::start_server(echo, "127.0.0.1", 0), [](eddy::server& server) -> coro<> {
    co_await talk(server.port());  // a program that only serves awaits server.serve_forever() here
  });
}

int main() { eddy::run(main_coro); }
// [main]
