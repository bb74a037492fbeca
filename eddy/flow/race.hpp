// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

#include "eddy/flow/gather.hpp"

namespace eddy {

/// What `race` gives: who was first, and every value that came.
///
/// Mostly there is one value. Another branch may have had its effect in the same turn, before it could be withdrawn:
/// then its value is here too, and nothing is lost.
template <class... Ts>
class race_result {
 public:
  /// The position of the first to end among the arguments.
  std::size_t index() const noexcept { return index_; }

  /// The value of branch `I`; empty when it was cancelled. `std::monostate` stands for void.
  template <std::size_t I>
  auto& get() noexcept {
    return std::get<I>(values_);
  }
  template <std::size_t I>
  const auto& get() const noexcept {
    return std::get<I>(values_);
  }

  /// The winner's value, when all branches have the same type.
  auto& value() {
    using first = std::tuple_element_t<0, std::tuple<detail::nothing_or<Ts>...>>;
    static_assert((std::is_same_v<first, detail::nothing_or<Ts>> && ...),
                  "the branches have different types; use get<I>()");
    std::array<std::optional<first>*, sizeof...(Ts)> all{};
    std::apply([&all, i = std::size_t{0}](auto&... each) mutable { ((all[i++] = &each), ...); }, values_);
    return **all[index_];
  }

 private:
  template <class...>
  friend class race_operation;

  std::size_t index_ = 0;
  std::tuple<std::optional<detail::nothing_or<Ts>>...> values_;
};

template <class... Ts>
class race_operation final : public detail::many_scope {
  static_assert(sizeof...(Ts) > 0, "race needs at least one branch");

 public:
  explicit race_operation(coro<Ts>... coros) : coros_(std::move(coros)...) {}
  race_operation(race_operation&&) = default;

  template <class Promise>
  std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> frame) {
    this->suspend(frame);
    [this]<std::size_t... I>(std::index_sequence<I...>) {
      (std::get<I>(branches_).emplace(*this->context_, *this).take(std::move(std::get<I>(coros_))), ...);
    }(std::index_sequence_for<Ts...>());
    this->start_all();
    return this->nothing();
  }

  race_result<Ts...> await_resume() {
    if (winner_error_ != nullptr) std::rethrow_exception(winner_error_);
    race_result<Ts...> result;
    result.index_ = winner_;
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      ((std::get<I>(branches_)->result.has_value()
            ? void(std::get<I>(result.values_).emplace(detail::value_of(std::get<I>(branches_)->result)))
            : void()),
       ...);
    }(std::index_sequence_for<Ts...>());
    return result;
  }

  std::string describe() const override { return "race of " + std::to_string(sizeof...(Ts)); }

 private:
  static constexpr std::size_t nobody = static_cast<std::size_t>(-1);

  std::size_t count() const noexcept override { return sizeof...(Ts); }
  detail::branch_base& at(std::size_t index) const noexcept override {
    std::array<detail::branch_base*, sizeof...(Ts)> all{};
    std::apply([&all, i = std::size_t{0}](auto&... each) mutable { ((all[i++] = &*each), ...); }, branches_);
    return *all[index];
  }

  std::coroutine_handle<> branch_ended(detail::branch_base& ended) noexcept override {
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      ((&*std::get<I>(branches_) == &ended ? note_end(I, *std::get<I>(branches_)) : void()), ...);
    }(std::index_sequence_for<Ts...>());
    if (!this->one_ended()) return this->nothing();
    // Nobody won: all were cancelled, which only the own context can have done.
    return winner_ == nobody ? this->unwind() : this->resume();
  }

  template <class T>
  void note_end(std::size_t index, detail::branch<T>& branch) noexcept {
    if (branch.result.cancelled()) return;
    if (winner_ != nobody) {
      if (branch.result.has_exception())
        context_->loop().handle_exception(
            {"a branch of race failed after another had won, in " + context_->describe(), branch.result.exception()});
      return;
    }
    winner_ = index;
    winner_error_ = branch.result.exception();
    this->cancel_others(&branch, "another branch of race was first");
  }

  std::tuple<coro<Ts>...> coros_;
  std::tuple<detail::late<detail::branch<Ts>>...> branches_;
  std::size_t winner_ = nobody;
  std::exception_ptr winner_error_;
};

/// Runs awaitables concurrently and ends with the first to end, value or exception; the others are cancelled and
/// joined.
///
/// The others are withdrawn in the very call in which the first ends, so two queues that are filled in one turn give
/// one item. A value that came all the same is handed over in the result; when the winner is an exception it is thrown,
/// such values are destroyed, and later exceptions reach the loop's handler.
///
/// @returns race_result: index() says who was first, value() or get<I>() gives its value.
/// @throws what the first to end throws.
///
/// **Cancellation.** Cancels all and waits for their ends.
/// **In asyncio.** `wait(..., FIRST_COMPLETED)` and cancelling the rest by hand.
template <class... As>
  requires(detail::awaitable<std::remove_cvref_t<As>> && ...)
[[nodiscard]] auto race(As&&... awaitables) {
  return race_operation<detail::branch_result_t<std::remove_cvref_t<As>>...>(
      detail::to_coro(std::forward<As>(awaitables))...);
}

}  // namespace eddy
