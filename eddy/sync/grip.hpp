// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <utility>

#include "eddy/base/detail/exchanged.hpp"
#include "eddy/base/intrusive_list.hpp"
#include "eddy/coro/holder.hpp"

namespace eddy::detail {

/// One of several that hold something at once: what permits, leases and shared guards keep in a list of the thing they
/// hold, so that it can name them. It moves with its owner and leaves the list with it.
class grip : public list_hook {
 public:
  /// @param place  Of the acquire(), take() or lock_shared().
  explicit grip(std::source_location place) noexcept : who(place, 0) {}
  grip() = default;
  grip(grip&& other) noexcept : list_hook(), who(other.who) { take_place_of(other); }
  grip& operator=(grip&& other) noexcept {
    if (this == &other) return *this;
    leave();
    who = other.who;
    take_place_of(other);
    return *this;
  }
  ~grip() { leave(); }

  void leave() noexcept {
    if (linked()) unlink();
  }

  holder who;

 private:
  void take_place_of(grip& other) noexcept {
    if (!other.linked()) return;
    previous = detail::exchanged(other.previous, nullptr);
    next = detail::exchanged(other.next, nullptr);
    previous->next = this;
    next->previous = this;
  }
};

/// Tells `visit` of all of them.
template <class Visit>
void visit_grips(intrusive_list<grip>& grips, const Visit& visit) {
  for (grip* at = grips.first(); at != nullptr; at = grips.after(*at)) visit(at->who);
}

}  // namespace eddy::detail
