// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <new>
#include <tuple>
#include <type_traits>
#include <utility>

#include "eddy/base/detail/exchanged.hpp"
#include "eddy/base/exchange_pool.hpp"
#include "eddy/base/frame_pool.hpp"
#include "eddy/base/function.hpp"
#include "eddy/loop/runnable.hpp"
#include "eddy/loop/timer_queue.hpp"

namespace eddy {

class event_loop;

namespace detail {

/// A callback that was given to a loop, shared by the loop (until it ran or was cancelled) and its handle.
class callback_node : public runnable, public timer {
 public:
  void run() noexcept final;  // in its turn: calls it, unless it was cancelled
  void due() noexcept final;  // its deadline: makes it ready

  void cancel() noexcept;
  bool waiting() const noexcept { return state_ == state::waiting; }

  void retain() noexcept { ++references_; }
  void release() noexcept {
    if (--references_ == 0) destroy();
  }

 protected:
  explicit callback_node(event_loop& loop) : loop_(loop) {}
  ~callback_node() = default;
  callback_node(const callback_node&) = delete;

  virtual void call() = 0;
  virtual void drop() noexcept = 0;  // destroys callable and arguments
  virtual void destroy() noexcept = 0;

 private:
  enum class state : unsigned char { waiting, done, cancelled };

  event_loop& loop_;
  unsigned references_ = 1;  // the loop's
  state state_ = state::waiting;
};

template <class F, class... Args>
class callback final : public callback_node {
 public:
  template <class G, class... As>
  explicit callback(event_loop& loop, G&& f, As&&... args)
      : callback_node(loop), bound_(std::forward<G>(f), std::forward<As>(args)...) {}

  static void* operator new(std::size_t size) { return frame_pool::allocate(size); }
  static void operator delete(void* block, std::size_t size) noexcept { frame_pool::release(block, size); }

 private:
  ~callback() {}  // bound_ is destroyed by drop()

  void call() override {
    std::apply([](F& f, Args&... args) { detail::invoke_callable(std::move(f), std::move(args)...); }, bound_);
  }
  void drop() noexcept override { std::destroy_at(&bound_); }
  void destroy() noexcept override { delete this; }

  union {
    std::tuple<F, Args...> bound_;
  };
};

template <class F, class... Args>
callback_node* make_callback(event_loop& loop, F&& f, Args&&... args) {
  return new callback<std::decay_t<F>, std::decay_t<Args>...>(loop, std::forward<F>(f), std::forward<Args>(args)...);
}

/// A callback that another thread leaves for a loop. Nobody has a handle to it: it runs, or it is dropped with the
/// loop.
class posted_node : public runnable {
 public:
  /// The loop ends before its turn: it is destroyed without having run.
  virtual void drop() noexcept = 0;

 protected:
  ~posted_node() = default;

  static void report_thrown(event_loop& loop) noexcept;
};

template <class F, class... Args>
class posted_callback final : public posted_node {
 public:
  template <class G, class... As>
  explicit posted_callback(event_loop& loop, G&& f, As&&... args)
      : loop_(loop), bound_(std::forward<G>(f), std::forward<As>(args)...) {}

  void run() noexcept override {
    try {
      std::apply([](F& f, Args&... args) { invoke_callable(std::move(f), std::move(args)...); }, bound_);
    } catch (...) {
      report_thrown(loop_);
    }
    delete this;
  }
  void drop() noexcept override { delete this; }

  static void* operator new(std::size_t size) { return exchange_pool::allocate(size); }
  static void operator delete(void* block, std::size_t size) noexcept { exchange_pool::release(block, size); }

 private:
  ~posted_callback() = default;

  event_loop& loop_;
  std::tuple<F, Args...> bound_;
};

template <class F, class... Args>
posted_node* make_posted_callback(event_loop& loop, F&& f, Args&&... args) {
  return new posted_callback<std::decay_t<F>, std::decay_t<Args>...>(loop, std::forward<F>(f),
                                                                     std::forward<Args>(args)...);
}

}  // namespace detail

/// A callback that call_soon, call_later or call_at scheduled. Dropping the handle does not cancel it.
///
/// **Thread safety.** Only on the loop's thread.
/// **In asyncio.** `Handle` and `TimerHandle`.
class callback_handle {
 public:
  explicit callback_handle(detail::callback_node& node) noexcept : node_(&node) { node.retain(); }
  callback_handle(callback_handle&& other) noexcept : node_(detail::exchanged(other.node_, nullptr)) {}
  callback_handle& operator=(callback_handle&& other) noexcept {
    node_ = detail::exchanged(other.node_, node_);
    return *this;
  }
  ~callback_handle() {
    if (node_ != nullptr) node_->release();
  }

  /// Makes sure that it does not run any more; its arguments are destroyed now. Nothing when it ran or was cancelled.
  void cancel() noexcept {
    if (node_ != nullptr) node_->cancel();
  }
  /// Whether it has neither run nor been cancelled.
  bool waiting() const noexcept { return node_ != nullptr && node_->waiting(); }

 private:
  detail::callback_node* node_;
};

}  // namespace eddy
