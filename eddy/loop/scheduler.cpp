// SPDX-License-Identifier: BSL-1.0
#include "eddy/loop/scheduler.hpp"

#include <algorithm>
#include <cstdlib>
#include <random>
#include <utility>

namespace eddy::detail {

namespace {

constexpr std::chrono::seconds longest_step{1};  // that a test may imagine

constexpr unsigned looks_a_poll = 32;  // at the mailbox, while it spins

// Tells the core that this is a loop that waits.
void pause_core() noexcept {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

std::uint64_t first_seed() {
  if (const char* wanted = std::getenv("EDDY_SEED")) return std::strtoull(wanted, nullptr, 10);
  std::random_device system;
  return std::uint64_t{system()} << 32 | system();
}

}  // namespace

void scheduler::turn() {
  inbox.take(ready);
  if (on_idle && idle()) on_idle();
  wait_or_poll();
  if (!timers.empty()) timers.fire(now());
  run_ready();
}

void scheduler::wait_or_poll() {
  using std::chrono::nanoseconds;
  if (!ready.empty()) {
    if (io->watching()) io->poll(nanoseconds(0));
    return;
  }
  std::optional<nanoseconds> limit;
  if (virtual_now) {
    // Real work is awaited in real time; only when there is none does the virtual clock jump.
    if (io->pending() == 0 && external == 0 && !timers.empty()) {
      virtual_now = std::max(*virtual_now, timers.next());
      limit = nanoseconds(0);
    }
  } else if (!timers.empty()) {
    limit = std::max(nanoseconds(0), nanoseconds(timers.next() - now()));
  }
  if (limit && limit->count() == 0) {
    if (io->watching()) io->poll(limit);
  } else if (!spins(limit) && inbox.prepare_sleep()) {
    const bool idles = !limit && idle_limit && idle();
    const time_point before = idles ? clock::now() : time_point();
    io->poll(idles ? idle_limit : limit);
    inbox.end_sleep();
    if (idles && idle() && clock::now() - before >= *idle_limit) {
      idle_limit.reset();
      on_long_idle();
    }
  }
}

// Whoever posts meanwhile need not wake it, which takes a system call there and the waking of a core here.
// @returns whether something came.
bool scheduler::spins(std::optional<std::chrono::nanoseconds> limit) {
  if (spin.count() == 0 || virtual_now) [[likely]]
    return false;
  const clock::time_point end = clock::now() + (limit ? std::min(*limit, spin) : spin);
  do {
    for (unsigned look = 0; look < looks_a_poll; ++look) {
      if (!inbox.empty()) return true;
      pause_core();
    }
    if (io->watching()) io->poll(std::chrono::nanoseconds(0));
    if (!ready.empty()) return true;
  } while (clock::now() < end);
  return false;
}

// SplitMix64: eight bytes of state, every number once before the sequence begins again.
std::uint64_t scheduler::random() {
  if (!random_) random_ = first_seed();
  *random_ += 0x9e3779b97f4a7c15U;
  std::uint64_t mixed = *random_;
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9U;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebU;
  return mixed ^ (mixed >> 31);
}

void scheduler::run_ready() noexcept {
  for (unsigned step = 0; step < steps_a_turn && !ready.empty(); ++step) {
    if (!unusual_) [[likely]]
      run_step(ready.pop(), leaf_budget);
    else if (!run_chosen_step())
      return;
  }
}

// @returns false when the turn is over.
bool scheduler::run_chosen_step() noexcept {
  if (choices_ == nullptr) {
    run_observed_step(ready.pop());
    return true;
  }
  run_observed_step(ready.pop_at(choices_->choose_ready(ready)));
  if (ready.empty() || !virtual_now || timers.empty() || timers.next() - now() > longest_step) return true;
  if (!choices_->lets_time_pass()) return true;
  virtual_now = std::max(*virtual_now, timers.next());  // the deadline is due in the next turn, before what is ready
  return false;
}

void scheduler::run_observed_step(runnable& node) noexcept {
  const bool looks_for_slow = debug_ && slow_steps != nullptr;
  if (looks_for_slow) slow_steps->step_begins(node);
  if (steps_ != nullptr) steps_->step_begins(node);
  run_step(node, choices_ == nullptr ? leaf_budget : choices_->choose_budget(leaf_budget));
  if (steps_ != nullptr) steps_->step_ended();
  if (looks_for_slow) slow_steps->step_ended();
}

void scheduler::run_step(runnable& node, unsigned operations) noexcept {
  budget = operations;
  run_with_hops(node, 0);
  current = nullptr;
}

void scheduler::run_with_hops(runnable& node, unsigned depth_before) noexcept {
  depth = depth_before;
  node.run();
  while (hop != nullptr) {
    runnable& rest = *hop;
    hop = nullptr;
    depth = depth_before;
    rest.run();
  }
}

void scheduler::run_nested(runnable& node) noexcept {
  if (nesting_ == deepest_nesting) {
    make_ready(node);
    return;
  }
  context* const outer = current;
  runnable* const rest = std::exchange(hop, nullptr);
  const unsigned outer_depth = depth;
  ++nesting_;
  if (steps_ != nullptr) [[unlikely]]
    steps_->step_begins(node);
  run_with_hops(node, deepest_transfer - nested_transfer);
  if (steps_ != nullptr) [[unlikely]]
    steps_->step_ended();
  --nesting_;
  current = outer;
  hop = rest;
  depth = outer_depth;
}

scheduler::scheduler(event_loop& owner_loop, owned<backend> system) : owner(owner_loop), io(std::move(system)) {}
scheduler::~scheduler() = default;

void scheduler::shut_down_services() noexcept {
  for (; !services.empty(); services.pop_back()) services.back()->shut_down();
}

}  // namespace eddy::detail
