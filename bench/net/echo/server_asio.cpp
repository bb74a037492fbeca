// SPDX-License-Identifier: BSL-1.0
// Asio and Boost.Asio as an echo server on coroutines, as their examples write it; one thread and told so.
//   bench_echo_asio PORT (0: any), which it prints
#include <array>
#include <exception>
#include <utility>

#if EDDY_BENCH_BOOST
#include <boost/asio.hpp>
namespace asio = boost::asio;
#else
#include <asio.hpp>
#endif

#include "plain_socket.hpp"

namespace {

using asio::awaitable;
using asio::use_awaitable;
using asio::ip::tcp;

awaitable<void> echo(tcp::socket peer) {
  try {
    std::array<char, 16 * 1024> data;
    while (true) {
      const std::size_t count = co_await peer.async_read_some(asio::buffer(data), use_awaitable);
      co_await asio::async_write(peer, asio::buffer(data, count), use_awaitable);
    }
  } catch (const std::exception&) {  // the end of the stream
  }
}

awaitable<void> serve(std::uint16_t port) {
  const auto here = co_await asio::this_coro::executor;
  tcp::acceptor listening(here, {asio::ip::address_v4::loopback(), port});
  say_port(listening.local_endpoint().port());
  while (true) {
    tcp::socket peer = co_await listening.async_accept(use_awaitable);
    peer.set_option(tcp::no_delay(true));
    asio::co_spawn(here, echo(std::move(peer)), asio::detached);
  }
}

}  // namespace

int main(int count, char** arguments) {
  raise_descriptor_limit();
  asio::io_context context(1);
  asio::co_spawn(context, serve(static_cast<std::uint16_t>(count > 1 ? std::atoi(arguments[1]) : 0)), asio::detached);
  context.run();
}
