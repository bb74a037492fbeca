// SPDX-License-Identifier: BSL-1.0
// A server on two loops, each on a thread of its own: both listen on one port, and tell a third what they have done.
// Run: `example_140_loops_on_cores`.
#include <eddy/eddy.hpp>

#include <array>
#include <cstddef>
#include <iostream>
#include <string>

using eddy::coro;

// What the loops share: channels, which any thread may use. Nothing else of a loop leaves its thread.
struct shared {
  eddy::channel<std::uint16_t> ports{2};   // where to listen, and whom to ask
  eddy::channel<std::size_t> served{100};  // which loop has answered
  eddy::channel<int> stop{1};              // nothing is sent; closed when the program is to end
};

// [serve]
coro<> serve(std::size_t index, std::uint16_t port, shared& all) {
  auto answer = [&, index](eddy::stream connection) -> coro<> {
    co_await connection.writer().write("hello from loop " + std::to_string(index) + "\n");
    co_await all.served.send(index);
  };
  auto server = eddy::start_server(answer, "127.0.0.1", port).reuse_port(true);  // the kernel shares connections out
  auto body = [&](eddy::server& running) -> coro<> {
    for (int i = 0; index == 0 && i < 2; ++i) co_await all.ports.send(running.port());
    co_await all.stop.receive();
  };
  co_await eddy::with(std::move(server), body);
}
// [serve]

// [talk]
coro<> talk(shared& all) {
  auto port = co_await all.ports.receive();
  std::array<int, 2> answers{};
  for (int i = 0; i < 20; ++i) {
    auto connection = co_await eddy::open_connection("127.0.0.1", *port);
    co_await connection.reader().readline();
    co_await connection.close();
    auto index = co_await all.served.receive();
    ++answers[*index];
  }
  all.stop.close();
  std::cout << answers[0] + answers[1] << " answers\n";
}
// [talk]

// [main]
int main() {
  shared all;
  eddy::run_on_cores(3, [&](std::size_t index) -> coro<> {
    if (index == 2) {
      co_await talk(all);
    } else if (index == 0) {
      co_await serve(0, 0, all);
    } else {
      auto port = co_await all.ports.receive();
      co_await serve(1, *port, all);
    }
  });
}
// [main]
