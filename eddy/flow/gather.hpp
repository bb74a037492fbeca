// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <memory>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "eddy/base/function.hpp"
#include "eddy/base/iterable.hpp"
#include "eddy/coro/branch.hpp"
#include "eddy/coro/task.hpp"
#include "eddy/flow/detail/outcome_of.hpp"

namespace eddy {

/// Asks `gather` for an `outcome` each instead of the first exception.
struct return_exceptions_t {
  explicit constexpr return_exceptions_t() = default;
};
inline constexpr return_exceptions_t return_exceptions{};

namespace detail {

/// The part of gather and race that needs no types: many branches, the first end that cancels the others, the join.
class many_scope : public scope {
 public:
  bool await_ready() const noexcept { return false; }
  void on_cancel(cancellation& c) noexcept override;
  void visit_children(const detail::function<void(context&)>& visit) const override;

 protected:
  many_scope() = default;
  many_scope(many_scope&&) = default;
  ~many_scope() = default;

  virtual std::size_t count() const noexcept = 0;
  virtual branch_base& at(std::size_t index) const noexcept = 0;

  /// Queues every branch; those whose making threw count as ended.
  void start_all() noexcept;
  /// @returns whether that was the last.
  bool one_ended() noexcept { return --running_ == 0; }
  /// Cancels every branch but `ended`, in this very call: what can still be withdrawn takes nothing any more.
  void cancel_others(const branch_base* ended, const char* reason) noexcept;

  std::size_t running_ = 0;
  bool cancelled_others_ = false;
};

template <class T>
using nothing_or = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

template <class T>
nothing_or<T> value_of(outcome<T>& end) {
  if constexpr (std::is_void_v<T>) {
    end.value();
    return {};
  } else {
    return std::move(end).value();
  }
}

/// What gather does, whatever holds its branches.
template <class Self, bool Outcomes>
class gather_rules : public many_scope {
 public:
  std::string describe() const override { return "gather of " + std::to_string(count()); }

 protected:
  std::coroutine_handle<> finish() noexcept {
    if (first_failure_ != nullptr || !any_cancelled_ || !context_->cancel_requested()) return resume();
    if constexpr (Outcomes)
      static_cast<Self*>(this)->each_failure([this](const std::exception_ptr& error) { report_dropped(error); });
    return unwind();
  }
  void note_end(branch_base& ended, const std::exception_ptr& failure, bool cancelled) noexcept {
    any_cancelled_ |= cancelled;
    if (Outcomes || failure == nullptr) return;
    if (first_failure_ != nullptr) {
      report_dropped(failure);
      return;
    }
    first_failure_ = failure;
    cancel_others(&ended, "a sibling in gather failed");
  }
  void report_dropped(const std::exception_ptr& failure) noexcept {
    context_->loop().handle_exception(
        {"a branch of " + describe() + " failed in " + context_->describe() + ", whose end is another", failure});
  }
  void throw_failure() const {
    if (first_failure_ != nullptr) std::rethrow_exception(first_failure_);
  }

 private:
  std::exception_ptr first_failure_;
  bool any_cancelled_ = false;
};

template <bool Outcomes, class... Ts>
class gather_operation final : public gather_rules<gather_operation<Outcomes, Ts...>, Outcomes> {
 public:
  explicit gather_operation(coro<Ts>... coros) : coros_(std::move(coros)...) {}
  gather_operation(gather_operation&&) = default;

  template <class Promise>
  std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> frame) {
    this->suspend(frame);
    if constexpr (sizeof...(Ts) == 0) return this->resume();
    [this]<std::size_t... I>(std::index_sequence<I...>) {
      (std::get<I>(branches_).emplace(*this->context_, *this).take(std::move(std::get<I>(coros_))), ...);
    }(std::index_sequence_for<Ts...>());
    this->start_all();
    return this->nothing();
  }

