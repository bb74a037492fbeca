// SPDX-License-Identifier: BSL-1.0
// What the files of bench_heart_asio share. The same sources make bench_heart_boost_asio, with Boost.Asio.
//
// Written as Asio's documentation writes coroutines: awaitable<> functions, co_spawn, use_awaitable; one io_context for
// one thread (concurrency hint 1). What Asio does not have is built of what its users take for it: an event is a timer
// that never ends and is cancelled, a lock is a channel of capacity 1.
#pragma once

#ifdef HEART_BOOST_ASIO
#include <boost/asio.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/experimental/channel.hpp>
namespace asio = boost::asio;
using error_code = boost::system::error_code;
#else
#include <asio.hpp>
#include <asio/experimental/awaitable_operators.hpp>
#include <asio/experimental/channel.hpp>
using error_code = std::error_code;
#endif

#include <exception>

#include "measure.hpp"

extern const std::span<const heart::row> asio_time_rows;    // asio_time.cpp
extern const std::span<const heart::row> asio_thread_rows;  // asio_cross.cpp

/// An event: whoever waits goes on at set(), which reaches them as an error that is none.
class asio_event {
 public:
  explicit asio_event(asio::io_context& loop) : timer_(loop, asio::steady_timer::time_point::max()) {}
  auto wait(error_code& cancelled) { return timer_.async_wait(asio::redirect_error(asio::use_awaitable, cancelled)); }
  void set() { timer_.cancel(); }

 private:
  asio::steady_timer timer_;
};

/// co_await yield(): behind all that are ready.
inline auto asio_yield() { return asio::post(asio::use_awaitable); }

inline void rethrow(std::exception_ptr error) {
  if (error) std::rethrow_exception(error);
}

/// Runs `main(loop)` until nothing is left to do.
template <class Main>
void run_main(Main main) {
  asio::io_context loop(1);
  asio::co_spawn(loop, main(loop), rethrow);
  loop.run();
}
