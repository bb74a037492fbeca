// SPDX-License-Identifier: BSL-1.0
// An echo server as the guide writes it, on the backend that EDDY_BACKEND names.
//   bench_echo_eddy PORT (0: any), which it prints; ends with its stdin
//   bench_echo_eddy frame    prints the bytes of the handler's coroutine frame
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <map>
#include <string_view>
#include <system_error>

#include "eddy/base/frame_pool.hpp"
#include "eddy/coro/run.hpp"
#include "eddy/exec/readable.hpp"
#include "eddy/flow/race.hpp"
#include "eddy/flow/with.hpp"
#include "eddy/net/server.hpp"
#include "plain_socket.hpp"

namespace {

using eddy::coro;

coro<> echo(eddy::stream peer) {
  try {
    while (co_await peer.reader().fill()) {
      const std::string_view got = peer.reader().buffered();
      co_await peer.writer().write(got);
      peer.reader().consume(got.size());
    }
  } catch (const std::system_error&) {  // the client has gone by a reset
  }
}

/// To 16 bytes. Of each size class of the pool one block is made the next to be given out; the frame takes one of them.
std::size_t frame_bytes() {
  namespace pool = eddy::detail::frame_pool;
  std::map<std::size_t, void*> next;
  for (std::size_t size = 16; size <= pool::largest; size += 16) next[size] = pool::allocate(size);
  for (const auto& [size, block] : next) pool::release(block, size);
  const auto frame = echo(eddy::stream());
  for (const auto& [size, block] : next)
    if (pool::allocate(size) != block) return size;
  return 0;
}

coro<> serve(std::uint16_t port) {
  co_await eddy::with(eddy::start_server(echo, "127.0.0.1", port), [](eddy::server& server) -> coro<> {
    say_port(server.port());
    co_await eddy::race(server.serve_forever(), eddy::readable(STDIN_FILENO));
  });
}

}  // namespace

int main(int count, char** arguments) {
  if (count > 1 && std::string_view(arguments[1]) == "frame") {
    std::cout << frame_bytes() << '\n';
    return 0;
  }
  raise_descriptor_limit();
  try {
    eddy::run(serve, static_cast<std::uint16_t>(count > 1 ? std::atoi(arguments[1]) : 0));
  } catch (const std::system_error& e) {
    std::cerr << e.what() << '\n';
    return 77;  // the system refuses the backend
  }
}