  auto await_resume() {
    this->throw_failure();
    return std::apply(
        [](auto&... each) {
          if constexpr (Outcomes)
            return std::tuple<outcome<Ts>...>(std::move(each->result)...);
          else
            return std::tuple<nothing_or<Ts>...>{value_of(each->result)...};
        },
        branches_);
  }

 private:
  std::size_t count() const noexcept override { return sizeof...(Ts); }
  branch_base& at(std::size_t index) const noexcept override {
    std::array<branch_base*, sizeof...(Ts) + 1> all{};
    std::apply([&all, i = std::size_t{0}](auto&... each) mutable { ((all[i++] = &*each), ...); }, branches_);
    return *all[index];
  }
  std::coroutine_handle<> branch_ended(branch_base& ended) noexcept override {
    std::apply(
        [&](auto&... each) {
          ((&*each == &ended ? this->note_end(ended, each->result.exception(), each->result.cancelled()) : void()),
           ...);
        },
        branches_);
    return this->one_ended() ? this->finish() : this->nothing();
  }
  friend gather_rules<gather_operation, Outcomes>;
  template <class F>
  void each_failure(F f) {
    std::apply([&](auto&... each) { ((each->result.has_exception() ? f(each->result.exception()) : void()), ...); },
               branches_);
  }

  std::tuple<coro<Ts>...> coros_;
  std::tuple<late<branch<Ts>>...> branches_;
};

/// The branches of a range: each a block of the frame pool, which has them at hand, where an array for a million would
/// be fresh pages every time.
template <class T>
class branches {
 public:
  branches() noexcept = default;
  branches(branches&& other) noexcept { EDDY_ASSERT(other.count_ == 0, "a scope was moved after it was awaited"); }
  branches& operator=(branches&&) = delete;
  ~branches() {
    for (std::size_t i = 0; i < count_; ++i) {
      std::destroy_at(all_[i]);
      frame_pool::release(all_[i], sizeof(branch<T>));
    }
  }

  void make(std::vector<coro<T>>& coros, context& parent, scope& owner) {
    all_ = std::make_unique_for_overwrite<branch<T>*[]>(coros.size());
    for (coro<T>& each : coros) {
      all_[count_] = std::construct_at(static_cast<branch<T>*>(frame_pool::allocate(sizeof(branch<T>))), parent, owner);
      all_[count_++]->take(std::move(each));
    }
  }
  branch<T>& operator[](std::size_t index) const noexcept { return *all_[index]; }

 private:
  static_assert(alignof(branch<T>) <= 16, "a coroutine's result is not aligned beyond 16 bytes");

  std::unique_ptr<branch<T>*[]> all_;
  std::size_t count_ = 0;
};

template <bool Outcomes, class T>
class gather_range_operation final : public gather_rules<gather_range_operation<Outcomes, T>, Outcomes> {
 public:
  explicit gather_range_operation(std::vector<coro<T>> coros) : coros_(std::move(coros)), size_(coros_.size()) {}
  gather_range_operation(gather_range_operation&&) = default;

  template <class Promise>
  std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> frame) {
    branches_.make(coros_, *this->context_, *this);  // may throw: then nothing has started
    coros_.clear();
    this->suspend(frame);
    if (size_ == 0) return this->resume();
    this->start_all();
    return this->nothing();
  }

  auto await_resume() {
    this->throw_failure();
    if constexpr (Outcomes) {
      std::vector<outcome<T>> all;
      all.reserve(size_);
      for (std::size_t i = 0; i < size_; ++i) all.push_back(std::move(branches_[i].result));
      return all;
    } else if constexpr (std::is_void_v<T>) {
      for (std::size_t i = 0; i < size_; ++i) branches_[i].result.value();
    } else {
      std::vector<T> all;
      all.reserve(size_);
      for (std::size_t i = 0; i < size_; ++i) all.push_back(std::move(branches_[i].result).value());
      return all;
    }
  }

