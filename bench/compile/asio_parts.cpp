// SPDX-License-Identifier: BSL-1.0
// The same with the headers of Asio that it uses.
#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <chrono>
#include <cstdio>
#include <string>
#include <utility>

using namespace std::chrono_literals;

asio::awaitable<std::string> fetch_data(std::string name) {
  asio::steady_timer timer(co_await asio::this_coro::executor, 1ms);
  co_await timer.async_wait(asio::use_awaitable);
  co_return "data from " + std::move(name);
}

asio::awaitable<void> main_coro() {
  const std::string one = co_await fetch_data("one");
  std::puts(one.c_str());
}

int main() {
  asio::io_context loop(1);
  asio::co_spawn(loop, main_coro(), asio::detached);
  loop.run();
}
