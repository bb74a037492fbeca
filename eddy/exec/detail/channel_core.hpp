// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "eddy/base/detail/exchanged.hpp"
#include "eddy/base/errors.hpp"
#include "eddy/base/intrusive_list.hpp"

namespace eddy::detail {

/// One wait, on one or several channels, by a coroutine or by a plain thread.
///
/// Whoever claims it owes it an end: a channel, which then delivers; or the waiter itself, which then leaves
/// empty-handed.
class channel_claim {
 public:
  channel_claim(const channel_claim&) = delete;
  channel_claim& operator=(const channel_claim&) = delete;

  /// Under the lock of a channel in whose line it stands, or by the waiter. @returns whether the caller has it.
  bool claim() noexcept {
    bool free = false;
    // Relaxed: what is delivered is published by the wake-up.
    return claimed_.compare_exchange_strong(free, true, std::memory_order_relaxed);
  }
  /// Any thread that has claimed it, no lock held: wakes the waiter, which may be gone afterwards.
  virtual void granted() noexcept = 0;

 protected:
  channel_claim() = default;
  channel_claim(channel_claim&&) noexcept {}  // before it waits
  ~channel_claim() = default;

 private:
  std::atomic<bool> claimed_{false};
};

/// A place in the line of one channel: for an item, or with one.
template <class T>
class channel_place : public list_hook {
 public:
  channel_place() = default;
  channel_place(channel_place&& other) noexcept : list_hook(), outgoing(other.outgoing) {}

  channel_claim* claim = nullptr;
  std::optional<T> incoming;  // what a receiver got
  T* outgoing = nullptr;      // what a sender has; moved from when it is sent
  bool served = false;        // this is the place through which the wait came to its end
  bool closed = false;        // by the channel's being closed
};

struct channel_statistics {
  std::size_t size;        // items inside
  std::size_t capacity;    // that it holds at most
  std::size_t receivers;   // waits for an item
  std::size_t senders;     // waits for room
  std::uint64_t sent;      // items since it was made
  std::uint64_t received;  // of those
};

/// What the handles of a channel share. Every function may be called by any thread.
///
/// Invariants, under the lock: (1) receivers stand in line only while there is no item and it is not closed; (2)
/// senders stand in line only while it is full and not closed; (3) an item changes hands only to a waiter that was
/// claimed.
template <class T>
class channel_core {
  static_assert(std::is_nothrow_move_constructible_v<T> && std::is_nothrow_destructible_v<T>,
                "a channel moves its items under a lock, where a move must not throw; send a unique_ptr<T>");

 public:
  using place = channel_place<T>;

  explicit channel_core(std::size_t capacity) : ring_(capacity) {
    if (capacity == 0) throw misuse_error("channel: a capacity of 0 lets nothing through; use at least 1");
  }
  channel_core(const channel_core&) = delete;
  channel_core& operator=(const channel_core&) = delete;

  /// Serves `p` with an item, or because it is closed and empty. @returns false when it would have to wait.
  bool try_receive(place& p) noexcept {
    channel_claim* woken = nullptr;
    {
      const std::scoped_lock guard(lock_);
      if (!receive(p, woken)) return false;
    }
    if (woken != nullptr) woken->granted();
    return true;
  }
  /// Takes p.outgoing, or serves it because it is closed. @returns false when it would have to wait.
  bool try_send(place& p) noexcept {
    channel_claim* woken = nullptr;
    {
      const std::scoped_lock guard(lock_);
      if (!send(p, woken)) return false;
    }
    if (woken != nullptr) woken->granted();
    return true;
  }

  /// The same, or puts `p` in line. @returns whether the waiter of `p` has an end: from here, or from another channel.
  bool receive_or_wait(place& p) noexcept {
    return serve_or_wait(
        p, receivers_, [this](place& q, channel_claim*& woken) { return receive(q, woken); },
        [this] { return size_ != 0 || closed_; });
  }
  bool send_or_wait(place& p) noexcept {
    return serve_or_wait(
        p, senders_, [this](place& q, channel_claim*& woken) { return send(q, woken); },
        [this] { return size_ != ring_.size() || closed_; });
  }
  /// Takes `p` out of its line, if it stands in one.
  void leave(place& p) noexcept {
    const std::scoped_lock guard(lock_);
    if (p.linked()) p.unlink();
  }

  void close() noexcept {
    intrusive_list<place> told;
    {
      const std::scoped_lock guard(lock_);
      if (detail::exchanged(closed_, true)) return;
      close_line(receivers_, told);
      close_line(senders_, told);
    }
    // Each is taken out before it is told: it may be gone afterwards.
    while (!told.empty()) told.pop_front().claim->granted();
  }

  channel_statistics statistics() const noexcept {
    const std::scoped_lock guard(lock_);
    return {size_, ring_.size(), receivers_.size(), senders_.size(), sent_, sent_ - size_};
  }
  bool closed() const noexcept {
    const std::scoped_lock guard(lock_);
    return closed_;
  }

 private:
  using line = intrusive_list<place>;

  template <class Serve, class Can>
  bool serve_or_wait(place& p, line& in, Serve serve, Can can) noexcept {
    channel_claim* woken = nullptr;
    {
      const std::scoped_lock guard(lock_);
      if (!can()) {
        in.push_back(p);
        return false;
      }
      // Of several channels another may have been faster.
      if (!p.claim->claim()) return true;
      serve(p, woken);
    }
    if (woken != nullptr) woken->granted();
    return true;
  }

  bool receive(place& p, channel_claim*& woken) noexcept {
    if (size_ == 0) {
      if (!closed_) return false;
      p.served = p.closed = true;
      return true;
    }
    std::optional<T>& first = ring_[first_];
    p.incoming.emplace(std::move(*first));
    p.served = true;
    first.reset();
    first_ = next(first_);
    --size_;
    if (place* sender = claim_first(senders_)) {
      push(std::move(*sender->outgoing));
      sender->served = true;
      woken = sender->claim;
    }
    return true;
  }

  bool send(place& p, channel_claim*& woken) noexcept {
    if (closed_) {
      p.served = p.closed = true;
      return true;
    }
    if (place* receiver = claim_first(receivers_)) {
      receiver->incoming.emplace(std::move(*p.outgoing));
      receiver->served = true;
      woken = receiver->claim;
      ++sent_;
    } else if (size_ != ring_.size()) {
      push(std::move(*p.outgoing));
    } else {
      return false;
    }
    p.served = true;
    return true;
  }

  void push(T&& item) noexcept {
    std::size_t end = first_ + size_;
    if (end >= ring_.size()) end -= ring_.size();
    ring_[end].emplace(std::move(item));
    ++size_;
    ++sent_;
  }
  std::size_t next(std::size_t index) const noexcept { return index + 1 == ring_.size() ? 0 : index + 1; }

  /// Takes the oldest that still waits out of its line; those that were faster elsewhere go too.
  place* claim_first(line& from) noexcept {
    while (!from.empty()) {
      place& p = from.pop_front();
      if (p.claim->claim()) return &p;
    }
    return nullptr;
  }
  void close_line(line& from, line& told) noexcept {
    while (place* p = claim_first(from)) {
      p->served = p->closed = true;
      told.push_back(*p);
    }
  }

  mutable std::mutex lock_;
  std::vector<std::optional<T>> ring_;  // made whole, so that nothing here allocates
  std::size_t first_ = 0;
  std::size_t size_ = 0;
  bool closed_ = false;
  std::uint64_t sent_ = 0;
  line receivers_;
  line senders_;
};

}  // namespace eddy::detail
