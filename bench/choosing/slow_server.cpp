// SPDX-License-Identifier: BSL-1.0
#include "bench/choosing/slow_server.hpp"

#include <functional>
#include <future>
#include <string>
#include <utility>

#include "eddy/coro/run.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/with.hpp"
#include "eddy/net/server.hpp"

namespace choosing {

slow_server::slow_server(std::chrono::milliseconds wait) {
  std::promise<std::uint16_t> ready;
  auto port = ready.get_future();
  auto answer = [wait](eddy::stream connection) -> eddy::coro<> {
    auto lines = connection.reader().lines();
    while (auto line = co_await lines.next()) {
      co_await eddy::sleep(wait);
      co_await connection.writer().write(std::to_string(2 * std::stol(*line)), "\n");
    }
  };
  auto serve = [this, answer](std::promise<std::uint16_t> started) -> eddy::coro<> {
    loop_ = &eddy::event_loop::current();
    auto body = [this, &started](eddy::server& server) -> eddy::coro<> {
      started.set_value(server.port());
      co_await stop_.wait();
    };
    co_await eddy::with(eddy::start_server(answer, "127.0.0.1", 0), body);
  };
  thread_ = std::thread(
      [serve](std::promise<std::uint16_t> started) {
        eddy::run(eddy::run_options().handle_interrupt(false), serve, std::move(started));
      },
      std::move(ready));
  port_ = port.get();
}

slow_server::~slow_server() {
  loop_->call_soon_threadsafe([this] { stop_.set(); });
  thread_.join();
}

}  // namespace choosing
