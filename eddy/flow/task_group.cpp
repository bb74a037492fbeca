// SPDX-License-Identifier: BSL-1.0
#include "eddy/flow/task_group.hpp"

namespace eddy {

namespace detail {

void child_tasks::open(context& parent, context& body, scope_resource_owner& owner) noexcept {
  context_ = &parent;
  body_ = &body;
  owner_ = &owner;
}

bool child_tasks::body_ended(const outcome<>&) noexcept {
  body_ = nullptr;
  joined_ = children_.empty();
  return joined_;
}

void child_tasks::cancel_children(cancellation& c) noexcept {
  cancelled_ = true;
  for (task_state* child = children_.first(); child != nullptr; child = children_.after(*child)) c.add(*child);
}

void child_tasks::visit_children(const detail::function<void(context&)>& visit) const {
  for (task_state* child = children_.first(); child != nullptr; child = children_.after(*child)) visit(*child);
}

void child_tasks::check_open() const {
  if (context_ == nullptr) throw misuse_error("this group was not entered; use co_await with(task_group(), body)");
  if (joined_)
    throw misuse_error("this group has been joined; create its children inside the scope's body or in other children");
}

void child_tasks::add(task_state& task, void* made_at, task_start when) {
  children_.push_back(task);
  task.enroll(*this, made_at);
  if (cancelled_) task.cancel("its group was cancelled before");
  task.begin(when);
}

void child_tasks::cancel_all(std::string_view reason) noexcept {
  cancellation going(context_->scheduler(), reason);
  if (body_ != nullptr) going.add(*body_);
  cancel_children(going);
  going.run();
}

void child_tasks::note_error(const task_state& child) {
  const std::string name = child.name();
  error_names_.push_back((name.starts_with("task ") ? name : "task \"" + name + "\"") + " (" +
                         format_place(child.function()) + ")");
  errors_.push_back(child.exception());
}

void child_tasks::note_body_error(const outcome<>& how) {
  error_names_.emplace_back("the body");
  errors_.push_back(how.exception());
}

std::exception_ptr child_tasks::errors_as_group(const std::string& message) {
  return std::make_exception_ptr(exception_group(message, std::move(errors_), std::move(error_names_)));
}

void child_tasks::task_ended(task_state& task) noexcept {
  static_cast<list_hook&>(task).unlink();
  if (task.how() == task_state::end::cancelled) child_cancelled_ = true;
  child_ended(task);
  if (body_ == nullptr && children_.empty() && !joined_) {
    joined_ = true;
    owner_->children_ended();
  }
}

}  // namespace detail

bool task_group::body_ended(const outcome<>& how) noexcept {
  body_ = nullptr;
  if (how.has_exception()) {
    note_body_error(how);
    if (!cancelled_) cancel_all("the body of its group failed");
  }
  return child_tasks::body_ended(how);
}

void task_group::child_ended(detail::task_state& task) noexcept {
  if (task.how() != detail::task_state::end::exception) return;
  task.set_looked_at();
  note_error(task);
  if (!cancelled_) cancel_all("a sibling in its group failed");
}

std::exception_ptr task_group::finish() {
  if (errors_.empty()) return nullptr;
  return errors_as_group("task_group");
}

}  // namespace eddy
