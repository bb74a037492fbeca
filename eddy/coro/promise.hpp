// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <concepts>
#include <coroutine>
#include <cstddef>
#include <source_location>
#include <type_traits>
#include <utility>

#include "eddy/base/detail/exchanged.hpp"
#include "eddy/base/frame_pool.hpp"
#include "eddy/coro/context.hpp"

namespace eddy::detail {

struct promise_base;

/// Whoever owns a frame keeps its address here, so that unwinding can take the frame out before it destroys it.
using frame_slot = promise_base*;

/// What every eddy coroutine's promise begins with: 32 bytes.
struct promise_base {
  // The first three are set when it is started, and not before: by whoever awaits it, or by become_root().
  promise_base* continuation;  // the frame that awaits this one; null for the root of a context
  eddy::context* context;
  frame_slot* owner;           // the slot that holds this frame; null for a root
  std::source_location place;  // of the current await; before the first, of the coroutine function

  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-member-init): as said above
  explicit promise_base(std::source_location function) noexcept : place(function) {}
  promise_base(const promise_base&) = delete;
  promise_base& operator=(const promise_base&) = delete;

  // A frame is {resume, destroy, promise} on both compilers, and no promise of ours is aligned beyond 16.
  std::coroutine_handle<> handle() noexcept {
    return std::coroutine_handle<>::from_address(reinterpret_cast<char*>(this) - 2 * sizeof(void*));
  }
  void destroy() noexcept { handle().destroy(); }
  /// Nobody awaits it: it is the outermost frame of a context, which sets itself when it starts it.
  void become_root() noexcept {
    continuation = nullptr;
    owner = nullptr;
  }

  std::suspend_always initial_suspend() const noexcept { return {}; }

  struct final_awaiter {
    bool await_ready() const noexcept { return false; }
    template <class Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> ended) const noexcept {
      promise_base& promise = ended.promise();
      eddy::context& line = *promise.context;
      if (promise.continuation != nullptr) return line.transfer(*promise.continuation);
      line.suspend_at(promise);
      line.root_finished();
      return std::noop_coroutine();
    }
    void await_resume() const noexcept {}
  };
  final_awaiter final_suspend() const noexcept { return {}; }

  static void* operator new(std::size_t size) { return frame_pool::allocate(size); }
  static void operator delete(void* frame, std::size_t size) noexcept { frame_pool::release(frame, size); }

  template <class Awaitable>
  decltype(auto) await_transform(Awaitable&& awaitable, std::source_location line = std::source_location::current());

 protected:
  ~promise_base() = default;

  /// An exception left the coroutine's body. While it is being unwound that ends the program, since the caller is gone.
  void check_not_unwinding() const noexcept {
    if (context != nullptr && context->unwinding()) [[unlikely]]
      terminate_in_unwinding();
  }
  [[noreturn]] void terminate_in_unwinding() const noexcept;
};

// Where the compiler makes no tail calls (any g++ below -O2, sanitizers) each transfer nests one resume, so every so
// many of them go back to the loop. `hop` keeps the order: nothing else runs in between.
inline bool deep(scheduler& s) noexcept { return ++s.depth >= scheduler::deepest_transfer; }

/// The promise behind an eddy coroutine's handle; a foreign coroutine is refused with the way out.
template <class Promise>
promise_base& base_of(std::coroutine_handle<Promise> handle) noexcept {
  static_assert(
      std::derived_from<Promise, promise_base>,
      "an eddy awaitable can be awaited only inside an eddy::coro; from another coroutine type or plain code hand the "
      "work to a loop with eddy::run_coroutine_threadsafe(loop, f, args...), or to an eddy::loop_thread, and wait for "
      "the future that it gives");
  return handle.promise();
}

}  // namespace eddy::detail

inline void eddy::context::destroy_root() noexcept { detail::exchanged(leaf_, nullptr)->destroy(); }

inline std::coroutine_handle<> eddy::context::transfer(detail::promise_base& to) noexcept {
  if (!detail::deep(*scheduler_)) [[likely]]
    return to.handle();
  leaf_ = &to;
  scheduler_->hop = this;
  return std::noop_coroutine();
}
