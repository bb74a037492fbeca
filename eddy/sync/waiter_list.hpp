// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "eddy/base/intrusive_list.hpp"
#include "eddy/coro/leaf.hpp"

namespace eddy::detail {

/// A leaf that waits in a first-in first-out list of the thing it waits for.
template <class Derived>
class waiter : public leaf<Derived>, public list_hook {
 public:
  bool take_back() noexcept {
    this->unlink();
    return true;
  }
  /// It has been taken out of its list, and its effect has happened: it is resumed whatever comes (L1).
  void grant() noexcept { this->context_->completed(); }

 protected:
  waiter() = default;
  waiter(waiter&& other) noexcept : leaf<Derived>(std::move(other)), list_hook() {}
  ~waiter() = default;
};

}  // namespace eddy::detail
