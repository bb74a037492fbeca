// SPDX-License-Identifier: BSL-1.0
// The ruler: the leanest coroutine loop that we could write, one thread, no features.
//
// No exceptions out of coroutines, no cancellation points, no names, no checks, one loop for the program. It tells what
// a row costs when nothing is done but the work itself; it is not a library. It needs an optimised build: only there is
// symmetric transfer a tail call with g++ 12, and nothing here bounds how deep it goes.
#pragma once

#include <sys/mman.h>

#include <coroutine>
#include <cstddef>
#include <cstdlib>
#include <exception>
#include <new>
#include <utility>
#include <vector>

namespace limit {

/// Frames by size classes of 16 bytes, cut from arenas of 2 MiB (huge pages where the kernel has them).
class frame_pool {
 public:
  void* take(std::size_t size) {
    const std::size_t at = (size + 15) / 16;
    if (at >= classes) [[unlikely]]
      return std::malloc(size);
    link* const first = free_[at];
    if (first == nullptr) [[unlikely]]
      return cut(at * 16);
    free_[at] = first->next;
    return first;
  }
  void give_back(void* frame, std::size_t size) {
    const std::size_t at = (size + 15) / 16;
    if (at >= classes) [[unlikely]]
      return std::free(frame);
    free_[at] = new (frame) link{free_[at]};
  }

 private:
  struct link {
    link* next;
  };
  static constexpr std::size_t classes = 65;
  static constexpr std::size_t arena = std::size_t{2} << 20;

  [[gnu::noinline]] void* cut(std::size_t size) {
    if (static_cast<std::size_t>(end_ - at_) < size) {
      at_ = static_cast<std::byte*>(std::aligned_alloc(arena, arena));
      if (at_ == nullptr) std::terminate();
      ::madvise(at_, arena, MADV_HUGEPAGE);
      end_ = at_ + arena;
    }
    return std::exchange(at_, at_ + size);
  }

  link* free_[classes] = {};
  std::byte* at_ = nullptr;
  std::byte* end_ = nullptr;
};

inline thread_local constinit frame_pool frames;

/// Base of the promises: where frames come from.
struct pooled {
  static void* operator new(std::size_t size) { return frames.take(size); }
  static void operator delete(void* frame, std::size_t size) { frames.give_back(frame, size); }
};

/// Somebody who waits: in the ready queue or in the list of what they wait for. Lives in their awaiter.
struct node {
  node* next = nullptr;
  std::coroutine_handle<> waiter;
};

class node_queue {
 public:
  bool empty() const { return first_ == nullptr; }
  void push(node& one) {
    one.next = nullptr;
    (first_ == nullptr ? first_ : last_->next) = &one;
    last_ = &one;
  }
  node* pop() {
    node* const one = first_;
    if (one != nullptr) first_ = one->next;
    return one;
  }
  /// Takes all of `other`, behind its own.
  void append(node_queue& other) {
    if (other.empty()) return;
    (first_ == nullptr ? first_ : last_->next) = std::exchange(other.first_, nullptr);
    last_ = other.last_;
  }

 private:
  node* first_ = nullptr;
  node* last_ = nullptr;
};

inline constinit node_queue ready;

/// Between turns of `run`: timers and other threads, in limit_timer.hpp and limit_threads.hpp. Waits when nothing is
/// ready.
inline void look_around();

/// Runs until `finished`. A turn is at most 256 steps, so that timers and threads get theirs.
inline void run(const bool& finished) {
  while (!finished) {
    for (int step = 0; step < 256; ++step) {
      node* const one = ready.pop();
      if (one == nullptr) break;
      one->waiter.resume();
    }
    if (!finished) look_around();
  }
}

/// co_await yield(): behind all that are ready.
struct yield : node {
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> self) noexcept {
    waiter = self;
    ready.push(*this);
  }
  void await_resume() const noexcept {}
};

/// Where a coroutine leaves its result.
template <class T>
struct result {
  T value{};
  void return_value(T v) { value = std::move(v); }
};
template <>
struct result<void> {
  void return_void() {}
};

