// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <type_traits>
#include <utility>

#include "eddy/base/function.hpp"
#include "eddy/flow/single_scope.hpp"
#include "eddy/flow/with.hpp"

namespace eddy {

namespace detail {

/// A resource that only has to be closed: by a callable, which may take the outcome and may await.
template <class F>
class clean_up_resource {
 public:
  explicit clean_up_resource(F clean_up) : clean_up_(std::move(clean_up)) {}
  decltype(auto) aexit(const outcome<>& how) {
    if constexpr (std::is_invocable_v<F&, const outcome<>&>)
      return detail::invoke_callable(clean_up_, how);
    else
      return detail::invoke_callable(clean_up_);
  }

 private:
  [[no_unique_address]] F clean_up_;
};

/// A body that does not ask for the resource.
template <class F>
class body_alone {
 public:
  explicit body_alone(F body) : body_(std::move(body)) {}
  template <class Ignored>
  decltype(auto) operator()(Ignored&&) {
    return detail::invoke_callable(body_);
  }

 private:
  [[no_unique_address]] F body_;
};

}  // namespace detail

/// Runs `body()`, then `clean_up()` whatever came of it: value, exception or cancellation; then the end goes on.
///
/// `clean_up` may take a `const outcome<>&` and may await; it is shielded. It also runs when the cancellation came
/// before the body could start. For a resource with an acquisition of its own choose `with`.
///
/// @returns the body's value. @throws as `with`.
/// **In asyncio.** `try: ... finally: await clean_up()`.
template <class Body, class CleanUp>
[[nodiscard]] auto finally(Body&& body, CleanUp&& clean_up) {
  EDDY_CHECK_CLOSURE(Body);
  EDDY_CHECK_CLOSURE(CleanUp);
  return detail::make_with(detail::clean_up_resource<std::decay_t<CleanUp>>(std::forward<CleanUp>(clean_up)),
                           detail::body_alone<detail::make_of<Body>>(detail::as_make(std::forward<Body>(body))));
}

}  // namespace eddy
