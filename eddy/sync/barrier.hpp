// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <source_location>
#include <string>

#include "eddy/base/errors.hpp"
#include "eddy/sync/label.hpp"
#include "eddy/sync/waiter_list.hpp"

namespace eddy {

/// A barrier that was aborted, or reset while somebody waited at it.
///
/// **In asyncio.** `BrokenBarrierError`.
class broken_barrier : public error {
 public:
  using error::error;
};

/// Where a number of tasks wait for each other: when the last one has come, all go on.
///
/// Then it stands there anew for the next round. It must outlive its waiters.
///
/// **Cancellation.** A cancelled waiter has not come: it breaks nothing, and the others wait for somebody else. To make
/// them give up call abort().
/// **Thread safety.** Only on one loop's thread.
/// **In asyncio.** `Barrier`.
class barrier {
 public:
  /// @param parties  How many have to come, at least 1.
  /// @param name     For reports; a literal, or text that outlives the barrier.
  /// @throws misuse_error  `parties` is 0.
  explicit barrier(std::size_t parties, const char* name = nullptr,
                   std::source_location made = std::source_location::current())
      : label_(name, made), parties_(parties) {
    if (parties == 0) throw misuse_error("barrier: it needs one party at least, or nobody could ever pass");
  }
  barrier(const barrier&) = delete;
  barrier& operator=(const barrier&) = delete;
  ~barrier() {
    EDDY_ASSERT(waiters_.empty(),
                "a barrier was destroyed while tasks wait at it; let it outlive them, for example by declaring it "
                "before their task_group, or call abort()");
  }

  class wait_operation final : public detail::waiter<wait_operation> {
   public:
    explicit wait_operation(barrier& b) noexcept : barrier_(&b) {}
    wait_operation(wait_operation&&) = default;

    bool try_complete() noexcept {
      if (barrier_->broken_) {
        end_ = end::aborted;
        return true;
      }
      if (barrier_->waiting_ + 1 < barrier_->parties_) return false;
      index_ = barrier_->waiting_;
      end_ = end::passed;
      barrier_->let_go(end::passed);
      return true;
    }
    void begin() noexcept {
      barrier_->waiters_.push_back(*this);
      ++barrier_->waiting_;
    }
    // When the last one has come, or the barrier is broken, that counts for all who stood there.
    bool take_back() noexcept {
      if (end_ != end::none) return false;
      this->unlink();
      --barrier_->waiting_;
      return true;
    }
    std::size_t await_resume() const {
      if (end_ == end::aborted)
        throw broken_barrier("barrier::wait: the barrier was aborted; reset() makes it usable again");
      if (end_ == end::reset) throw broken_barrier("barrier::wait: the barrier was reset before all had come");
      return index_;
    }
    std::string describe() const override {
      return barrier_->label_.describe("barrier::wait") + ", where " + std::to_string(barrier_->waiting_) + " of " +
             std::to_string(barrier_->parties_) + " have come";
    }

   private:
    friend class barrier;
    enum class end : unsigned char { none, passed, aborted, reset };

    barrier* barrier_;
    std::size_t index_ = 0;
    end end_ = end::none;
  };

  /// Waits until all have come.
  ///
  /// @returns in which place it came in this round: 0 for the first, parties() - 1 for the last, each once. So one of
  /// them can be chosen for what only one should do.
  /// @throws broken_barrier  abort() or reset() was called meanwhile, or abort() before.
  ///
  /// **Cancellation.** A cancellation point. Atomic: cancelled means not counted.
  [[nodiscard]] wait_operation wait() noexcept { return wait_operation(*this); }

  /// Those who wait get broken_barrier; whoever comes after them begins a new round.
  void reset() noexcept {
    broken_ = false;
    let_go(wait_operation::end::reset);
  }
  /// Those who wait get broken_barrier, and so does whoever comes, until reset().
  void abort() noexcept {
    broken_ = true;
    let_go(wait_operation::end::aborted);
  }

  std::size_t parties() const noexcept { return parties_; }
  /// How many wait now.
  std::size_t waiting() const noexcept { return waiting_; }
  /// Whether it was aborted and not reset since.
  bool broken() const noexcept { return broken_; }

 private:
  void let_go(wait_operation::end how) noexcept {
    std::size_t index = 0;
    for (wait_operation* at = waiters_.first(); at != nullptr; at = waiters_.after(*at)) {
      at->end_ = how;
      at->index_ = index++;
    }
    waiting_ = 0;
    while (!waiters_.empty()) waiters_.pop_front().grant();
  }

  detail::label label_;
  std::size_t parties_;
  std::size_t waiting_ = 0;
  bool broken_ = false;
  detail::intrusive_list<wait_operation> waiters_;
};

}  // namespace eddy
