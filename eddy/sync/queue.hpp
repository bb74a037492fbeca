// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <deque>
#include <exception>
#include <optional>
#include <string>
#include <utility>

#include "eddy/base/errors.hpp"
#include "eddy/sync/waiter_list.hpp"

namespace eddy {

/// Hands items from tasks to tasks, first in, first out.
///
/// `get()` takes an item for good; `take()` gives a lease, which puts the item back at the head when it is dropped
/// without `done()`. With a size limit put() waits while the queue is full. It must outlive its waiters and leases.
///
/// **Cancellation.** Every wait is atomic: an item is either taken and delivered, or still in the queue; a put that was
/// cancelled has left its argument as it was.
/// **Thread safety.** Only on one loop's thread.
/// **In asyncio.** `Queue`.
template <class T>
class queue {
 public:
  /// @param max_size  Items that it holds at most; 0 for no limit.
  explicit queue(std::size_t max_size = 0) : max_size_(max_size) {}
  queue(const queue&) = delete;
  queue& operator=(const queue&) = delete;
  ~queue() {
    EDDY_ASSERT(getters_.empty() && putters_.empty() && joiners_.empty(),
                "a queue was destroyed while tasks wait for it; let it outlive them, for example by declaring it "
                "before their task_group");
  }

  class lease;
  class get_operation;
  class take_operation;
  class put_operation;
  class join_operation;

  /// Waits for an item and takes it. Call task_done() when it is dealt with, if anybody awaits join().
  [[nodiscard]] get_operation get() noexcept { return get_operation(*this); }
  /// Waits for an item and takes it on lease: `auto job = co_await jobs.take(); ... job.done();`.
  [[nodiscard]] take_operation take() noexcept { return take_operation(*this); }
  /// Waits for room and puts an item. An rvalue is borrowed, and moved from only when it is put.
  [[nodiscard]] put_operation put(T&& item) noexcept { return put_operation(*this, std::move(item)); }
  [[nodiscard]] put_operation put(const T& item) { return put_operation(*this, item); }

  /// Puts an item if there is room. @returns whether it did; if not, `item` is as it was.
  bool try_put(T&& item) {
    if (full()) return false;
    deliver(std::move(item));
    return true;
  }
  bool try_put(const T& item) { return try_put(T(item)); }
  /// Takes an item if there is one.
  std::optional<T> try_get() {
    if (items_.empty()) return std::nullopt;
    return pop();
  }

  /// Takes an item on lease if there is one.
  std::optional<lease> try_take() {
    if (items_.empty()) return std::nullopt;
    return lease(*this, pop());
  }

  /// Waits until every item that was put has been dealt with (task_done(), or done() on its lease).
  [[nodiscard]] join_operation join() noexcept { return join_operation(*this); }
  /// Says that an item taken with get() has been dealt with. @throws misuse_error  More often than items were put.
  void task_done() {
    if (unfinished_ == 0) throw misuse_error("queue::task_done was called more often than items were put");
    if (--unfinished_ == 0)
      while (!joiners_.empty()) joiners_.pop_front().grant();
  }

  /// Items that wait to be taken.
  std::size_t size() const noexcept { return items_.size(); }
  bool empty() const noexcept { return items_.empty(); }
  bool full() const noexcept { return max_size_ != 0 && items_.size() >= max_size_; }
  /// Items that were put and not yet dealt with.
  std::size_t unfinished() const noexcept { return unfinished_; }

 private:
  // Waits for an item; the giver puts it into item_ before it grants.
  class getter : public detail::waiter<getter> {
   public:
    explicit getter(queue& q) noexcept : queue_(&q) {}
    getter(getter&&) = default;
    bool try_complete() {
      if (queue_->items_.empty()) return false;
      item_.emplace(queue_->pop());
      return true;
    }
    void begin() noexcept { queue_->getters_.push_back(*this); }
    std::string describe() const override { return "queue::get"; }

   protected:
    friend class queue;
    queue* queue_;
    std::optional<T> item_;
  };

