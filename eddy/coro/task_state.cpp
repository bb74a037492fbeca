// SPDX-License-Identifier: BSL-1.0
#include "eddy/coro/task_state.hpp"

#include <bit>

#include "eddy/base/reports.hpp"
#include "eddy/coro/detail/task_watch.hpp"
#include "eddy/coro/holder.hpp"
#include "eddy/coro/task.hpp"

namespace eddy::detail {

namespace {

static_assert(sizeof(std::source_location) == sizeof(std::uintptr_t), "a source_location is one pointer");

}  // namespace

void task_state::delete_extras() noexcept { delete extras_or_null(); }

void task_state::start(task_owner& owner, void* made_at, task_start when) {
  enroll(owner, made_at);
  begin(when);
}

void task_state::enroll(task_owner& owner, void* made_at) {
  const detail::scheduler& s = scheduler();
  task_registry& all = *s.tasks;
  host_ = &owner;
  set_task_number(all.next_number());
  all.count_started();
  if (&owner == &all) all.roots().push_back(*this);
  const context* const creator = s.current;
  if (debugging() || s.observer != nullptr || s.steps() != nullptr || all.closing() ||
      (creator != nullptr && creator->values() != values())) [[unlikely]]
    enroll_closely(creator, made_at);
}

void task_state::enroll_closely(const context* creator, void* made_at) {
  task_registry& all = registry();
  if (debugging()) {
    extras().made_at = made_at;
    all.remember(*this);
  }
  if (scheduler().observer != nullptr) set_observed();
  if (creator != nullptr && creator->values() != values()) inherit_values(*creator);
  if (task_watch* watch = task_watch::of(scheduler())) watch->task_created(*this);
  if (all.closing()) cancel("the loop is shutting down");
}

// Not at once while an exception or a cancellation is on its way: the task's guards would take it for their own.
void task_state::begin(task_start when) {
  if (when == task_start::at_once && std::uncaught_exceptions() == 0)
    start_at_once();
  else
    start_in_turn();
}

bool task_state::cancel(std::string_view reason) {
  if (done()) return false;
  cancellation going(scheduler(), reason);
  going.add(*this);
  going.run();
  return true;
}

namespace {

// Out of line: nearly no task has any, and the usual way would save registers for them.
EDDY_NOINLINE void call_back(task_extras& more) noexcept {
  for (const auto& callback : std::exchange(more.callbacks, {})) callback();
}

}  // namespace

std::coroutine_handle<> task_state::tell_ended() noexcept {
  if (task_watch* watch = task_watch::of(scheduler())) [[unlikely]]
    watch->task_finished(*this);
  task_registry& all = registry();
  all.count_ended(*this);
  if (host_ == &all)
    list_hook::unlink();
  else
    owner().task_ended(*this);
  host_ = nullptr;
  while (joiners_ != nullptr) {
    join_base& oldest = *joiners_;
    remove_joiner(oldest);
    oldest.task_ended();
  }
  if (task_extras* more = extras_or_null()) [[unlikely]]
    call_back(*more);
  if (references_ > 1 && !list_hook::linked()) all.ended().push_back(*this);
  release();
  return std::noop_coroutine();
}

void task_state::tell_unseen() noexcept {
  if (how() == end::exception && !std::exchange(looked_at_, true))
    loop().handle_exception({"the exception of " + describe() + " was never looked at", exception()});
}

void task_state::forget() noexcept {
  if (!detached()) tell_unseen();
  delete this;
}

void task_state::outlive_loop() noexcept {
  tell_unseen();
  detach();
}

void task_state::callback_failed(std::exception_ptr error) noexcept {
  loop().handle_exception({"a done callback of " + describe() + " threw", std::move(error)});
}

void task_state::add_joiner(join_base& joiner) noexcept {
  if (joiners_ == nullptr) {
    joiners_ = joiner.previous_ = joiner.next_ = &joiner;
    return;
  }
  joiner.next_ = joiners_;
  joiner.previous_ = joiners_->previous_;
  joiner.previous_->next_ = &joiner;
  joiners_->previous_ = &joiner;
}

void task_state::remove_joiner(join_base& joiner) noexcept {
  if (joiner.next_ == &joiner) {
    joiners_ = nullptr;
  } else {
    joiner.previous_->next_ = joiner.next_;
    joiner.next_->previous_ = joiner.previous_;
    if (joiners_ == &joiner) joiners_ = joiner.next_;
  }
  joiner.previous_ = joiner.next_ = nullptr;
}

task_extras* task_state::extras_or_null() const noexcept {
  return has_extras() ? reinterpret_cast<task_extras*>(birth_ & ~extras_bit) : nullptr;
}

task_extras& task_state::extras() {
  if (task_extras* have = extras_or_null()) return *have;
  auto* made = new task_extras;
  made->function = function();
  birth_ = reinterpret_cast<std::uintptr_t>(made) | extras_bit;
  return *made;
}

std::source_location task_state::function() const noexcept {
  if (const task_extras* more = extras_or_null()) return more->function;
  return std::bit_cast<std::source_location>(birth_);
}

bool task_state::named() const noexcept {
  const task_extras* more = extras_or_null();
  return more != nullptr && !more->name.empty();
}

std::string task_state::name() const { return named() ? extras_or_null()->name : "task " + std::to_string(number()); }

void task_state::set_name(std::string name) { extras().name = std::move(name); }

void task_state::add_callback(detail::function<void()> callback) { extras().callbacks.push_back(std::move(callback)); }

std::string task_state::describe() const {
  const task_extras* more = extras_or_null();
  std::string text =
      more != nullptr && !more->name.empty() ? "task \"" + more->name + "\"" : "task " + std::to_string(number());
  text += " (" + std::string(function().function_name()) + " at " + format_place(function());
  if (more != nullptr && more->made_at != nullptr) text += ", created by " + describe_code(more->made_at);
  return text + ")";
}

void join_leaf::begin() {
  // A wait for oneself can never end: the task itself, or one whose scope this is.
  const context* line = context_;
  do {
    if (line == task_) [[unlikely]]
      throw_awaits_itself();
    line = line->parent();
  } while (line != nullptr);
  task_->add_joiner(*this);
  note_wait(*context_);
}

void join_leaf::throw_awaits_itself() const {
  throw misuse_error(task_->describe() + " awaits itself, directly or from one of its own scopes: that can never end");
}

void join_leaf::visit_holders(const detail::function<void(const holder&)>& visit) const {
  visit(holder(std::source_location(), task_->number()));
}

}  // namespace eddy::detail
