// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <concepts>
#include <string>
#include <type_traits>
#include <utility>

#include "eddy/coro/task.hpp"
#include "eddy/flow/sleep.hpp"

namespace eddy::detail {

/// How a task that has ended did so; moves the value out. Counts as having looked at its exception.
template <class T>
outcome<T> outcome_of(typed_task<T>& ended) {
  ended.set_looked_at();
  if (ended.how() == task_state::end::exception) return outcome<T>::from_exception(ended.exception());
  if (ended.how() == task_state::end::cancelled) return outcome<T>::from_cancelled(std::string(ended.cancel_reason()));
  outcome<T> result;
  if constexpr (std::is_void_v<T>)
    result.emplace();
  else if constexpr (std::is_reference_v<T>)
    result.emplace(*ended.value());
  else
    result.emplace(std::move(ended.value()));
  return result;
}

/// Ends the branch that runs as cancelled: nothing of it goes on. What called it was not cancelled.
inline coro<> end_as_cancelled(std::string reason) {
  context& here = context::current();
  cancellation news(here.scheduler(), reason);
  news.add(here);  // it runs, so there is no operation to ask: the next await unwinds it
  co_await checkpoint();
}

/// Waits for a task and ends as it did, also cancelled, where awaiting the handle would throw cancelled_error. `Take`
/// moves the value out.
template <bool Take, class T>
coro<std::remove_cvref_t<T>> end_as_task(task<T> awaited) {
  co_await join_only(awaited.state());
  if (awaited.cancelled()) co_await end_as_cancelled(std::string(awaited.state().cancel_reason()));
  typed_task<T>& ended = awaited.state();
  ended.check_value();
  if constexpr (std::is_reference_v<T>) {
    co_return *ended.value();
  } else if constexpr (!std::is_void_v<T> && Take) {
    T value = std::move(ended.value());
    ended.mark_taken();
    co_return value;
  } else if constexpr (!std::is_void_v<T>) {
    static_assert(std::copy_constructible<T>,
                  "this handle's value cannot be copied: hand the handle over with std::move(task), then the value is "
                  "moved out");
    co_return std::as_const(ended.value());
  }
}

/// As to_coro, for who hands over outcomes: a task handle that was cancelled is a cancelled end, no exception.
template <class A>
auto to_outcome_coro(A&& a) {
  using plain = std::remove_cvref_t<A>;
  if constexpr (!is_task<plain>::value) {
    return to_coro(std::forward<A>(a));
  } else {
    return end_as_task<!std::is_lvalue_reference_v<A>>(plain(std::forward<A>(a)));
  }
}

}  // namespace eddy::detail
