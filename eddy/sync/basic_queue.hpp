// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <exception>
#include <optional>
#include <source_location>
#include <string>
#include <utility>
#include <vector>

#include "eddy/base/errors.hpp"
#include "eddy/base/function.hpp"
#include "eddy/sync/grip.hpp"
#include "eddy/sync/label.hpp"
#include "eddy/sync/waiter_list.hpp"

namespace eddy {

/// A queue was shut down: nothing more can be put, or nothing is left to be taken.
///
/// **In asyncio.** `QueueShutDown`.
class queue_shutdown : public error {
 public:
  using error::error;
};

/// Asks `shutdown` to end a queue without its items being taken.
struct immediate_t {
  explicit constexpr immediate_t() = default;
};
inline constexpr immediate_t immediate{};

/// What a queue is like at one moment.
struct queue_statistics {
  std::size_t size;        // items that wait to be taken
  std::size_t max_size;    // 0 for no limit
  std::size_t unfinished;  // items that were put and not yet dealt with
  std::size_t leased;      // of those: taken on lease
  std::size_t getting;     // tasks that wait in get() or take()
  std::size_t putting;     // tasks that wait in put()
  std::size_t joining;     // tasks that wait in join()
};

/// Hands items from tasks to tasks; `Order` keeps them and says which one is next. Use `queue`, `lifo_queue` or
/// `priority_queue`.
///
/// `get()` takes an item for good; `take()` gives a lease, which puts the item back at the head when it is dropped
/// without `done()`. With a size limit put() waits while the queue is full. It must outlive its waiters and leases.
///
/// **Cancellation.** Every wait is atomic: an item is either taken and delivered, or still in the queue; a put that was
/// cancelled has left its argument as it was.
/// **Thread safety.** Only on one loop's thread.
///
/// @tparam Order  `push(T&&)`, `T pop()`, `put_back(T&&)` to the head, `empty()`, `size()`, and `kind`, its name.
template <class T, class Order>
class basic_queue {
 public:
  using value_type = T;

  /// @param max_size  Items that it holds at most; 0 for no limit.
  /// @param name      For reports; a literal, or text that outlives the queue.
  explicit basic_queue(std::size_t max_size = 0, const char* name = nullptr,
                       std::source_location made = std::source_location::current())
      : label_(name, made), max_size_(max_size) {}
  basic_queue(const basic_queue&) = delete;
  basic_queue& operator=(const basic_queue&) = delete;
  ~basic_queue() {
    EDDY_ASSERT(getters_.empty() && putters_.empty() && joiners_.empty(),
                "a queue was destroyed while tasks wait for it; let it outlive them, for example by declaring it "
                "before their task_group");
    EDDY_ASSERT(leases_.empty(),
                "a queue was destroyed while items of it are on lease; let it outlive its leases: declare it before "
                "them, and keep no lease in something that lives longer");
  }

  class lease;
  class get_operation;
  class take_operation;
  class put_operation;
  class put_copy_operation;
  class join_operation;

  /// Waits for an item and takes it. Call task_done() when it is dealt with, if anybody awaits join().
  /// @throws queue_shutdown  It was shut down and is empty.
  [[nodiscard]] get_operation get() noexcept { return get_operation(*this); }
  /// Waits for an item and takes it on lease: `auto job = co_await jobs.take(); ... job.done();`.
  /// @throws queue_shutdown  It was shut down and is empty.
  [[nodiscard]] take_operation take(std::source_location place = std::source_location::current()) noexcept {
    return take_operation(*this, place);
  }
  /// Waits for room and puts an item. An rvalue is borrowed, and moved from only when it is put.
  /// @throws queue_shutdown  It was shut down, before or meanwhile; the item is as it was.
  [[nodiscard]] put_operation put(T&& item EDDY_LIFETIMEBOUND) noexcept {
    return put_operation(*this, std::move(item));
  }
  [[nodiscard]] put_copy_operation put(const T& item) { return put_copy_operation(*this, item); }

  /// Puts an item if there is room and it was not shut down. @returns whether it did; if not, `item` is as it was.
  bool try_put(T&& item) {
    if (shut_down_ || full()) return false;
    deliver(std::move(item));
    return true;
  }
  bool try_put(const T& item) {
    if (shut_down_ || full()) return false;
    deliver(T(item));
    return true;
  }
  /// Takes an item if there is one.
  std::optional<T> try_get() {
    if (items_.empty()) return std::nullopt;
    return pop();
  }
  /// Takes an item on lease if there is one.
  std::optional<lease> try_take(std::source_location place = std::source_location::current()) {
    if (items_.empty()) return std::nullopt;
    detail::grip grip(place);
    grip.who = detail::holder::here(place);
    leases_.push_back(grip);
    return lease(*this, pop(), std::move(grip));
  }

