// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <concepts>
#include <type_traits>
#include <utility>

#include "eddy/base/function.hpp"
#include "eddy/flow/with.hpp"

// What the shapers of eddy::streams have in common: `source | streams::map(f) | streams::take(3)`.

namespace eddy::streams {

/// Anything with an awaitable `next()` that gives something like an optional: an async_generator, lines, signals, ...
template <class S>
concept source = requires(S& s) {
  requires detail::awaitable<decltype(s.next())>;
  requires std::constructible_from<bool, detail::await_result_t<decltype(s.next())>>;
  *std::declval<detail::await_result_t<decltype(s.next())>>();
};

/// What next() of a source gives: `std::optional<T>`, or a `T*`.
template <source S>
using item_t = std::remove_cvref_t<detail::await_result_t<decltype(std::declval<S&>().next())>>;
/// The values themselves, without a reference.
template <source S>
using value_t = std::remove_cvref_t<decltype(*std::declval<item_t<S>>())>;

/// What shaping functions such as map() return: applied to a source by `source | shape`, which keeps an rvalue source
/// and refers to an lvalue.
class shape {
 protected:
  shape() = default;
  ~shape() = default;
};

/// Puts a shape around a source. The result is again a source; where the source has to stand in `with` or `for_each`
/// the result has to as well, and enters and leaves it.
template <class S, std::derived_from<shape> Shape>
  requires source<std::remove_cvref_t<S>>
[[nodiscard]] auto operator|(S&& s, Shape how) {
  return std::move(how).around(std::forward<S>(s));
}

}  // namespace eddy::streams

namespace eddy::detail {

/// A source as it is kept: an lvalue by reference.
template <class S>
using kept_source = std::conditional_t<std::is_lvalue_reference_v<S>, S, std::remove_cvref_t<S>>;

template <class S>
concept owning_source = std::derived_from<std::remove_reference_t<S>, scope_resource>;
template <class S>
concept closing_source =
    !owning_source<S> && (has_aenter<std::remove_reference_t<S>> || has_aexit<std::remove_reference_t<S>>);

/// Keeps the source of a shaper, and makes the shaper the kind of resource that the source is.
template <class S>
class over_source {
 protected:
  explicit over_source(S&& s) : source_(std::forward<S>(s)) {}
  S source_;
};

/// A source with aenter or aexit: entering the shaper enters the source.
template <closing_source S>
class over_source<S> {
  using plain = std::remove_reference_t<S>;

 public:
  coro<> aenter()
    requires has_aenter<plain>
  {
    if constexpr (std::is_void_v<entered_value_t<plain>>)
      co_await resource_calls<plain>::enter(source_);
    else
      static_cast<void>(co_await resource_calls<plain>::enter(source_));
  }
  coro<> aexit(const outcome<>& how)
    requires has_aexit<plain>
  {
    return resource_calls<plain>::leave(source_, how);
  }

 protected:
  explicit over_source(S&& s) : source_(std::forward<S>(s)) {}
  S source_;
};

/// A source that owns child tasks.
template <owning_source S>
class over_source<S> : public scope_resource {
 public:
  void open(context& parent, context& body, scope_resource_owner& owner) noexcept override {
    source_.open(parent, body, owner);
  }
  bool body_ended(const outcome<>& how) noexcept override { return source_.body_ended(how); }
  void cancel_children(cancellation& c) noexcept override { source_.cancel_children(c); }
  void visit_children(const detail::function<void(context&)>& visit) const override { source_.visit_children(visit); }
  bool failed() const noexcept override { return source_.failed(); }
  bool any_cancelled() const noexcept override { return source_.any_cancelled(); }
  std::exception_ptr finish() override { return source_.finish(); }

 protected:
  explicit over_source(S&& s) : source_(std::forward<S>(s)) {}
  S source_;
};

}  // namespace eddy::detail
