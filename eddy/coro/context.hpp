// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coroutine>
#include <cstdint>
#include <source_location>
#include <string>
#include <string_view>
#include <utility>

#include "eddy/base/config.hpp"
#include "eddy/base/detail/exchanged.hpp"
#include "eddy/base/frame_pool.hpp"
#include "eddy/base/function.hpp"
#include "eddy/loop/event_loop.hpp"

namespace eddy {

class context;

namespace detail {

class operation;
class var_link;
struct holder;
struct promise_base;

/// Why and when something was cancelled. Shared by all contexts that one cancellation reached; counted, not atomic.
class cancel_reason {
 public:
  cancel_reason(std::string text, time_point when) : text_(std::move(text)), when_(when) {}
  const std::string& text() const noexcept { return text_; }
  time_point when() const noexcept { return when_; }

  void retain() noexcept { ++references_; }
  void release() noexcept {
    if (--references_ == 0) delete this;
  }

  static void* operator new(std::size_t size) { return frame_pool::allocate(size); }
  static void operator delete(void* block, std::size_t size) noexcept { frame_pool::release(block, size); }

 private:
  std::string text_;
  time_point when_;
  unsigned references_ = 1;
};

/// A cancellation on its way down a tree of contexts: a work list instead of a recursion, so that depth costs no stack
/// (L8).
class cancellation {
 public:
  /// @param text  The reason, for people.
  cancellation(scheduler& s, std::string_view text);
  /// The same once more for what `earlier` has reached, after its grace: also reaches what is shielded.
  static cancellation lifting_shields(scheduler& s, cancel_reason& earlier) noexcept { return {s, earlier}; }
  ~cancellation() { reason_->release(); }
  cancellation(const cancellation&) = delete;
  cancellation& operator=(const cancellation&) = delete;

  /// Marks `c` and, when it waits, asks its operation later in run(). Nothing when it was reached before.
  void add(context& c) noexcept;
  /// Asks every operation that was reached, until there is none left. Destroys, resumes and calls nothing of the
  /// user's.
  void run() noexcept;

  bool lifts_shields() const noexcept { return lift_; }

 private:
  cancellation(scheduler& s, cancel_reason& earlier) noexcept : scheduler_(s), reason_(&earlier), lift_(true) {
    reason_->retain();
  }

  scheduler& scheduler_;
  runnable_queue waiting_;
  cancel_reason* reason_;
  bool lift_ = false;
  bool reached_ = false;  // anything at all
};

/// Learns of every await of the contexts that it observes: how `explore` counts and cancels them.
class await_observer {
 public:
  virtual ~await_observer() = default;
  virtual void on_await(context& c) = 0;     // before the check for cancellation
  virtual void on_suspend(context& c) = 0;   // it waits now
  virtual void on_complete(context& c) = 0;  // its operation has completed, it has not been resumed
};

/// Whom contexts end for: a scope, a group, a loop's registry. One pointer in each of them leads to it, and by way of
/// it to their parent.
class context_host {
 public:
  /// The context that waits for what is hosted here: the parent of those; null in a registry.
  context* host_context() const noexcept { return context_; }

 protected:
  context_host() = default;
  ~context_host() = default;

  context* context_ = nullptr;
};

}  // namespace detail

/// One line of execution: a task has one, and each branch that a combinator starts has a child one.
///
/// Holds where the line stands (innermost frame, the operation it waits for) and its cancellation. States:
/// ```
///   ready ──run──> running ──suspends──> waiting (operation_ set) ──completed──> ready
///                     │                     └──withdrawn──> ready, unwinding ──run──> frames destroyed ──> ended
///                     └──root frame done──> ended
/// ```
/// Invariants: (1) waiting exactly when `operation_` is set, and then in no queue but to try it; (2) `leaf_` is the
/// innermost suspended frame whenever it does not run; (3) a flag is never taken back, but for fresh and tries; (4)
/// after ended() nothing of it runs any more.
///
/// **Thread safety.** Only on its loop's thread.
class context : public detail::runnable {
 public:
  context(const context&) = delete;
  context& operator=(const context&) = delete;

  event_loop& loop() const noexcept { return scheduler_->owner; }
  /// Whose scope or group it runs in; null for a task of its own.
  context* parent() const noexcept { return host_ != nullptr ? host_->host_context() : nullptr; }

  /// Whether it was asked to end. Stays set until the end.
  bool cancel_requested() const noexcept { return (flags_ & cancel_requested_flag) != 0; }
  /// Whether its frames are being destroyed.
  bool unwinding() const noexcept { return (flags_ & unwinding_flag) != 0; }
  /// Why it was cancelled; empty when it was not or no reason was given.
  std::string_view cancel_reason() const noexcept {
    return reason_ != nullptr ? std::string_view(reason_->text()) : std::string_view();
  }

  /// The context that runs on this thread. @throws misuse_error when none does.
  static context& current();
  /// The same, or null.
  static context* try_current() noexcept;