 private:
  std::size_t count() const noexcept override { return size_; }
  branch_base& at(std::size_t index) const noexcept override { return branches_[index]; }
  std::coroutine_handle<> branch_ended(branch_base& ended) noexcept override {
    auto& typed = static_cast<branch<T>&>(ended);
    if (!typed.result.has_value()) [[unlikely]]
      this->note_end(ended, typed.result.exception(), typed.result.cancelled());
    return this->one_ended() ? this->finish() : this->nothing();
  }
  friend gather_rules<gather_range_operation, Outcomes>;
  template <class F>
  void each_failure(F f) {
    for (std::size_t i = 0; i < size_; ++i)
      if (branches_[i].result.has_exception()) f(branches_[i].result.exception());
  }

  std::vector<coro<T>> coros_;
  std::size_t size_;
  branches<T> branches_;
};

template <class R>
concept awaitable_range = iterable<R> && awaitable<element_of<R>>;

template <bool Outcomes, class A>
auto to_branch_coro(A&& a) {
  if constexpr (Outcomes)
    return to_outcome_coro(std::forward<A>(a));
  else
    return to_coro(std::forward<A>(a));
}

/// The awaitables of a range as coroutines: moved out of an rvalue (or of coroutines), copied out of an lvalue of
/// handles.
template <bool Outcomes, class R>
auto to_coros(R&& range) {
  using element = element_of<R>;
  std::vector<coro<branch_result_t<element>>> coros;
  if constexpr (sized_iterable<R>) coros.reserve(std::size(range));
  for (auto&& each : range) {
    if constexpr (is_coro<element>::value || !std::is_lvalue_reference_v<R>)
      coros.push_back(to_branch_coro<Outcomes>(element(std::move(each))));
    else
      coros.push_back(to_branch_coro<Outcomes>(each));
  }
  return coros;
}

}  // namespace detail

/// Runs awaitables concurrently and gives all their values, in the order of the arguments: `gather(a(), b(), task)`.
///
/// Each starts in its turn, in order. The first failure cancels the others; when all have ended it is thrown, the
/// values of the others are destroyed, and their further exceptions reach the loop's handler. A task handle among the
/// arguments is waited for, not cancelled; its value is copied, or moved out of a handle that is handed over with
/// std::move.
///
/// @returns `std::tuple` of the values (`std::monostate` for void).
///
/// **Cancellation.** Cancels all and waits for their ends; a failure goes before the cancellation.
/// **Complexity.** One coroutine frame each, no task.
/// **In asyncio.** `gather(*aws)`; there siblings run on after a failure.
template <class... As>
  requires(detail::awaitable<std::remove_cvref_t<As>> && ...)
[[nodiscard]] auto gather(As&&... awaitables) {
  return detail::gather_operation<false, detail::branch_result_t<std::remove_cvref_t<As>>...>(
      detail::to_coro(std::forward<As>(awaitables))...);
}

/// The same with an `outcome` for each: nothing is cancelled because another fails, nothing is lost. A task handle that
/// was cancelled gives a cancelled outcome.
///
/// @returns `std::tuple` of outcomes, in the order of the arguments.
///
/// **In asyncio.** `gather(*aws, return_exceptions=True)`.
template <class... As>
  requires(detail::awaitable<std::remove_cvref_t<As>> && ...)
[[nodiscard]] auto gather(return_exceptions_t, As&&... awaitables) {
  return detail::gather_operation<true, detail::branch_result_t<std::remove_cvref_t<As>>...>(
      detail::to_outcome_coro(std::forward<As>(awaitables))...);
}

/// The same for a range of coroutines or handles; gives a `std::vector` of the values, or nothing for void. Coroutines
/// are moved out of the range.
template <detail::awaitable_range R>
[[nodiscard]] auto gather(R&& range) {
  return detail::gather_range_operation<false, detail::branch_result_t<detail::element_of<R>>>(
      detail::to_coros<false>(std::forward<R>(range)));
}
template <detail::awaitable_range R>
[[nodiscard]] auto gather(return_exceptions_t, R&& range) {
  return detail::gather_range_operation<true, detail::branch_result_t<detail::element_of<R>>>(
      detail::to_coros<true>(std::forward<R>(range)));
}

}  // namespace eddy