  /// Waits until every item that was put has been dealt with (task_done(), or done() on its lease).
  [[nodiscard]] join_operation join() noexcept { return join_operation(*this); }
  /// Says that an item taken with get() has been dealt with. @throws misuse_error  More often than items were put.
  void task_done() {
    if (unfinished_ == 0) throw misuse_error("queue::task_done was called more often than items were put");
    finished(1);
  }

  /// From now on nothing can be put; what is there can be taken. Those who wait get queue_shutdown; who waits in put()
  /// keeps the item. Idempotent.
  ///
  /// An item whose lease is dropped later still goes back to the head, and can be taken.
  /// **In asyncio.** `Queue.shutdown()`, since Python 3.13.
  void shutdown() noexcept;
  /// The same, and takes out what is there: those items count as dealt with.
  ///
  /// @returns the items, the next one first.
  /// **In asyncio.** `Queue.shutdown(immediate=True)`, which drops them.
  [[nodiscard("these items were in the queue, and nobody else will see them")]] std::vector<T> shutdown(immediate_t);
  bool is_shutdown() const noexcept { return shut_down_; }

  /// Items that wait to be taken.
  std::size_t size() const noexcept { return items_.size(); }
  bool empty() const noexcept { return items_.empty(); }
  bool full() const noexcept { return max_size_ != 0 && items_.size() >= max_size_; }
  /// Items that were put and not yet dealt with.
  std::size_t unfinished() const noexcept { return unfinished_; }
  /// Counts, also of those who wait. Linear in their number.
  queue_statistics statistics() const noexcept {
    return {size(), max_size_, unfinished_, leases_.size(), getters_.size(), putters_.size(), joiners_.size()};
  }

 private:
  class getter;

  std::string describe(const char* verb) const {
    std::string what = Order::kind;  // piece by piece: g++ 12 warns of a sum of strings in users' programs
    what += "::";
    what += verb;
    return label_.describe(what.c_str());
  }

  // Invariants: (1) getters wait only while there is no item; (2) putters wait only while it is full; (3) nobody waits
  // in either when it was shut down.
  void deliver(T&& item) {
    if (getters_.empty())
      items_.push(std::move(item));
    else
      hand_over(std::move(item));
    ++unfinished_;
  }
  void hand_over(T&& item) {
    getters_.front().receive(std::move(item));  // a move that throws leaves the getter where it is
    getters_.pop_front().grant();
  }
  T pop() {
    T item = items_.pop();
    admit();
    return item;
  }
  void admit() noexcept {
    while (!putters_.empty() && !full()) putters_.pop_front().admitted();
  }
  // A lease came back: the item goes to the head, or to whoever waits.
  void put_back(T&& item) {
    if (getters_.empty())
      items_.put_back(std::move(item));  // may stand above max_size: it was in the queue before
    else
      hand_over(std::move(item));
  }
  void finished(std::size_t count) noexcept {
    unfinished_ -= count;
    if (unfinished_ == 0)
      while (!joiners_.empty()) joiners_.pop_front().grant();
  }
  [[noreturn]] void throw_shutdown(const char* verb) const {
    throw queue_shutdown(describe(verb) + ": the queue was shut down");
  }

  detail::label label_;
  std::size_t max_size_;
  Order items_;
  std::size_t unfinished_ = 0;
  bool shut_down_ = false;
  detail::intrusive_list<getter> getters_;
  detail::intrusive_list<put_operation> putters_;
  detail::intrusive_list<join_operation> joiners_;
  detail::intrusive_list<detail::grip> leases_;
};

// ---------------------------------------------------------------------------------------------------------------------

// Waits for an item, which the giver puts into it before it grants; without one it was the shutdown.
template <class T, class Order>
class basic_queue<T, Order>::getter : public detail::waiter<getter> {
 public:
  getter(getter&&) = default;

  bool try_complete() {
    if (queue_->items_.empty()) return queue_->shut_down_;
    receive(queue_->pop());
    return true;
  }
  void begin() noexcept { queue_->getters_.push_back(*this); }
  std::string describe() const override { return queue_->describe(leases_ ? "take" : "get"); }

 protected:
  friend class basic_queue;
  getter(basic_queue& q, bool leases) noexcept : queue_(&q), leases_(leases) {}

  void receive(T&& item) {
    item_.emplace(std::move(item));
    if (leases_) static_cast<take_operation&>(*this).hold();
  }

  basic_queue* queue_;
  std::optional<T> item_;
  const bool leases_;
};

template <class T, class Order>
class basic_queue<T, Order>::get_operation final : public getter {
 public:
  explicit get_operation(basic_queue& q) noexcept : getter(q, false) {}
  get_operation(get_operation&&) = default;
  T await_resume() {
    if (!this->item_) this->queue_->throw_shutdown("get");
    return *std::move(this->item_);
  }
};

/// An item on loan: `*job`, `job->...`; `done()` when it is dealt with, else it goes back to the head of the queue.
template <class T, class Order>
class [[nodiscard]] basic_queue<T, Order>::lease {
 public:
  lease(lease&& other) noexcept
      : queue_(std::exchange(other.queue_, nullptr)), grip_(std::move(other.grip_)), item_(std::move(other.item_)) {}
  lease& operator=(lease&&) = delete;
  ~lease() {
    if (queue_ == nullptr) return;
    grip_.leave();
    queue_->put_back(std::move(item_));
  }