  // -- for awaitables
  // ---------------------------------------------------------------------------------------------------

  detail::scheduler& scheduler() const noexcept { return *scheduler_; }

  /// Whether an await has to look closer: cancelled, or observed by a test. One load.
  bool await_needs_look() const noexcept { return (flags_ & (cancel_requested_flag | observed_flag)) != 0; }
  /// The closer look: tells the observer. @returns whether it is cancelled.
  bool look() noexcept;
  /// Tells the observer that it waits.
  void look_suspended() noexcept;

  /// The frame suspends on `op`; it waits from now on.
  void wait_on(detail::operation& op) noexcept {
    operation_ = &op;
    ++wait_number_;
  }
  /// The wait could not begin after all.
  void stop_waiting() noexcept { operation_ = nullptr; }
  /// The frame `leaf` suspends; something else has been or will be arranged for its resumption.
  void suspend_at(detail::promise_base& leaf) noexcept { leaf_ = &leaf; }
  /// What it waited for has happened: it is resumed in its turn, also when it is cancelled meanwhile.
  void completed() noexcept {
    if ((flags_ & (observed_flag | tries_flag)) != 0) [[unlikely]] {
      complete_specially();
      return;
    }
    operation_ = nullptr;
    scheduler_->make_ready(*this);
  }
  /// What it waits for can be tried: in its turn operation::try_in_step() says whether it has happened.
  void can_try() noexcept;
  /// Between can_try() and its turn.
  bool about_to_try() const noexcept { return (flags_ & tries_flag) != 0; }
  /// What it waited for was taken back without an effect: its frames are destroyed in its turn.
  void withdrawn() noexcept {
    operation_ = nullptr;
    flags_ |= unwinding_flag;
    if (!stops_trying()) scheduler_->make_ready(*this);
  }
  /// Its frames are destroyed as the next step, before anything else runs.
  void unwind_next() noexcept {
    operation_ = nullptr;
    flags_ |= unwinding_flag;
    scheduler_->hop = this;
  }
  /// Runs `to` next: by transfer, or by way of the loop when the stack is deep (L8).
  std::coroutine_handle<> transfer(detail::promise_base& to) noexcept;
  /// The same as a change of context: this one is the current one from now on.
  std::coroutine_handle<> enter(detail::promise_base& to) noexcept {
    scheduler_->current = this;
    operation_ = nullptr;
    return transfer(to);
  }
  /// The root frame stands at its final suspension: the frame is destroyed and the end told as the next step.
  void root_finished() noexcept {
    flags_ |= finished_flag;
    scheduler_->hop = this;
  }

  detail::operation* waits_for() const noexcept { return operation_; }
  detail::promise_base* leaf() const noexcept { return leaf_; }
  bool ended() const noexcept { return (flags_ & ended_flag) != 0; }
  bool observed() const noexcept { return (flags_ & observed_flag) != 0; }
  void set_observed() noexcept { flags_ |= observed_flag; }
  /// The n-th wait of this context: with the task's number it names a wait in every run alike.
  std::uint32_t wait_number() const noexcept { return wait_number_; }

  /// The number of the task that it belongs to; 0 before the task has been started.
  std::uint32_t task_number() const noexcept { return task_number_; }

  /// Set while it is cancelled: why and when.
  detail::cancel_reason* reason() const noexcept { return reason_; }
  bool shields_lifted() const noexcept { return (flags_ & lifted_flag) != 0; }

  /// Its values of context_vars, the newest first; null when there are none.
  detail::var_link* values() const noexcept { return values_; }
  /// Takes over the caller's share of `values`; the share in the ones before goes to the caller.
  detail::var_link* exchange_values(detail::var_link* values) noexcept { return detail::exchanged(values_, values); }

  /// Destroys a frame that its consumer has left at a co_yield, as if it were cancelled there: guards roll back.
  static void destroy_left(detail::promise_base& frame) noexcept;

  /// What to call it in a listing.
  virtual std::string describe() const = 0;

 protected:
  /// A child takes over cancellation, observer and values of its parent; a shielded one no cancellation.
  context(detail::scheduler& scheduler, context* parent, bool shielded = false) noexcept : scheduler_(&scheduler) {
    if (parent == nullptr) return;
    task_number_ = parent->task_number_;
    if ((parent->flags_ & inherited_flags) != 0 || parent->values_ != nullptr) [[unlikely]]
      inherit(*parent, shielded);
  }
  ~context() {
    if (reason_ != nullptr || values_ != nullptr) [[unlikely]]
      release_shared();
  }

  void run() noexcept final;

  /// The root frame has ended with a result: take it out and destroy the frame.
  virtual void collect() noexcept = 0;
  /// All frames have been destroyed.
  virtual void collect_cancelled() noexcept = 0;
  /// Tells who waits for the end. @returns what to run next.
  virtual std::coroutine_handle<> tell_ended() noexcept = 0;

