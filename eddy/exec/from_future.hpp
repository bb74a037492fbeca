// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <future>
#include <string>
#include <type_traits>
#include <utility>

#include "eddy/base/errors.hpp"
#include "eddy/base/intrusive_list.hpp"
#include "eddy/coro/branch.hpp"
#include "eddy/coro/custom_operation.hpp"

namespace eddy {

namespace detail {

class future_watcher;

/// A std::future that a watcher's thread looks at, until it is ready or taken out.
class watched_future : public list_hook {
 public:
  /// The watcher's thread.
  virtual bool wait_ready(std::chrono::nanoseconds limit) = 0;
  /// The watcher's thread: it is ready, or was taken out while that thread looked at it. The last call.
  virtual void told(bool ready) noexcept = 0;

 protected:
  watched_future() = default;
  ~watched_future() = default;

 private:
  friend class future_watcher;
  bool out_ = false;  // it was taken out while the thread looked at it
};

void watch_future(scheduler& s, watched_future& f);
/// @returns false when the thread looks at it at the moment, or has found it ready: told() will be called.
bool unwatch_future(scheduler& s, watched_future& f) noexcept;

/// `Future` is a std::future or shared_future, or a reference to one.
template <class Future>
class future_operation final : public custom_operation<future_operation<Future>>, private watched_future {
 public:
  explicit future_operation(Future&& f) noexcept : future_(std::forward<Future>(f)) {}
  future_operation(future_operation&& other) noexcept
      : custom_operation<future_operation>(std::move(other)),
        watched_future(),
        future_(std::forward<Future>(other.future_)) {}  // NOLINT(bugprone-use-after-move): bases took their parts

  bool ready() {
    if (!future_.valid())
      throw misuse_error("from_future: this future has no state; it was moved from, or its value was taken before");
    return future_.wait_for(std::chrono::seconds(0)) != std::future_status::timeout;
  }
  void start() { watch_future(this->context_->scheduler(), *this); }
  bool cancel() noexcept { return unwatch_future(this->context_->scheduler(), *this); }
  decltype(auto) result() { return future_.get(); }
  std::string describe() const override { return "a std::future"; }

 private:
  bool wait_ready(std::chrono::nanoseconds limit) override {
    return future_.wait_for(limit) == std::future_status::ready;
  }
  void told(bool ready) noexcept override {
    if (ready)
      this->complete_threadsafe();
    else
      this->withdraw_threadsafe();
  }

  Future future_;
};

template <class F>
concept std_future = requires(F& f) {
  f.valid();
  f.get();
  { f.wait_for(std::chrono::seconds(0)) } -> std::same_as<std::future_status>;
};

}  // namespace detail

/// Awaits a std::future or std::shared_future without stopping the loop: `co_await from_future(std::move(f))`.
///
/// Given as an lvalue it is referred to, as an rvalue it is kept. std::future has no way to tell that it is ready, so a
/// thread of the loop's own looks: it waits for the oldest and asks the others every few milliseconds (up to 5). Where
/// the work can be told to call back choose from_callback, or a `channel`: that costs no thread and no delay. A
/// deferred future (std::launch::deferred) runs on the loop, here, when its value is taken.
///
/// @returns what `f.get()` gives.  @throws what it throws; misuse_error when it has no state.
///
/// **Cancellation.** A cancellation point; it leaves within some milliseconds. The value stays in the future: give an
/// lvalue to have it all the same. One that was kept goes with the await; that of std::async waits in its destructor.
/// **Complexity.** The first await starts the thread; it sleeps while nobody waits.
/// **In asyncio.** `wrap_future(f)`.
template <detail::std_future F>
[[nodiscard]] auto from_future(F& f) {
  return detail::future_operation<F&>(f);
}
template <detail::std_future F>
  requires(!std::is_lvalue_reference_v<F>)
[[nodiscard]] auto from_future(F&& f) {
  return detail::future_operation<F>(std::move(f));
}

}  // namespace eddy