  T& operator*() noexcept { return item_; }
  T* operator->() noexcept { return &item_; }

  /// It has been dealt with. Nothing when that was said before.
  void done() {
    if (queue_ == nullptr) return;
    grip_.leave();
    std::exchange(queue_, nullptr)->task_done();
  }

 private:
  friend class basic_queue;
  lease(basic_queue& q, T&& item, detail::grip&& g) : queue_(&q), grip_(std::move(g)), item_(std::move(item)) {}

  basic_queue* queue_;
  detail::grip grip_;
  T item_;
};

template <class T, class Order>
class basic_queue<T, Order>::take_operation final : public getter {
 public:
  take_operation(basic_queue& q, std::source_location place) noexcept : getter(q, true), grip_(place) {}
  take_operation(take_operation&&) = default;
  lease await_resume() {
    if (!this->item_) this->queue_->throw_shutdown("take");
    return lease(*this->queue_, *std::move(this->item_), std::move(grip_));
  }

 private:
  friend class getter;
  void hold() noexcept {
    grip_.who.task = this->context_->task_number();
    this->queue_->leases_.push_back(grip_);
  }

  detail::grip grip_;
};

// Borrows the item until it is put.
template <class T, class Order>
class basic_queue<T, Order>::put_operation : public detail::waiter<put_operation> {
 public:
  put_operation(basic_queue& q, T&& item) noexcept : queue_(&q), item_(&item) {}
  put_operation(put_operation&&) = default;

  bool try_complete() {
    refused_ = queue_->shut_down_;
    if (refused_) return true;
    if (queue_->full()) return false;
    queue_->deliver(std::move(*item_));
    return true;
  }
  void begin() noexcept { queue_->putters_.push_back(*this); }
  void await_resume() const {
    if (refused_) [[unlikely]]
      queue_->throw_shutdown("put");
    if (error_) [[unlikely]]
      std::rethrow_exception(error_);
  }
  std::string describe() const override { return queue_->describe("put"); }

 protected:
  explicit put_operation(basic_queue& q) noexcept : queue_(&q) {}

 private:
  friend class basic_queue;
  friend class put_copy_operation;

  // Called by whoever made room: what goes wrong with the item is this putter's trouble, not theirs.
  void admitted() noexcept {
    try {
      queue_->deliver(std::move(*item_));
    } catch (...) {
      error_ = std::current_exception();
    }
    this->grant();
  }
  void refuse() noexcept {
    refused_ = true;
    this->grant();
  }

  bool refused_ = false;  // the queue was shut down
  basic_queue* queue_;
  T* item_ = nullptr;
  std::exception_ptr error_;
};

// Brings a copy of its own, which must not move once it is borrowed.
template <class T, class Order>
class basic_queue<T, Order>::put_copy_operation final : public put_operation {
 public:
  put_copy_operation(basic_queue& q, const T& item) : put_operation(q), copy_(item) {}
  put_copy_operation(put_copy_operation&&) = default;

  void attach(context& c) noexcept {
    this->item_ = &copy_;
    put_operation::attach(c);
  }

 private:
  T copy_;
};

template <class T, class Order>
class basic_queue<T, Order>::join_operation final : public detail::waiter<join_operation> {
 public:
  explicit join_operation(basic_queue& q) noexcept : queue_(&q) {}
  join_operation(join_operation&&) = default;
  bool try_complete() const noexcept { return queue_->unfinished_ == 0; }
  void begin() noexcept {
    queue_->joiners_.push_back(*this);
    if (queue_->items_.empty()) detail::note_wait(*this->context_);
  }
  void await_resume() const noexcept {}
  std::string describe() const override { return queue_->describe("join"); }
  void visit_holders(const detail::function<void(const detail::holder&)>& visit) const override {
    detail::visit_grips(queue_->leases_, visit);
  }

 private:
  basic_queue* queue_;
};

template <class T, class Order>
void basic_queue<T, Order>::shutdown() noexcept {
  shut_down_ = true;
  while (!putters_.empty()) putters_.pop_front().refuse();
  while (!getters_.empty()) getters_.pop_front().grant();
}

template <class T, class Order>
std::vector<T> basic_queue<T, Order>::shutdown(immediate_t) {
  std::vector<T> left;
  left.reserve(items_.size());
  shutdown();
  while (!items_.empty()) left.push_back(items_.pop());
  if (!left.empty()) finished(left.size());
  return left;
}

}  // namespace eddy