  // Invariants: (1) getters wait only while there is no item; (2) putters wait only while it is full.
  void deliver(T&& item) {
    if (getters_.empty()) {
      items_.push_back(std::move(item));
    } else {
      getters_.front().item_.emplace(std::move(item));  // a move that throws leaves the getter where it is
      getters_.pop_front().grant();
    }
    ++unfinished_;
  }
  T pop() {
    T item = std::move(items_.front());
    items_.pop_front();
    admit();
    return item;
  }
  void admit() noexcept {
    while (!putters_.empty() && !full()) putters_.pop_front().admitted();
  }
  // A lease came back: the item goes to the head, or to whoever waits.
  void put_back(T&& item) {
    if (getters_.empty()) {
      items_.push_front(std::move(item));  // may stand above max_size: it was in the queue before
    } else {
      getters_.front().item_.emplace(std::move(item));
      getters_.pop_front().grant();
    }
  }

  std::size_t max_size_;
  std::deque<T> items_;
  std::size_t unfinished_ = 0;
  detail::intrusive_list<getter> getters_;
  detail::intrusive_list<put_operation> putters_;
  detail::intrusive_list<join_operation> joiners_;
};

template <class T>
class queue<T>::get_operation final : public getter {
 public:
  using getter::getter;
  T await_resume() { return *std::move(this->item_); }
};

/// An item on loan: `*job`, `job->...`; `done()` when it is dealt with, else it goes back to the head of the queue.
template <class T>
class [[nodiscard]] queue<T>::lease {
 public:
  lease(queue& q, T&& item) : queue_(&q), item_(std::move(item)) {}
  lease(lease&& other) noexcept : queue_(std::exchange(other.queue_, nullptr)), item_(std::move(other.item_)) {}
  lease& operator=(lease&&) = delete;
  ~lease() {
    if (queue_ != nullptr) queue_->put_back(std::move(item_));
  }

  T& operator*() noexcept { return item_; }
  T* operator->() noexcept { return &item_; }

  /// It has been dealt with. Nothing when that was said before.
  void done() {
    if (queue_ != nullptr) std::exchange(queue_, nullptr)->task_done();
  }

 private:
  queue* queue_;
  T item_;
};

template <class T>
class queue<T>::take_operation final : public getter {
 public:
  using getter::getter;
  lease await_resume() { return lease(*this->queue_, *std::move(this->item_)); }
};

template <class T>
class queue<T>::put_operation final : public detail::waiter<put_operation> {
 public:
  put_operation(queue& q, T&& item) noexcept : queue_(&q), source_(&item) {}
  put_operation(queue& q, const T& item) : queue_(&q), copy_(item) {}
  put_operation(put_operation&&) = default;

  bool try_complete() {
    if (queue_->full()) return false;
    queue_->deliver(std::move(item()));
    return true;
  }
  void begin() noexcept { queue_->putters_.push_back(*this); }
  void await_resume() const {
    if (error_) std::rethrow_exception(error_);
  }
  std::string describe() const override { return "queue::put"; }

 private:
  friend class queue;
  T& item() noexcept { return copy_ ? *copy_ : *source_; }
  // Called by whoever made room: what goes wrong with the item is this putter's trouble, not theirs.
  void admitted() noexcept {
    try {
      queue_->deliver(std::move(item()));
    } catch (...) {
      error_ = std::current_exception();
    }
    this->grant();
  }

  queue* queue_;
  T* source_ = nullptr;  // the caller's, until it is put
  std::optional<T> copy_;
  std::exception_ptr error_;
};

template <class T>
class queue<T>::join_operation final : public detail::waiter<join_operation> {
 public:
  explicit join_operation(queue& q) noexcept : queue_(&q) {}
  join_operation(join_operation&&) = default;
  bool try_complete() const noexcept { return queue_->unfinished_ == 0; }
  void begin() noexcept { queue_->joiners_.push_back(*this); }
  void await_resume() const noexcept {}
  std::string describe() const override { return "queue::join"; }

 private:
  queue* queue_;
};

}  // namespace eddy
