// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <exception>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "eddy/base/errors.hpp"
#include "eddy/base/function.hpp"
#include "eddy/base/owned.hpp"
#include "eddy/coro/resource.hpp"

namespace eddy::detail {

/// A resource that is entered and has to be left, without its type: a link of an entered_list.
class entered_base {
 public:
  entered_base() = default;
  entered_base(const entered_base&) = delete;
  entered_base& operator=(const entered_base&) = delete;
  virtual ~entered_base() = default;

  virtual coro<> leave(const outcome<>& how) = 0;
  virtual std::string describe() const = 0;

  owned<entered_base> below;   // entered before
  late<branch<void>> leaving;  // the branch that leaves it, once it has begun

  static void* operator new(std::size_t size) { return frame_pool::allocate(size); }
  static void operator delete(void* block, std::size_t size) noexcept { frame_pool::release(block, size); }
};

/// Resources that were entered one after the other and are left in reverse, all of them, by a leave_all_operation.
///
/// What is still there when it goes is destroyed in reverse, without its aexit.
class entered_list {
 public:
  entered_list() noexcept = default;
  entered_list(entered_list&&) noexcept = default;
  entered_list& operator=(entered_list&&) = delete;
  ~entered_list() { drop(); }

  bool empty() const noexcept { return newest_ == nullptr; }
  entered_base* newest() const noexcept { return newest_.get(); }
  void push(owned<entered_base> made) noexcept {
    made->below = std::move(newest_);
    newest_ = std::move(made);
  }
  void drop() noexcept {
    while (newest_ != nullptr) newest_ = std::move(newest_->below);
  }
  std::string describe() const;

 private:
  owned<entered_base> newest_;
};

/// Leaves everything in a list, newest first: each in a shielded branch of its own, so that none is left out when an
/// earlier one fails, or is cancelled after the grace. The first failure is thrown at the end; later ones reach the
/// loop's handler. While `how` is a value the first failure is what those below are told, as in nested `with`s.
class leave_all_operation final : public scope {
 public:
  leave_all_operation(entered_list& list, outcome<> how) noexcept
      : list_(&list), how_(std::move(how)), at_(list.newest()) {}
  leave_all_operation(leave_all_operation&&) = default;
  ~leave_all_operation() {
    if (done_) list_->drop();
  }

  bool await_ready() const noexcept { return at_ == nullptr; }
  template <class Promise>
  std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> frame) noexcept {
    suspend(frame);
    return leave_next();
  }
  void await_resume() const {
    if (error_) std::rethrow_exception(error_);
  }

  void on_cancel(cancellation& c) noexcept override {
    if (c.lifts_shields()) c.add(*at_->leaving);
  }
  void visit_children(const detail::function<void(context&)>& visit) const override {
    if (at_ != nullptr && at_->leaving && !at_->leaving->ended()) visit(*at_->leaving);
  }
  std::string describe() const override { return "the clean-up of a generator"; }

 private:
  std::coroutine_handle<> branch_ended(branch_base&) noexcept override;
  std::coroutine_handle<> leave_next() noexcept;
  void left() noexcept;

  entered_list* list_;
  outcome<> how_;
  entered_base* at_;
  std::exception_ptr error_;
  bool cancelled_ = false;
  bool done_ = false;
};

/// What `co_await enter(resource)` gives in a generator: what aenter() gives, or the resource itself when that is void.
template <class R>
using entered_reference_t =
    std::conditional_t<std::is_void_v<entered_value_t<std::remove_reference_t<R>>>, std::add_lvalue_reference_t<R>,
                       std::add_lvalue_reference_t<entered_value_t<std::remove_reference_t<R>>>>;

/// An entered resource with what its aenter() gave. `R` is an lvalue reference when the resource lives elsewhere.
template <class R>
class entered final : public entered_base {
  using plain = std::remove_reference_t<R>;
  using value = entered_value_t<plain>;

 public:
  explicit entered(R&& resource) : resource_(std::forward<R>(resource)) {}

  /// Enters `resource`, and registers it when that has succeeded.
  static coro<entered_reference_t<R>> enter(entered_list& list, R resource) {
    auto made = make_owned<entered>(std::forward<R>(resource));
    entered& self = *made;
    if constexpr (!has_aenter<plain>) {
    } else if constexpr (std::is_void_v<value>) {
      co_await resource_calls<plain>::enter(self.resource_);
    } else if constexpr (std::is_reference_v<value>) {
      value got = co_await resource_calls<plain>::enter(self.resource_);
      self.value_.emplace(std::addressof(got));
    } else {
      auto got = co_await resource_calls<plain>::enter(self.resource_);
      self.value_.emplace(std::move(got));
    }
    list.push(std::move(made));
    co_return self.reference();
  }

  coro<> leave([[maybe_unused]] const outcome<>& how) override {
    if constexpr (has_aexit<plain>)
      return resource_calls<plain>::leave(resource_, how);
    else
      return finished_coro();
  }
  std::string describe() const override { return demangle(typeid(plain).name()); }

 private:
  entered_reference_t<R> reference() {
    if constexpr (std::is_void_v<value>)
      return resource_;
    else if constexpr (std::is_reference_v<value>)
      return **value_;
    else
      return *value_;
  }

  R resource_;
  late<stored<value>> value_;
};

/// What enter() returns: a wish that only a generator can fulfil.
template <class R>
class enter_request {
 public:
  explicit enter_request(R&& resource) : resource_(std::forward<R>(resource)) {}
  R&& resource() && { return std::forward<R>(resource_); }

 private:
  R resource_;
};

}  // namespace eddy::detail

namespace eddy {

/// Opens a resource for the rest of a generator's life: `auto& file = co_await eddy::enter(open_file(name));`.
///
/// For the body of an `async_generator`, which cannot stand inside of `with` when it yields. `resource` has `aenter()`,
/// `aexit()` or both, as for `with`. It is closed by the `for_each` or `with` that the generator is used in: in reverse
/// order, shielded, and with the outcome: how the generator ended or, when it was left half-way, how its consumer did.
///
/// @param resource  An rvalue is kept, an lvalue is referred to and has to outlive the generator.
/// @returns a reference to what aenter() gives, or to the resource when that is void.
/// @throws what aenter() throws; then nothing is open.
///
/// **Cancellation.** As that of aenter(): when it is cancelled nothing is open.
/// **In asyncio.** `async with resource as r:` around the yields of an async generator, which there is closed by the
/// garbage collector when its consumer does not say `aclosing`.
template <class R>
  requires detail::has_aenter<std::remove_reference_t<R>> || detail::has_aexit<std::remove_reference_t<R>>
[[nodiscard]] detail::enter_request<R> enter(R&& resource) {
  return detail::enter_request<R>(std::forward<R>(resource));
}

}  // namespace eddy
