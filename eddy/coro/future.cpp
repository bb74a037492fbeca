// SPDX-License-Identifier: BSL-1.0
#include "eddy/coro/future.hpp"

#include <mutex>

namespace eddy::detail {

namespace {

// Guards the counts of all states whose loops have ended: nobody is in a hurry then.
std::mutex& after_loop() {
  static std::mutex* only = new std::mutex;  // never destroyed: static objects may hold futures
  return *only;
}

}  // namespace

future_state_base::future_state_base(event_loop& loop, std::source_location made) noexcept
    : loop_(&loop), ticket_(loop.ticket()), thread_(loop.thread()), maker_(holder::here(made)) {
  ++loop_->scheduler().open_promises;
  loop_->add_dependent(*this);
}

void future_state_base::settled() {
  done_ = true;
  --loop_->scheduler().open_promises;
  while (!waiters.empty()) waiters.pop_front().settled();
  for (const auto& callback : std::exchange(callbacks_, {})) callback();
}

void future_state_base::abandon() noexcept {
  if (done_) return;
  break_it();
  set_looked_at();  // nothing has failed: who waits learns of it, nobody else has to
  settled();
}

void future_state_base::tell_unseen() noexcept {
  if (const std::exception_ptr error = failure(); error != nullptr && !std::exchange(looked_at_, true))
    loop_->handle_exception({"the exception of " + describe() + " was never looked at", error});
}

void future_state_base::add_callback(detail::function<void()> callback) { callbacks_.push_back(std::move(callback)); }

// Whoever waited has ended, and callbacks have no turn any more.
void future_state_base::loop_ended() noexcept {
  const auto dropped = std::exchange(callbacks_, {});  // may hold the last handles: goes when this is right again
  tell_unseen();
  if (!done_) break_it();
  looked_at_ = done_ = true;
  loop_ = nullptr;
}

void future_state_base::retain_after_loop() noexcept {
  const std::scoped_lock guard(after_loop());
  ++references_;
}

void future_state_base::release_after_loop() noexcept {
  {
    const std::scoped_lock guard(after_loop());
    if (--references_ != 0) return;
  }
  delete this;
}

void future_state_base::check_writer(const char* what) const {
  if (!on_own_thread()) event_loop::throw_wrong_thread(what, "the _threadsafe form of it");
  if (loop_ == nullptr) throw_no_loop(what);
}

void future_state_base::throw_no_loop(const char* what) {
  throw misuse_error(std::string(what) + ": the loop of this promise has ended, so nobody waits for it any more");
}

void future_state_base::check_open(const char* what) const {
  if (done_)
    throw misuse_error(std::string("promise::") + what +
                       ": it has a value or an exception already; a promise is set once");
}

std::string future_state_base::describe() const {
  std::string text = "a future (its promise was made at " + format_place(maker_.place);
  if (maker_.task != 0) text += " by task " + std::to_string(maker_.task);
  return text + ")";
}

}  // namespace eddy::detail