  /// Queues the start of its root frame, which stands in leaf_.
  void start_in_turn() noexcept {
    flags_ |= fresh_flag;
    scheduler_->make_ready(*this);
  }

  /// The same at once, as a part of the step that runs; in its turn when that would nest too deep.
  void start_at_once() noexcept {
    flags_ |= fresh_flag;
    scheduler_->run_nested(*this);
  }

  /// The frame that leaf() is, the only one that is left or never started, goes.
  void destroy_root() noexcept;

  /// Takes the values that `other` has now.
  void inherit_values(const context& other) noexcept;
  void set_task_number(std::uint32_t number) noexcept { task_number_ = number; }
  /// It has ended and its loop is about to go: handles may still look at it.
  void detach() noexcept { scheduler_ = nullptr; }
  bool detached() const noexcept { return scheduler_ == nullptr; }

  void set_reason(detail::cancel_reason* reason) noexcept {
    if (reason_ != nullptr || reason == nullptr) return;
    reason->retain();
    reason_ = reason;
  }

 private:
  friend class detail::cancellation;

  enum : std::uint16_t {
    cancel_requested_flag = 1,
    unwinding_flag = 2,
    finished_flag = 4,
    ended_flag = 8,
    observed_flag = 16,
    lifted_flag = 32,  // a cancellation that lifts shields came by
    fresh_flag = 64,   // queued to start; a cancellation that comes first means that it never runs
    tries_flag = 128,  // queued although it waits: its operation can be tried
    inherited_flags = observed_flag | cancel_requested_flag | lifted_flag,
  };

  void run_first_or_unwind() noexcept;
  bool try_operation() noexcept;
  /// @returns whether it was about to try, and so stands in the ready queue already.
  bool stops_trying() noexcept {
    const bool tried = about_to_try();
    flags_ &= static_cast<std::uint16_t>(~tries_flag);
    return tried;
  }
  void end() noexcept;
  void end_unwound() noexcept;
  void unwind() noexcept;
  void tell_completed() noexcept;
  void complete_specially() noexcept;
  void inherit(const context& parent, bool shielded) noexcept;
  void release_shared() noexcept;

  // What every step touches comes first: with the base's two words it fits a cache line.
  detail::scheduler* scheduler_;
  detail::promise_base* leaf_ = nullptr;
  detail::operation* operation_ = nullptr;
  std::uint16_t flags_ = 0;

 protected:
  // For tasks; here, where there is room.
  std::uint8_t end_ = 0;
  bool looked_at_ = false;
  std::uint32_t references_ = 1;

 private:
  std::uint32_t wait_number_ = 0;
  std::uint32_t task_number_ = 0;

 private:
  detail::cancel_reason* reason_ = nullptr;
  detail::var_link* values_ = nullptr;

 protected:
  detail::context_host* host_ = nullptr;
};

/// Whether the current context is being unwound by a cancellation: for destructors that act on it.
///
/// **In asyncio.** `except CancelledError`, which may there be caught.
bool unwinding() noexcept;

namespace detail {

/// Something that a context waits for. The base of every leaf operation and every combinator.
///
/// 16 bytes: a table for its kind, and its context. It lives in the frame that awaits it. Movable only until it is
/// awaited.
class operation : public context_host {
 public:
  /// A cancellation came by while the context waits on this. A leaf takes itself back and calls withdrawn() or, when
  /// the system still holds on to it, does so later; a combinator adds its children to `c`. Only marks and asks.
  virtual void on_cancel(cancellation& c) noexcept = 0;
  /// In the context's turn after can_try(): does it if that is possible. @returns false when it goes on waiting.
  virtual bool try_in_step() noexcept { return true; }
  /// A cancellation came between can_try() and try_in_step(), which then found nothing. @returns whether it is undone
  /// without an effect; else its end comes later.
  virtual bool take_back_in_step() noexcept { return false; }
  /// What it is, for people: `sleep`, `queue::get`.
  virtual std::string describe() const = 0;
  /// Calls `visit` for every child context.
  virtual void visit_children(const detail::function<void(context&)>& visit) const { (void)visit; }
  /// Calls `visit` for everybody who has to act before the wait can end, as far as that is known: who holds the lock,
  /// the task that is awaited. What deadlocks are explained with.
  virtual void visit_holders(const detail::function<void(const holder&)>& visit) const { (void)visit; }
  /// Called by await_transform: says whose wait this is.
  void attach(context& c) noexcept { context_ = &c; }
  context* owner() const noexcept { return context_; }

 protected:
  operation() = default;
  operation(const operation&) = delete;
  operation(operation&& other) noexcept {
    EDDY_ASSERT(other.context_ == nullptr, "an operation was moved after it was awaited");
  }
  operation& operator=(const operation&) = delete;
  ~operation() = default;
};

}  // namespace detail
}  // namespace eddy
