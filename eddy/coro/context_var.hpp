// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <utility>

#include "eddy/base/detail/exchanged.hpp"
#include "eddy/base/frame_pool.hpp"
#include "eddy/coro/context.hpp"

namespace eddy {

template <class T>
class context_var;

namespace detail {

/// A value of some context_var. Shared by every context that has it; counted, not atomic.
class var_value {
 public:
  explicit var_value(const void* variable) noexcept : variable_(variable) {}
  virtual ~var_value() = default;
  var_value(const var_value&) = delete;
  var_value& operator=(const var_value&) = delete;

  const void* variable() const noexcept { return variable_; }
  void retain() noexcept { ++references_; }
  void release() noexcept {
    if (--references_ == 0) delete this;
  }

  static void* operator new(std::size_t size) { return frame_pool::allocate(size); }
  static void operator delete(void* block, std::size_t size) noexcept { frame_pool::release(block, size); }

 private:
  const void* variable_;
  unsigned references_ = 1;
};

template <class T>
class typed_var_value final : public var_value {
 public:
  typed_var_value(const void* variable, T&& value) : var_value(variable), value_(std::move(value)) {}
  const T& value() const noexcept { return value_; }

 private:
  T value_;
};

/// One link of a context's chain of values, newest first. It never changes, so a child context shares its creator's
/// chain instead of copying it; counted, not atomic.
class var_link {
 public:
  /// Takes over the caller's share of `next`.
  var_link(var_value& value, var_link* next) noexcept : value_(&value), next_(next) { value.retain(); }
  var_link(const var_link&) = delete;
  var_link& operator=(const var_link&) = delete;
  ~var_link() { value_->release(); }

  var_value& value() const noexcept { return *value_; }
  var_link* next() const noexcept { return next_; }

  /// @returns `link`, with one more share of it. Null stays null.
  static var_link* retain(var_link* link) noexcept {
    if (link != nullptr) ++link->references_;
    return link;
  }
  /// Gives back one share.
  static void release(var_link* link) noexcept;

  /// The chain without `value`; takes over the caller's share of `chain`.
  static var_link* without(var_link* chain, const var_value& value);
  /// What `chain` has above `base`, above `other_base` instead; takes over the caller's shares of `chain` and
  /// `other_base`.
  static var_link* moved(var_link* chain, const var_link* base, var_link* other_base);

  static void* operator new(std::size_t size) { return frame_pool::allocate(size); }
  static void operator delete(void* block, std::size_t size) noexcept { frame_pool::release(block, size); }

 private:
  var_value* value_;
  var_link* next_;
  unsigned references_ = 1;
};

/// The newest value of a variable in the context that runs here; null when it has none.
const var_value* find_value(const void* variable) noexcept;

/// Values that a generator has set for itself: in force while it runs, and not for its consumer.
class travelling_values {
 public:
  travelling_values() = default;
  travelling_values(const travelling_values&) = delete;
  travelling_values& operator=(const travelling_values&) = delete;
  ~travelling_values() { var_link::release(own_); }

  /// The generator goes on in `c`.
  void enter(context& c) noexcept {
    base_before_ = detail::exchanged(base_, c.values());
    if (own_ != nullptr) [[unlikely]]
      put_on(c);
  }
  /// It hands over to its consumer.
  void leave(context& c) noexcept {
    if (c.values() != base_) [[unlikely]]
      take_off(c);
  }

 private:
  void put_on(context& c) noexcept;
  void take_off(context& c) noexcept;

  var_link* own_ = nullptr;  // a chain: its own values above those of its consumer; null when it has none of its own
  const var_link* base_ = nullptr;         // the consumer's chain when it was entered last
  const var_link* base_before_ = nullptr;  // and the time before
};

}  // namespace detail

/// A value that follows the task: what is set here is seen by everything that is called, awaited or created from here.
///
/// Declare it at namespace scope. `auto token = request_id.set("42");` holds until the token's scope ends. A task, a
/// branch of a combinator and a child of a group get the values of who creates them, as they are at that moment: what
/// either sets later the other does not see. A value set in the body of a generator is not seen by its consumer.
///
/// For what one function tells another choose a parameter. This is for what passes through code that does not know it:
/// the id of a request, for the log.
///
/// **Thread safety.** The variable may be shared by all threads; its values belong to tasks, and so to their loops.
/// **Complexity.** get() looks through the values that are set, of all variables; set() is two blocks of the frame
/// pool. A task that has no values pays for a pointer.
/// **In asyncio.** `contextvars.ContextVar`, whose tokens have to be reset by hand.
template <class T>
class context_var {
 public:
  /// @param default_value  What get() gives where nothing was set.
  explicit context_var(T default_value = T()) : default_(std::move(default_value)) {}
  context_var(const context_var&) = delete;
  context_var& operator=(const context_var&) = delete;

  class token;

  /// The value of the task that runs here, or the default; the default also outside of any task. Valid as long as the
  /// token of set() lives, or this task.
  const T& get() const noexcept {
    const detail::var_value* found = detail::find_value(this);
    return found != nullptr ? static_cast<const detail::typed_var_value<T>*>(found)->value() : default_;
  }

  /// Sets the value from here on, until the token that it returns is destroyed.
  /// @throws misuse_error  No task runs here.
  [[nodiscard("the value is in force as long as this token lives: auto token = variable.set(...)")]] token set(
      T value) {
    return token(*this, std::move(value));
  }

 private:
  T default_;
};

namespace detail {

/// Puts a value in force while it lives.
class set_value {
 public:
  /// Takes over the caller's share of `value`.
  explicit set_value(var_value& value);
  set_value(const set_value&) = delete;
  set_value& operator=(const set_value&) = delete;
  ~set_value();

 private:
  var_value* value_;
};

}  // namespace detail

/// Holds a value of a context_var in force; the one before is in force again when it is destroyed.
template <class T>
class context_var<T>::token {
 public:
  token(const context_var& variable, T&& value) : set_(*new detail::typed_var_value<T>(&variable, std::move(value))) {}

 private:
  detail::set_value set_;
};

}  // namespace eddy
