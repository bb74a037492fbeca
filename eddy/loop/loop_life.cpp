// SPDX-License-Identifier: BSL-1.0
#include "eddy/loop/loop_life.hpp"

#include <atomic>
#include <mutex>
#include <thread>

namespace eddy::detail {

/// `word`: the generation in the upper half, in the lower half how many threads are inside. A generation is odd while
/// its loop lives.
struct loop_slot {
  std::atomic<std::uint64_t> word{0};
  event_loop* loop = nullptr;  // read only by who is inside of a living generation
  loop_slot* next_free = nullptr;
};

namespace {

constexpr std::uint64_t next_generation = std::uint64_t{1} << 32;

constexpr std::uint32_t generation_of(std::uint64_t word) noexcept { return static_cast<std::uint32_t>(word >> 32); }
constexpr std::uint32_t inside(std::uint64_t word) noexcept { return static_cast<std::uint32_t>(word); }

// Never destroyed: a static object's promise may look at its ticket after this would have been.
struct slots {
  std::mutex lock;
  loop_slot* free = nullptr;
};

slots& all_slots() {
  static slots* only = new slots;
  return *only;
}

loop_slot* take_slot() {
  slots& all = all_slots();
  const std::scoped_lock guard(all.lock);
  if (all.free == nullptr) return new loop_slot;
  return std::exchange(all.free, all.free->next_free);
}

void give_slot(loop_slot* slot) noexcept {
  slots& all = all_slots();
  const std::scoped_lock guard(all.lock);
  slot->next_free = std::exchange(all.free, slot);
}

}  // namespace

loop_life::loop_life(event_loop& loop) : slot_(take_slot()) {
  slot_->loop = &loop;
  // release: who enters this generation sees the line above.
  generation_ = generation_of(slot_->word.fetch_add(next_generation, std::memory_order_release) + next_generation);
}

void loop_life::close() noexcept {
  if (slot_ == nullptr) return;
  loop_slot* slot = std::exchange(slot_, nullptr);
  // release: who finds the generation over sees what the loop did before. acquire, below: the loop sees what those did
  // who were inside.
  slot->word.fetch_add(next_generation, std::memory_order_acq_rel);
  while (inside(slot->word.load(std::memory_order_acquire)) != 0) std::this_thread::yield();
  give_slot(slot);
}

event_loop* loop_ticket::enter() const noexcept {
  // Whoever comes too late counts for a moment too: harmless, also for the slot's next loop.
  const std::uint64_t word = slot_->word.fetch_add(1, std::memory_order_acquire);
  if (generation_of(word) == generation_) return slot_->loop;
  leave(slot_);
  return nullptr;
}

void loop_ticket::leave(loop_slot* slot) noexcept { slot->word.fetch_sub(1, std::memory_order_release); }

}  // namespace eddy::detail
