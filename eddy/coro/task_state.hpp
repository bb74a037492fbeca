// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <exception>
#include <memory>
#include <source_location>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "eddy/base/function.hpp"
#include "eddy/base/intrusive_list.hpp"
#include "eddy/coro/branch.hpp"
#include "eddy/coro/task_registry.hpp"

namespace eddy::detail {

class join_base;

/// When the first step of a task runs: in the loop's next turn, or inside of the step that creates it.
enum class task_start : std::uint8_t { in_turn, at_once };

/// What few tasks have: a name of their own, callbacks, and in debug mode the address that made them.
struct task_extras {
  std::source_location function;
  std::string name;
  void* made_at = nullptr;
  std::vector<detail::function<void()>> callbacks;  // each schedules itself
};

/// A task without the type of its result: a context that its owner keeps alive, counted by handles.
class task_state : public context, public list_hook {
 public:
  enum class end : std::uint8_t { none, value, exception, cancelled, taken };

  task_state(const task_state&) = delete;
  task_state& operator=(const task_state&) = delete;

  task_registry& registry() const noexcept { return *scheduler().tasks; }
  std::uint32_t number() const noexcept { return task_number(); }

  /// Links it to its owner and queues its start: enroll() and begin().
  void start(task_owner& owner, void* made_at, task_start when = task_start::in_turn);
  /// Links it to its owner; what is cancelled before begin() never runs.
  void enroll(task_owner& owner, void* made_at);
  void begin(task_start when);

  /// @returns whether it had not ended.
  bool cancel(std::string_view reason);

  bool done() const noexcept { return end_ != 0; }
  end how() const noexcept { return static_cast<end>(end_); }
  bool looked_at() const noexcept { return looked_at_; }
  void set_looked_at() noexcept { looked_at_ = true; }
  virtual std::exception_ptr exception() const noexcept = 0;

  std::string name() const;
  /// Whether it was given a name.
  bool named() const noexcept;
  void set_name(std::string name);
  void add_callback(detail::function<void()> callback);
  std::source_location function() const noexcept;
  /// `task 7 "fetch" (crawl at crawler.cpp:42)`
  std::string describe() const override;

  /// A callback that was waiting for its end threw.
  void callback_failed(std::exception_ptr error) noexcept;

  /// Its loop has gone: what has ended can still be read.
  using context::detached;
  /// The loop is about to go, and handles are left.
  void outlive_loop() noexcept;

  void add_joiner(join_base& joiner) noexcept;
  void remove_joiner(join_base& joiner) noexcept;

  void retain() noexcept { ++references_; }
  void release() noexcept {
    if (--references_ == 0) forget();
  }

 protected:
  task_state(detail::scheduler& s, context* parent) noexcept : context(s, parent) {}
  virtual ~task_state() {
    if (list_hook::linked()) list_hook::unlink();  // from the tasks that have ended
    if (has_extras()) [[unlikely]]
      delete_extras();
  }

  void adopt(promise_base& root) noexcept {
    birth_ = __builtin_bit_cast(std::uintptr_t, root.place);
    suspend_at(root);
  }
  /// The root frame is gone: what belonged to it may go too.
  virtual void release_arguments() noexcept {}

  std::coroutine_handle<> tell_ended() noexcept override;
  void collect_cancelled() noexcept override {
    set_end(end::cancelled);
    release_arguments();
  }

  void set_end(end how) noexcept { end_ = static_cast<std::uint8_t>(how); }

 private:
  static constexpr std::uintptr_t extras_bit = std::uintptr_t{1} << 63;

  void enroll_closely(const context* creator, void* made_at);
  void tell_unseen() noexcept;
  void forget() noexcept;
  task_extras& extras();
  bool has_extras() const noexcept { return (birth_ & extras_bit) != 0; }
  task_extras* extras_or_null() const noexcept;
  void delete_extras() noexcept;

  task_owner& owner() const noexcept { return static_cast<task_owner&>(*host_); }

  join_base* joiners_ = nullptr;  // the oldest of a ring
  // The coroutine function's place, or with the highest bit set (never set in an address) a task_extras.
  std::uintptr_t birth_ = 0;
};

/// Something that waits for a task's end; an element of its ring of joiners.
class join_base {
 public:
  virtual void task_ended() noexcept = 0;

 protected:
  ~join_base() = default;

 private:
  friend class task_state;
  join_base* previous_ = nullptr;
  join_base* next_ = nullptr;
};

template <class T>
class typed_task : public task_state {
 public:
  using result_type = T;
  using value_type = stored<T>;

