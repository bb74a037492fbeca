// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <exception>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "eddy/base/exception_group.hpp"
#include "eddy/base/function.hpp"
#include "eddy/coro/task.hpp"
#include "eddy/flow/scope_resource.hpp"
#include "eddy/flow/with.hpp"

namespace eddy {

namespace detail {

/// What task_group and map_concurrent share: child tasks that end before the scope does.
class child_tasks : public scope_resource, public task_owner {
 public:
  child_tasks() = default;
  child_tasks(child_tasks&& other) noexcept {
    EDDY_ASSERT(other.context_ == nullptr, "a task_group was moved after it was entered");
  }
  ~child_tasks() {
    EDDY_ASSERT(children_.empty(), "a task_group was destroyed with children; use it only as with(task_group(), body)");
  }

  void open(context& parent, context& body, scope_resource_owner& owner) noexcept override;
  bool body_ended(const outcome<>& how) noexcept override;
  void cancel_children(cancellation& c) noexcept override;
  void visit_children(const detail::function<void(context&)>& visit) const override;
  bool failed() const noexcept override { return !errors_.empty(); }
  bool any_cancelled() const noexcept override { return child_cancelled_; }
  void task_ended(task_state& task) noexcept override;

 protected:
  /// Adds a child and starts it; born cancelled when the scope is cancelled.
  void add(task_state& task, void* made_at, task_start when = task_start::in_turn);
  void check_open() const;
  void cancel_all(std::string_view reason) noexcept;
  /// For finish(): an error, and whose it is.
  void note_error(const task_state& child);
  void note_body_error(const outcome<>& how);
  std::exception_ptr errors_as_group(const std::string& message);
  /// A child has ended, and stands in no list any more.
  virtual void child_ended(task_state& task) noexcept = 0;

  context* body_ = nullptr;  // null once it has ended
  scope_resource_owner* owner_ = nullptr;
  mutable intrusive_list<task_state> children_;
  std::vector<std::exception_ptr> errors_;
  std::vector<std::string> error_names_;  // as many
  bool cancelled_ = false;
  bool child_cancelled_ = false;
  bool joined_ = false;
};

}  // namespace detail

/// Child tasks that end before their scope does: `co_await with(task_group(), [&](task_group& group) -> coro<> { ...
/// })`.
///
/// The first child that fails cancels the others and the body; when all have ended, every failure reaches the caller as
/// one `exception_group`, also a single one. Children may start children. Children refer only to what was declared
/// *before* the scope; what the body declares is gone while they still run. A child that is cancelled by itself is no
/// failure.
///
/// For values in order choose gather(); for work that outlives its scope create_task().
///
/// **Cancellation.** Cancels body and children, and waits until all have ended.
/// **Thread safety.** Only on the loop's thread.
/// **In asyncio.** `TaskGroup`.
class task_group final : public detail::child_tasks {
 public:
  task_group() = default;
  task_group(task_group&&) = default;

  /// Runs `f(args...)` as a child, in the loop's next turn; the callable and the arguments are kept until it has ended.
  ///
  /// @returns its handle, which may be dropped: the group keeps the task, and takes its exception.
  /// @throws misuse_error  The group was not entered with `with`, or has been joined.
  template <class F, class... Args>
    requires(!std::is_same_v<std::remove_cvref_t<F>, eager_t>)
  EDDY_NOINLINE auto create_task(F&& f, Args&&... args) {
    check_open();
    auto* state = detail::make_task(context_->scheduler(), context_, std::forward<F>(f), std::forward<Args>(args)...);
    task<typename std::remove_pointer_t<decltype(state)>::result_type> handle(*state);
    add(*state, __builtin_return_address(0));
    return handle;
  }
  /// The same, up to its first wait before this returns, as eddy::create_task(eager, ...).
  template <class F, class... Args>
  EDDY_NOINLINE auto create_task(eager_t, F&& f, Args&&... args) {
    check_open();
    auto* state = detail::make_task(context_->scheduler(), context_, std::forward<F>(f), std::forward<Args>(args)...);
    task<typename std::remove_pointer_t<decltype(state)>::result_type> handle(*state);
    add(*state, __builtin_return_address(0), detail::task_start::at_once);
    return handle;
  }

  /// Cancels body and children; the scope then ends without an error unless one of them fails. Children that are
  /// created from now on are born cancelled.
  void cancel(std::string_view reason = "the group was cancelled") {
    check_open();
    cancel_all(reason);
  }

  /// Children that have not ended.
  std::size_t size() const noexcept { return children_.size(); }

  bool body_ended(const outcome<>& how) noexcept override;
  std::exception_ptr finish() override;

 private:
  void child_ended(detail::task_state& task) noexcept override;
};

}  // namespace eddy
