// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <optional>
#include <source_location>
#include <string>
#include <type_traits>
#include <utility>

#include "eddy/flow/single_scope.hpp"

namespace eddy {

/// The limit that a body runs under, for a body that asks for it: `timeout(5s, [&](timeout_scope& limit) -> coro<> {
/// ... })`.
///
/// It lives as long as the body runs.
///
/// **Thread safety.** Only on the loop's thread.
/// **In asyncio.** `Timeout`, what `async with timeout(...) as limit` gives.
class timeout_scope : private detail::timer {
 public:
  timeout_scope& operator=(const timeout_scope&) = delete;

  /// Sets the limit anew: an absolute time, or none. One in the past is due in the next turn.
  ///
  /// @returns false when the limit has been reached before, or the body has ended: then nothing changes.
  bool reschedule(std::optional<time_point> deadline, std::source_location where = std::source_location::current()) {
    return deadline ? set(*deadline, where) : lift(where);  // an optional that is passed on goes through memory
  }
  /// When the limit will be reached; empty for never.
  std::optional<time_point> when() const noexcept { return deadline_; }
  /// Whether it has been reached. The body is being cancelled then.
  bool expired() const noexcept { return expired_; }

 protected:
  timeout_scope(std::chrono::nanoseconds limit, std::source_location where) noexcept : limit_(limit), where_(where) {}
  timeout_scope(std::optional<time_point> deadline, std::source_location where) noexcept
      : deadline_(deadline), where_(where) {}
  timeout_scope(timeout_scope&&) = default;
  ~timeout_scope() = default;

  void arm(context& awaiting);
  void disarm() noexcept;
  [[noreturn]] void throw_expired() const;
  std::string describe_limit() const;

 private:
  void due() noexcept override;
  bool set(time_point deadline, std::source_location where);
  bool lift(std::source_location where) noexcept;
  bool closed() const noexcept { return expired_ || awaiting_ == nullptr; }
  /// The branch that the limit is for.
  virtual context& limited() noexcept = 0;

  context* awaiting_ = nullptr;                    // whoever awaits the scope, while the body runs
  std::optional<std::chrono::nanoseconds> limit_;  // empty for a deadline
  std::optional<time_point> deadline_;
  std::source_location where_;
  bool expired_ = false;
  std::string waited_for_;
};

namespace detail {

/// What a branch waits for at the bottom of its tree, for the text of a timeout_error.
std::string innermost_wait(const context& c);

template <class Make>
struct limited_value {
  static constexpr bool takes_scope = false;
  using type = called_result_t<Make&>;
};
template <class Make>
  requires std::invocable<Make&, timeout_scope&>
struct limited_value<Make> {
  static constexpr bool takes_scope = true;
  using type = called_result_t<Make&, timeout_scope&>;
};

/// A timer linked to a branch: no task, no frame.
template <class Make>
class timeout_operation final : public single_scope<typename limited_value<Make>::type, Make>, private timeout_scope {
  using T = typename limited_value<Make>::type;
  using base = single_scope<T, Make>;

 public:
  template <class Limit>
  timeout_operation(Make make, Limit limit, std::source_location where)
      : base(std::move(make)), timeout_scope(limit, where) {}
  timeout_operation(timeout_operation&&) = default;

  template <class Promise>
  std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> frame) {
    timeout_scope& self = *this;
    arm(*this->context_);
    if constexpr (limited_value<Make>::takes_scope)
      return this->start(frame, false, self);
    else
      return this->start(frame);
  }
  T await_resume() {
    if (expired() && this->result().cancelled()) throw_expired();
    return this->take_result();
  }
  std::string describe() const override { return describe_limit(); }

 private:
  std::coroutine_handle<> branch_ended(branch_base& ended) noexcept override {
    disarm();
    return base::branch_ended(ended);
  }
  context& limited() noexcept override { return *this->branch_; }
};

template <class A, class Limit>
auto make_timeout(A&& a, Limit limit, std::source_location where) {
  return timeout_operation<make_of<A>>(as_make(std::forward<A>(a)), limit, where);
}

}  // namespace detail

/// Awaits `a` for at most `limit`; then cancels it, waits until it has ended, and throws `timeout_error`.
///
/// A value that came all the same is delivered, and so is an exception. Of nested limits that are due in one turn the
/// outer one wins.
///
/// @param a      An awaitable, or a callable that makes one.
/// @param limit  Zero or less cancels it at its first real wait.
/// @throws timeout_error  Names the limit, the line that set it, and what was waited for. Also what `a` throws.
///
/// **Cancellation.** Cancels `a` and waits for its clean-up. What was done by then depends on `a`'s class (atomic,
/// progressive, remote).
/// **Complexity.** One timer and one branch in the caller's frame; no task.
/// **In asyncio.** `wait_for(aw, seconds)`.
template <class A>
[[nodiscard]] auto wait_for(A&& a, std::chrono::nanoseconds limit,
                            std::source_location where = std::source_location::current()) {
  EDDY_CHECK_CLOSURE(A);
  return detail::make_timeout(std::forward<A>(a), limit, where);
}

/// Runs `body()` for at most `limit`: `co_await timeout(5s, [&]() -> coro<int> { ... })`.
///
/// As wait_for(), for a part of a function instead of one awaitable. `body` may capture by reference, and may take a
/// `timeout_scope&`, with which it can set the limit anew. An awaitable will do too.
///
/// @returns the body's value.  @throws timeout_error, and what the body throws.
///
/// **In asyncio.** `async with timeout(seconds): ...`.
template <class F>
[[nodiscard]] auto timeout(std::chrono::nanoseconds limit, F&& body,
                           std::source_location where = std::source_location::current()) {
  EDDY_CHECK_CLOSURE(F);
  return detail::make_timeout(std::forward<F>(body), limit, where);
}

/// Runs `body` until `deadline` at most, a time of the loop's clock (`eddy::now()`); empty for no limit.
///
/// For a deadline that several steps share, and for a limit that is not known yet: begin without one, and let the body
/// set it (`timeout_scope::reschedule`). Otherwise as timeout().
///
/// **In asyncio.** `async with timeout_at(when): ...`.
template <class F>
[[nodiscard]] auto timeout_at(std::optional<time_point> deadline, F&& body,
                              std::source_location where = std::source_location::current()) {
  EDDY_CHECK_CLOSURE(F);
  return detail::make_timeout(std::forward<F>(body), deadline, where);
}

}  // namespace eddy
