// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <tuple>
#include <utility>

#include "eddy/exec/channel.hpp"

namespace eddy {

/// What `select` gives: which operation it was, and its value.
template <class... Vs>
class select_result {
 public:
  /// The position among the arguments.
  std::size_t index() const noexcept { return index_; }
  /// The value of argument `I`: of a receive an optional, empty when that channel is closed and empty.
  /// @throws misuse_error  It was another one.
  template <std::size_t I>
  auto& get() {
    auto& value = std::get<I>(values_);
    if (!value) throw misuse_error("select_result::get: another operation was taken; ask index() first");
    return *value;
  }

 private:
  template <class...>
  friend class select_operation;

  std::size_t index_ = 0;
  std::tuple<std::optional<Vs>...> values_;
};

template <class... Cases>
class select_operation final : public custom_operation<select_operation<Cases...>>, private detail::channel_claim {
  static_assert(sizeof...(Cases) > 0, "select needs at least one operation");

 public:
  explicit select_operation(Cases... cases) noexcept : cases_(std::move(cases)...) {}
  select_operation(select_operation&&) = default;

  bool ready() noexcept {
    return std::apply([](Cases&... each) { return (each.try_now() || ...); }, cases_);
  }
  void start() noexcept {
    // Ends with the first that has an end: its own, which is told here; or that of an earlier one, whose channel tells.
    bool ended = false;
    bool here = false;
    const auto wait = [&](auto& each) {
      if (ended) return;
      ended = each.wait(*this);
      here = ended && each.served();
    };
    std::apply([&](Cases&... each) { (wait(each), ...); }, cases_);
    if (here) this->complete();
  }
  bool cancel() noexcept {
    if (!claim()) return false;  // the delivery is on its way
    leave_all();
    return true;
  }
  select_result<typename Cases::value_type...> result() {
    leave_all();
    select_result<typename Cases::value_type...> result;
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      ((std::get<I>(cases_).served()
            ? void((result.index_ = I, std::get<I>(result.values_).emplace(std::get<I>(cases_).result())))
            : void()),
       ...);
    }(std::index_sequence_for<Cases...>());
    return result;
  }
  std::string describe() const override { return "select of " + std::to_string(sizeof...(Cases)); }

 private:
  void granted() noexcept override { this->complete_threadsafe(); }
  void leave_all() noexcept {
    std::apply([](Cases&... each) { (each.leave(), ...); }, cases_);
  }

  std::tuple<Cases...> cases_;
};

/// Waits for the first of several channel operations and does exactly that one: `select(a.receive(), b.receive())`,
/// `select(a.receive(), b.send(x))`.
///
/// When several can be done at once it is the first of them in the order of the arguments. The others have no effect.
/// A closed channel can always be "received" from: leave it out of the next select. For other awaitables choose `race`.
///
/// @returns select_result: index() says which, get<I>() gives its value.
/// @throws closed_error  The one that was taken is a send on a closed channel.
///
/// **Cancellation.** A cancellation point, atomic as its operations are.
template <class... Cases>
[[nodiscard]] auto select(detail::channel_operation<Cases>&&... operations) {
  return select_operation<Cases...>(std::move(operations).release()...);
}

}  // namespace eddy
