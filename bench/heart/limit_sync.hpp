// SPDX-License-Identifier: BSL-1.0
// The ruler's event, lock and queue: lists of those who wait, first come first served.
#pragma once

#include "limit_loop.hpp"

namespace limit {

class event {
 public:
  void set() { ready.append(waiting_); }
  struct wait : node {
    explicit wait(event& for_what) : for_(for_what) {}
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> self) noexcept {
      waiter = self;
      for_.waiting_.push(*this);
    }
    void await_resume() const noexcept {}
    event& for_;
  };

 private:
  node_queue waiting_;
};

class mutex {
 public:
  void unlock() {
    if (node* const next = waiting_.pop()) return ready.push(*next);  // it stays locked: it is theirs now
    locked_ = false;
  }
  struct lock : node {
    explicit lock(mutex& what) : what_(what) {}
    bool await_ready() noexcept { return !std::exchange(what_.locked_, true); }
    void await_suspend(std::coroutine_handle<> self) noexcept {
      waiter = self;
      what_.waiting_.push(*this);
    }
    void await_resume() const noexcept {}
    mutex& what_;
  };

 private:
  bool locked_ = false;
  node_queue waiting_;
};

/// A queue that holds one item.
template <class T>
class slot_queue {
 public:
  struct get : node {
    explicit get(slot_queue& from) : from_(from) {}
    bool await_ready() noexcept {
      if (!from_.full_) return false;
      item = std::move(from_.item_);
      from_.refill();
      return true;
    }
    void await_suspend(std::coroutine_handle<> self) noexcept {
      waiter = self;
      from_.getters_.push(*this);
    }
    T await_resume() noexcept { return std::move(item); }
    slot_queue& from_;
    T item{};
  };
  struct put : node {
    put(slot_queue& to, T what) : to_(to), item(std::move(what)) {}
    bool await_ready() noexcept {
      if (node* const getter = to_.getters_.pop()) {
        static_cast<get*>(getter)->item = std::move(item);
        ready.push(*getter);
        return true;
      }
      if (to_.full_) return false;
      to_.item_ = std::move(item);
      return to_.full_ = true;
    }
    void await_suspend(std::coroutine_handle<> self) noexcept {
      waiter = self;
      to_.putters_.push(*this);
    }
    void await_resume() const noexcept {}
    slot_queue& to_;
    T item;
  };

 private:
  void refill() {
    node* const putter = putters_.pop();
    full_ = putter != nullptr;
    if (!full_) return;
    item_ = std::move(static_cast<put*>(putter)->item);
    ready.push(*putter);
  }
  bool full_ = false;
  T item_{};
  node_queue getters_;
  node_queue putters_;
};

}  // namespace limit
