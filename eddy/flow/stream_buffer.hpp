// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>

#include "eddy/flow/stream_pump.hpp"

namespace eddy::streams {

/// A stream that is asked ahead of its consumer; see buffer().
template <class S>
class buffered final : public detail::pumped_items<value_t<std::remove_reference_t<S>>> {
  using value = value_t<std::remove_reference_t<S>>;

 public:
  buffered(S&& s, std::size_t most) : source_(std::forward<S>(s)), pump_(most) {
    if (most == 0) throw misuse_error("streams::buffer: the size must be at least 1");
  }
  buffered(buffered&&) noexcept = default;

  [[nodiscard]] detail::pumped_next<value> next() {
    this->check_open();
    if (!this->started()) this->start(source_, pump_);
    return detail::pumped_next<value>(*this);
  }

 private:
  S source_;
  typename detail::pumped_stream<value>::pump pump_;
};

class buffer_shape final : public shape {
 public:
  explicit buffer_shape(std::size_t most) noexcept : most_(most) {}
  template <class S>
  auto around(S&& s) && {
    return buffered<detail::kept_source<S>>(std::forward<S>(s), most_);
  }

 private:
  std::size_t most_;
};

/// `source | buffer(n)`: asks the source ahead, in a child task, until `n` items wait for the consumer.
///
/// Producing and consuming overlap. It also stands between a generator and a consumer that limits the time of next():
/// the generator is not cancelled then. It owns a task, so it exists only in `for_each` and `with`; the task starts
/// with the first next(). When the consumer leaves, items that wait are dropped and the source is cancelled and left.
///
/// **Cancellation.** next() is a cancellation point, and atomic: a cancelled one leaves every item.
/// **In asyncio.** A task that fills a Queue(n).
[[nodiscard]] inline buffer_shape buffer(std::size_t n) noexcept { return buffer_shape(n); }

}  // namespace eddy::streams