/// A child: starts when it is awaited and goes on with its parent, both by symmetric transfer.
template <class T = void>
class [[nodiscard]] coro {
 public:
  struct promise_type : pooled, result<T> {
    std::coroutine_handle<> parent;
    coro get_return_object() { return coro(std::coroutine_handle<promise_type>::from_promise(*this)); }
    std::suspend_always initial_suspend() noexcept { return {}; }
    auto final_suspend() noexcept { return to_parent(); }
    void unhandled_exception() { std::terminate(); }
  };
  explicit coro(std::coroutine_handle<promise_type> frame) : frame_(frame) {}
  coro(coro&& from) noexcept : frame_(std::exchange(from.frame_, nullptr)) {}
  ~coro() {
    if (frame_) frame_.destroy();
  }

  bool await_ready() const noexcept { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> parent) noexcept {
    frame_.promise().parent = parent;
    return frame_;
  }
  T await_resume() {
    if constexpr (!std::is_void_v<T>) return std::move(frame_.promise().value);
  }

 private:
  struct to_parent {
    bool await_ready() noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<promise_type> self) noexcept {
      return self.promise().parent;
    }
    void await_resume() noexcept {}
  };
  std::coroutine_handle<promise_type> frame_;
};

/// Somebody who waits until so many have finished.
struct latch : node {
  std::size_t left = 0;
};

/// A task: its frame is all there is of it, and is ready as soon as the function is called.
template <class T = void>
class [[nodiscard]] task {
 public:
  struct promise_type : pooled, node, result<T> {
    latch* joiner = nullptr;
    task get_return_object() {
      const auto frame = std::coroutine_handle<promise_type>::from_promise(*this);
      waiter = frame;
      ready.push(*this);
      return task(frame);
    }
    std::suspend_always initial_suspend() noexcept { return {}; }
    auto final_suspend() noexcept { return to_joiner(); }
    void unhandled_exception() { std::terminate(); }
  };
  explicit task(std::coroutine_handle<promise_type> frame) : frame_(frame) {}
  task(task&& from) noexcept : frame_(std::exchange(from.frame_, nullptr)) {}
  ~task() {
    if (frame_) frame_.destroy();
  }

  /// `joiner` goes on when this and what else it counts have finished.
  void tell(latch& joiner) { frame_.promise().joiner = &joiner; }
  T value() {
    if constexpr (!std::is_void_v<T>) return std::move(frame_.promise().value);
  }
  /// Destroys the frames and tells the joiner. The task must wait for something that lets go in its destructor.
  void cancel() {
    latch* const joiner = frame_.promise().joiner;
    std::exchange(frame_, nullptr).destroy();
    if (joiner != nullptr && --joiner->left == 0) ready.push(*joiner);
  }
  bool done() const { return frame_.done(); }

 private:
  struct to_joiner {
    bool await_ready() noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<promise_type> self) noexcept {
      latch* const joiner = self.promise().joiner;
      if (joiner == nullptr || --joiner->left != 0) return std::noop_coroutine();
      return joiner->waiter;
    }
    void await_resume() noexcept {}
  };
  std::coroutine_handle<promise_type> frame_;
};

/// co_await joined(latch): until all that were told to count there have finished.
struct joined {
  explicit joined(latch& all) : all_(all) {}
  bool await_ready() const noexcept { return all_.left == 0; }
  void await_suspend(std::coroutine_handle<> self) noexcept { all_.waiter = self; }
  void await_resume() const noexcept {}
  latch& all_;
};

/// co_await join(task): its value, when it has finished.
template <class T>
class join : latch {
 public:
  explicit join(task<T>& of) : of_(of) {}
  bool await_ready() const noexcept { return of_.done(); }
  void await_suspend(std::coroutine_handle<> self) noexcept {
    left = 1;
    waiter = self;
    of_.tell(*this);
  }
  T await_resume() { return of_.value(); }

 private:
  task<T>& of_;
};

/// Runs `main` until it has finished.
template <class Main, class... Arguments>
void run_main(Main main, Arguments&&... arguments) {
  bool finished = false;
  const auto body = [&]() -> task<> {
    co_await main(std::forward<Arguments>(arguments)...);
    finished = true;
  };
  const task<> root = body();
  run(finished);
}

}  // namespace limit
