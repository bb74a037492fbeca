// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <coroutine>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "eddy/base/detail/exchanged.hpp"
#include "eddy/coro/branch.hpp"
#include "eddy/coro/custom_operation.hpp"

namespace eddy {

/// Says of a foreign awaitable that it may be destroyed while it is awaited: `from_awaitable(disposable, x)`.
struct disposable_t {
  explicit constexpr disposable_t() = default;
};
inline constexpr disposable_t disposable{};

namespace detail {

/// Who is told that a foreign library resumed.
class foreign_wait {
 public:
  /// Any thread; the proxy stands at its end, and may be destroyed from here on.
  virtual void resumed() noexcept = 0;

 protected:
  ~foreign_wait() = default;
};

/// What a foreign awaiter is given instead of the awaiting coroutine: resuming it tells the loop, on whatever thread.
class foreign_proxy {
 public:
  struct promise_type {
    explicit promise_type(foreign_wait& tell) noexcept : told(&tell) {}
    foreign_wait* told;

    foreign_proxy get_return_object() noexcept {
      return foreign_proxy(std::coroutine_handle<promise_type>::from_promise(*this));
    }
    std::suspend_always initial_suspend() const noexcept { return {}; }
    // Told from here, where the frame is suspended for good: the loop may destroy it at once.
    struct teller {
      bool await_ready() const noexcept { return false; }
      EDDY_NOINLINE void await_suspend(std::coroutine_handle<promise_type> ended) const noexcept {
        ended.promise().told->resumed();
      }
      void await_resume() const noexcept {}
    };
    teller final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    void unhandled_exception() const noexcept {}

    static void* operator new(std::size_t size) { return frame_pool::allocate(size); }
    static void operator delete(void* frame, std::size_t size) noexcept { frame_pool::release(frame, size); }
  };

  foreign_proxy(foreign_proxy&& other) noexcept : frame_(detail::exchanged(other.frame_, nullptr)) {}
  foreign_proxy& operator=(foreign_proxy&&) = delete;
  ~foreign_proxy() {
    if (frame_) frame_.destroy();
  }
  std::coroutine_handle<promise_type> handle() const noexcept { return frame_; }

 private:
  explicit foreign_proxy(std::coroutine_handle<promise_type> frame) noexcept : frame_(frame) {}
  std::coroutine_handle<promise_type> frame_;
};

foreign_proxy make_foreign_proxy(foreign_wait& wait);

template <class A>
concept has_member_await = requires(A&& a) { std::forward<A>(a).operator co_await(); };
template <class A>
concept has_free_await = requires(A&& a) { operator co_await(std::forward<A>(a)); };
template <class A>
concept plain_awaiter = requires(A& a, std::coroutine_handle<foreign_proxy::promise_type> h) {
  a.await_ready() ? 1 : 0;
  a.await_suspend(h);
  a.await_resume();
};

template <class A>
decltype(auto) get_awaiter(A&& a) {
  if constexpr (has_member_await<A>)
    return std::forward<A>(a).operator co_await();
  else if constexpr (has_free_await<A>)
    return operator co_await(std::forward<A>(a));
  else
    return std::forward<A>(a);
}

template <class A>
concept foreign_awaitable = has_member_await<A> || has_free_await<A> || plain_awaiter<std::remove_reference_t<A>>;

/// `A` is what is awaited: an lvalue reference, or a value that is kept here.
template <class A, bool Disposable>
class foreign_operation final : public custom_operation<foreign_operation<A, Disposable>>, private foreign_wait {
  using awaiter_type = decltype(get_awaiter(std::declval<A&&>()));

 public:
  explicit foreign_operation(A&& awaited) : awaited_(std::forward<A>(awaited)) {}
  foreign_operation(foreign_operation&& other) noexcept(std::is_nothrow_constructible_v<A, A&&>)
      : custom_operation<foreign_operation>(std::move(other)),  // its part alone
        awaited_(std::forward<A>(other.awaited_)) {}            // NOLINT(bugprone-use-after-move)

  bool ready() {
    awaiter_.emplace(make_awaiter(*this));
    return static_cast<bool>(awaiter().await_ready());
  }
  void start() {
    proxy_.emplace(make_foreign_proxy(*this));
    using suspended = decltype(awaiter().await_suspend(proxy_->handle()));
    if constexpr (std::is_void_v<suspended>)
      awaiter().await_suspend(proxy_->handle());
    else if constexpr (std::is_same_v<suspended, bool>)
      goes_on(awaiter().await_suspend(proxy_->handle()));
    else
      awaiter().await_suspend(proxy_->handle()).resume();  // on to whatever it wants to run first
  }
  bool cancel() noexcept { return Disposable && !told_.exchange(true); }
  decltype(auto) result() { return awaiter().await_resume(); }
  std::string describe() const override { return "a foreign awaitable"; }

 private:
  // Makes the awaiter in its place: it may be one that cannot be moved.
  class make_awaiter {
   public:
    explicit make_awaiter(foreign_operation& of) noexcept : of_(of) {}
    operator awaiter_type() const { return get_awaiter(std::forward<A>(of_.awaited_)); }

   private:
    foreign_operation& of_;
  };
  class kept_awaiter {
   public:
    explicit kept_awaiter(const make_awaiter& make) : awaiter(make) {}
    awaiter_type awaiter;
  };

  std::remove_reference_t<awaiter_type>& awaiter() noexcept { return awaiter_->awaiter; }
  void goes_on(bool suspended) noexcept {
    if (!suspended && !told_.exchange(true)) this->complete();
  }
  void resumed() noexcept override {
    if (!told_.exchange(true)) this->complete_threadsafe();
  }

  A awaited_;
  late<foreign_proxy> proxy_;  // outlives the awaiter, which may still know it
  std::optional<kept_awaiter> awaiter_;
  std::atomic<bool> told_{false};  // by the proxy, or by a cancellation: the first counts
};

}  // namespace detail

/// Awaits what another library lets one await: anything with a standard `operator co_await`, or an awaiter itself.
///
/// The foreign library is given a proxy to resume, on whatever thread it likes; the awaiting coroutine goes on on its
/// own loop, where the value is taken too. `x` is kept when it is an rvalue and referred to when it is an lvalue.
///
/// @returns what `co_await x` gives in the other library.  @throws what it throws.
///
/// **Cancellation.** A cancellation point; once it waits it cannot be taken back, since the library would resume
/// something that is gone. So a cancelled await goes on until then, and its value is delivered. Call the library's own
/// way to cancel in an `on_cancel`. With `disposable` it leaves at once.
/// **Complexity.** One small allocation.
/// **In asyncio.** `ensure_future`, `wrap_future`.
template <class A>
  requires detail::foreign_awaitable<A>
[[nodiscard]] auto from_awaitable(A&& x) {
  return detail::foreign_operation<A, false>(std::forward<A>(x));
}

/// The same for an awaitable whose awaiter may be destroyed while it is awaited, on the loop's thread: its destructor
/// must see to it that nothing is resumed any more once it has returned. A cancelled await then leaves at once.
template <class A>
  requires detail::foreign_awaitable<A>
[[nodiscard]] auto from_awaitable(disposable_t, A&& x) {
  return detail::foreign_operation<A, true>(std::forward<A>(x));
}

}  // namespace eddy
