// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <utility>

#include "eddy/base/intrusive_list.hpp"

namespace eddy {

class event_loop;

namespace detail {

struct loop_slot;

/// Something that belongs to a loop and that handles may keep beyond it: the loop tells it when it ends.
class loop_dependent : public list_hook {
 public:
  /// The loop is about to go: its tasks have ended, its callbacks are gone. Already taken out of the loop's list.
  virtual void loop_ended() noexcept = 0;

 protected:
  ~loop_dependent() {
    if (linked()) unlink();
  }
};

/// The way to a loop from any thread, also when the loop has ended long ago. Two words, copied freely.
class loop_ticket {
 public:
  /// Calls `f(loop)`, and keeps the loop alive meanwhile. @returns false, having done nothing, when it has ended.
  template <class F>
  bool with_loop(F&& f) const {
    struct leaver {
      loop_slot* slot;
      ~leaver() { leave(slot); }
    };
    event_loop* loop = enter();
    if (loop == nullptr) return false;
    const leaver at_end{slot_};
    std::forward<F>(f)(*loop);
    return true;
  }

 private:
  friend class loop_life;
  loop_ticket(loop_slot* slot, std::uint32_t generation) noexcept : slot_(slot), generation_(generation) {}

  event_loop* enter() const noexcept;
  static void leave(loop_slot* slot) noexcept;

  loop_slot* slot_;
  std::uint32_t generation_;
};

/// A loop's own part: from its making until close() its tickets lead to it.
///
/// A slot is never freed, only used again under the next generation, so that a ticket can always be looked at.
class loop_life {
 public:
  explicit loop_life(event_loop& loop);
  loop_life(const loop_life&) = delete;
  loop_life& operator=(const loop_life&) = delete;
  ~loop_life() { close(); }

  loop_ticket ticket() const noexcept { return {slot_, generation_}; }
  /// No ticket leads here any more; waits for those who are inside.
  void close() noexcept;

 private:
  loop_slot* slot_;
  std::uint32_t generation_;
};

}  // namespace detail
}  // namespace eddy
