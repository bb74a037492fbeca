// SPDX-License-Identifier: BSL-1.0
// Objects that know how often they lived and died.
#pragma once

#include <set>
#include <utility>

namespace compiler_test {

/// Counts constructions and destructions of `tracked` objects, also of ones that no constructor made.
///
/// Nothing is owned, so that a compiler that destroys twice is found out and not corrupted.
class tracker {
 public:
  static tracker& instance() {
    static tracker only;
    return only;
  }
  void reset() { *this = tracker(); }
  void born(const void* object) { alive_.insert(object); }
  void died(const void* object) {
    if (alive_.erase(object) == 0) ++strangers_;
  }

  /// Objects that were destroyed without having been constructed: twice, or after a copy bit by bit.
  int destroyed_without_life() const { return strangers_; }
  /// Objects that were constructed and not destroyed.
  int left_alive() const { return static_cast<int>(alive_.size()); }
  bool balanced() const { return strangers_ == 0 && alive_.empty(); }

 private:
  std::set<const void*> alive_;
  int strangers_ = 0;
};

/// Movable and copyable, with a destructor that matters: like a string or a shared_ptr to a compiler.
class tracked {
 public:
  explicit tracked(int value = 0) : value_(value) { tracker::instance().born(this); }
  tracked(const tracked& other) : value_(other.value_) { tracker::instance().born(this); }
  tracked(tracked&& other) noexcept : value_(other.value_) { tracker::instance().born(this); }
  tracked& operator=(const tracked&) = default;
  tracked& operator=(tracked&&) = default;
  ~tracked() { tracker::instance().died(this); }

  int value() const { return value_; }

 private:
  int value_;
};

/// Runs a coroutine to its first suspension, destroys it there or at its end, and tells whether every
/// tracked object in it died exactly once.
template <typename Function, typename... Args>
bool balanced(Function function, Args&&... args) {
  tracker::instance().reset();
  {
    auto coroutine = function(std::forward<Args>(args)...);
    coroutine.start();
    if (coroutine.done()) coroutine.result();
  }
  return tracker::instance().balanced();
}

}  // namespace compiler_test