  typed_task(detail::scheduler& s, context* parent, coro<T>&& made) noexcept : task_state(s, parent) {
    adopt(*made.release());
  }

  value_type& value() noexcept { return value_; }
  std::exception_ptr exception() const noexcept override { return how() == end::exception ? exception_ : nullptr; }

  void mark_taken() noexcept {
    std::destroy_at(std::addressof(value_));
    set_end(end::taken);
  }

  /// Throws unless it ended with a value that is still there.
  void check_value() {
    set_looked_at();
    if (how() == end::value) [[likely]]
      return;
    throw_other_end();
  }

  static void* operator new(std::size_t size) { return frame_pool::allocate(size); }
  static void operator delete(void* block, std::size_t size) noexcept { frame_pool::release(block, size); }

 protected:
  typed_task(detail::scheduler& s, context* parent) noexcept : task_state(s, parent) {}
  ~typed_task() override {
    if (how() == end::value) std::destroy_at(std::addressof(value_));
    if (how() == end::exception) std::destroy_at(std::addressof(exception_));
  }

  void set_exception(std::exception_ptr error) noexcept {
    std::construct_at(std::addressof(exception_), std::move(error));
    set_end(end::exception);
  }

 private:
  // What a coroutine came to can nearly always be moved without a thought of exceptions.
  static constexpr bool moves_plainly =
      std::is_void_v<T> || std::is_reference_v<T> || std::is_nothrow_move_constructible_v<value_type>;

  void collect() noexcept override {
    auto& ended = *static_cast<promise<T>*>(leaf());
    if (!moves_plainly || ended.failed()) [[unlikely]] {
      collect_carefully();
      return;
    }
    construct_value(ended);
    destroy_root();
    release_arguments();
    set_end(end::value);
  }

  EDDY_NOINLINE void collect_carefully() noexcept {
    std::exception_ptr error = take_value(*static_cast<promise<T>*>(leaf()));
    destroy_root();
    release_arguments();
    if (error)
      set_exception(std::move(error));
    else
      set_end(end::value);
  }

  /// Moves what the coroutine returned here. @returns why there is nothing.
  std::exception_ptr take_value(promise<T>& ended) noexcept {
    if (std::exception_ptr thrown = ended.take_exception()) return thrown;
    try {
      construct_value(ended);
      return nullptr;
    } catch (...) {  // the value's move constructor threw
      return std::current_exception();
    }
  }

  void construct_value(promise<T>& ended) noexcept(moves_plainly) {
    if constexpr (std::is_void_v<T>)
      std::construct_at(std::addressof(value_));
    else if constexpr (std::is_reference_v<T>)
      std::construct_at(std::addressof(value_), std::addressof(ended.take()));
    else
      std::construct_at(std::addressof(value_), ended.take());
  }

  [[noreturn]] EDDY_NOINLINE void throw_other_end() {
    if (how() == end::exception) std::rethrow_exception(exception_);
    if (how() == end::taken)
      throw misuse_error(
          "the result of " + describe() +
          " was moved out by an earlier co_await std::move(task); await it as an lvalue to read it several times");
    if (how() == end::none) throw misuse_error(describe() + " has not ended; await it, or ask done() first");
    const std::string reason(cancel_reason());
    throw cancelled_error(describe() + " was cancelled" + (reason.empty() ? "" : ": " + reason));
  }

  union {
    value_type value_;
    std::exception_ptr exception_;
  };
};

/// A task that also keeps the callable and the arguments of its coroutine, until the coroutine has ended.
template <class T, class F, class... Args>
class bound_task final : public typed_task<T> {
 public:
  template <class G, class... As>
  bound_task(detail::scheduler& s, context* parent, G&& f, As&&... args)
      : typed_task<T>(s, parent), bound_(std::forward<G>(f), std::forward<As>(args)...) {
    try {
      auto made = std::apply([](F& g, Args&... as) { return make_coro(g, unwrap(as)...); }, bound_);
      this->adopt(*made.release());
    } catch (...) {
      std::destroy_at(&bound_);
      throw;
    }
  }
  ~bound_task() override {}  // bound_ went with release_arguments()

 private:
  // std::ref(x) arrives as x&, everything else as an rvalue of the stored copy: like std::thread.
  template <class A>
  static decltype(auto) unwrap(A& a) {
    return std::move(a);
  }
  template <class A>
  static A& unwrap(std::reference_wrapper<A>& a) {
    return a.get();
  }
  void release_arguments() noexcept override { std::destroy_at(&bound_); }

  union {
    std::tuple<F, Args...> bound_;
  };
};

}  // namespace eddy::detail
