// SPDX-License-Identifier: BSL-1.0
// A secure echo server and its client, with certificates that an authority for tests has made in memory.
// Run: `example_180_tls`. A real program names files: tls::identity::from_files("chain.pem", "key.pem").
#include <eddy/eddy.hpp>
#include <eddy/testing/tls/authority.hpp>

#include <iostream>
#include <string>
#include <utility>

using eddy::coro;
namespace tls = eddy::tls;

coro<> echo(eddy::stream connection) {
  auto lines = connection.reader().lines();
  while (auto line = co_await lines.next()) co_await connection.writer().write(*line, "\n");
}

// [client]
coro<> talk(std::uint16_t port, tls::client_context trusting) {
  auto connection = co_await eddy::open_connection("localhost", port).tls(trusting);
  const auto facts = tls::info(connection);
  std::cout << facts.version << " with " << facts.peer->subject << '\n';
  co_await connection.writer().write("nobody else can read this\n");
  auto answer = co_await connection.reader().readline();
  std::cout << *answer << '\n';
  co_await connection.close();
}
// [client]

// [refused]
coro<> talk_to_a_stranger(std::uint16_t port) {
  try {
    // Nobody has told this one about the test's authority.
    co_await talk(port, tls::client_context());
  } catch (const tls::certificate_error& e) {
    std::cout << e.what() << '\n';
  }
}
// [refused]

// [server]
coro<> main_coro() {
  eddy::testing::authority authority;
  auto shown = authority.issue(eddy::testing::leaf("localhost"));
  auto serving = tls::server_context(tls::identity::from_pem(shown.chain, shown.key))
                     .on_handshake_failure([](const std::exception_ptr&) { std::cout << "a client has left\n"; });
  auto trusting = tls::client_context().ca_pem(authority.certificate());
  co_await eddy::with(eddy::start_server(echo, "localhost", 0).tls(serving), [&](eddy::server& server) -> coro<> {
    co_await talk(server.port(), trusting);
    co_await talk_to_a_stranger(server.port());
  });
}

int main() { eddy::run(main_coro); }
// [server]
