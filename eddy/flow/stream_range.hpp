// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "eddy/base/iterable.hpp"
#include "eddy/coro/leaf.hpp"
#include "eddy/flow/stream_shaper.hpp"

namespace eddy::streams {

/// A range as a stream; see from().
template <detail::iterable R>
class range_stream {
  using value = detail::element_of<R>;

 public:
  explicit range_stream(R&& range) : range_(std::forward<R>(range)) {}

  class next_operation final : public detail::leaf<next_operation> {
   public:
    explicit next_operation(range_stream& s) noexcept : stream_(&s) {}
    next_operation(next_operation&&) = default;
    bool try_complete() const noexcept { return true; }
    void begin() const noexcept {}
    bool take_back() const noexcept { return true; }
    std::optional<value> await_resume() { return stream_->take(); }
    std::string describe() const override { return "streams::from"; }

   private:
    range_stream* stream_;
  };
  [[nodiscard]] next_operation next() noexcept { return next_operation(*this); }

 private:
  std::optional<value> take() {
    if (!at_) at_.emplace(detail::iteration::first(range_));
    if (*at_ == detail::iteration::last(range_)) return std::nullopt;
    std::optional<value> item(**at_);
    ++*at_;
    return item;
  }

  R range_;
  std::optional<detail::iterator_of<R>> at_;  // made at the first next(): the range may move until then
};

/// A range as a source: each next() gives a copy of an element. An rvalue is kept, an lvalue is referred to.
///
/// **Cancellation.** next() is a cancellation point, and atomic.
template <detail::iterable R>
[[nodiscard]] auto from(R&& range) {
  return range_stream<detail::kept_source<R>>(std::forward<R>(range));
}

}  // namespace eddy::streams
