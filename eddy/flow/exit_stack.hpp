// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <concepts>
#include <coroutine>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "eddy/base/function.hpp"
#include "eddy/base/owned.hpp"
#include "eddy/coro/branch.hpp"
#include "eddy/flow/detail/call_for_effect.hpp"
#include "eddy/flow/scope_resource.hpp"
#include "eddy/flow/with.hpp"

namespace eddy {

namespace detail {

/// Something that an exit_stack will close.
class exit_entry {
 public:
  exit_entry() = default;
  exit_entry(const exit_entry&) = delete;
  exit_entry& operator=(const exit_entry&) = delete;
  virtual ~exit_entry() = default;
  /// Called once, with how things have ended so far. `how` lives as long as the coroutine.
  virtual coro<> close(const outcome<>& how) = 0;

  owned<exit_entry> below;
};

/// What is to be closed, the last first. Never allocates.
class exit_entries {
 public:
  exit_entries() = default;
  exit_entries(exit_entries&&) = default;
  ~exit_entries() {
    while (pop()) {  // one by one: a long chain of destructors would need a deep stack
    }
  }
  void push(owned<exit_entry> entry) noexcept {
    entry->below = std::move(top_);
    top_ = std::move(entry);
  }
  owned<exit_entry> pop() noexcept {
    owned<exit_entry> popped = std::move(top_);
    if (popped) top_ = std::move(popped->below);
    return popped;
  }

 private:
  owned<exit_entry> top_;
};

/// A callable that is called at the end; it may take the outcome, and may await.
template <class F>
class exit_callable final : public exit_entry {
 public:
  template <class G>
  explicit exit_callable(G&& f) : f_(std::forward<G>(f)) {}
  coro<> close([[maybe_unused]] const outcome<>& how) override {
    return call_for_effect([&]() -> decltype(auto) {
      if constexpr (std::is_invocable_v<F&, const outcome<>&>)
        return detail::invoke_callable(f_, how);
      else
        return detail::invoke_callable(f_);
    });
  }

 private:
  [[no_unique_address]] F f_;
};

/// A resource that was entered, with what its aenter() gave. `Resource` is a reference for one that lives elsewhere.
template <class Resource>
class exit_resource final : public exit_entry {
  using plain = std::remove_reference_t<Resource>;
  using entered = typename entered_value<plain>::type;

 public:
  /// What enter() gives a reference to: the resource, or what its aenter() gives.
  using given = std::conditional_t<std::is_void_v<entered>, plain, std::remove_reference_t<entered>>;

  template <class R>
  explicit exit_resource(R&& resource) : resource_(std::forward<R>(resource)) {}

  coro<> open() {
    if constexpr (!has_aenter<plain>) {
    } else if constexpr (!awaitable<decltype(resource_.aenter())>) {
      keep([this]() -> decltype(auto) { return resource_.aenter(); });
    } else if constexpr (std::is_void_v<entered>) {
      co_await resource_.aenter();
    } else if constexpr (std::is_reference_v<entered>) {
      entered value = co_await resource_.aenter();
      entered_.emplace(std::addressof(value));
    } else {
      entered value = co_await resource_.aenter();
      entered_.emplace(std::move(value));
    }
    co_return;
  }
  given& value() noexcept {
    if constexpr (std::is_void_v<entered>)
      return resource_;
    else if constexpr (std::is_reference_v<entered>)
      return **entered_;
    else
      return *entered_;
  }
  coro<> close([[maybe_unused]] const outcome<>& how) override {
    if constexpr (aexit_with_outcome<plain>)
      return call_for_effect([&]() -> decltype(auto) { return resource_.aexit(how); });
    else if constexpr (has_aexit<plain>)
      return call_for_effect([&]() -> decltype(auto) { return resource_.aexit(); });
    else
      return finished_coro();
  }

 private:
  template <class Call>
  void keep(Call call) {
    if constexpr (std::is_void_v<entered>)
      call();
    else if constexpr (std::is_reference_v<entered>)
      entered_.emplace(std::addressof(call()));
    else
      entered_.emplace(call());
  }

  Resource resource_;
  std::optional<stored<entered>> entered_;
};

/// Closes the entries of an exit_stack one after the other, each in a branch of its own: so that one that fails, or is
/// cancelled when the grace is over, keeps none of the others from being closed.
///
/// The first error is thrown, later ones reach the loop's handler. While `how` is a value the first error is what the
/// entries below are told, as in nested `with`s.
class [[nodiscard]] close_operation final : public scope {
 public:
  close_operation(exit_entries& entries, const outcome<>& how) : entries_(&entries), how_(how) {}
  close_operation(close_operation&&) = default;

  bool await_ready() const noexcept { return false; }
  template <class Promise>
  std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> frame) {
    suspend(frame);
    return close_next();
  }
  void await_resume() const {
    if (first_error_ != nullptr) std::rethrow_exception(first_error_);
  }
  void on_cancel(cancellation& c) noexcept override {
    if (c.lifts_shields()) c.add(*branch_);
  }
  void visit_children(const detail::function<void(context&)>& visit) const override {
    if (branch_ && !branch_->ended()) visit(*branch_);
  }
  std::string describe() const override { return "exit_stack"; }

 private:
  std::coroutine_handle<> close_next() noexcept;
  std::coroutine_handle<> branch_ended(branch_base& branch) noexcept override;
  void note_end() noexcept;

  exit_entries* entries_;
  outcome<> how_;
  owned<exit_entry> closing_;
  late<branch<void>> branch_;  // of closing_; a new one for each
  std::exception_ptr first_error_;
  bool any_cancelled_ = false;
};

}  // namespace detail

/// Opens resources that are known only at run time, and closes all of them in reverse:
/// `co_await with(exit_stack(), [&](exit_stack& stack) -> coro<> { auto& file = co_await stack.enter(open(name)); })`.
///
/// Closes after a value, an exception and a cancellation alike, each of them, also when closing another one fails.
/// Whatever is closed may ask how things have ended so far. The first error of closing is thrown, unless the body has
/// thrown one; all others reach the loop's handler. For a number known when you write it nest `with`s.
///
/// **Cancellation.** Closing is shielded. A closing that is still not done after the grace is cancelled, and the next
/// one begins.
/// **Thread safety.** Only on the loop's thread.
/// **In asyncio.** `AsyncExitStack`.
class exit_stack {
 public:
  exit_stack() = default;
  exit_stack(exit_stack&&) = default;

  /// Opens a resource (anything that `with` takes, but groups) and closes it at the end of the scope.
  ///
  /// @param resource  An rvalue is kept until it has been closed, an lvalue is referred to.
  /// @returns a reference to what its aenter() gives, or to the resource itself when that is void. It lives until the
  /// resource has been closed.
  /// @throws what aenter throws; then there is nothing to close.
  ///
  /// **Cancellation.** As that of aenter: cancelled means that nothing was opened. What was opened is closed.
  template <class Resource>
    requires detail::resource<std::remove_cvref_t<Resource>>
  [[nodiscard]] auto enter(Resource&& resource) {
    static_assert(!std::derived_from<std::remove_cvref_t<Resource>, detail::scope_resource>,
                  "this resource owns child tasks, which have to end before what they use is closed: enter it with "
                  "with(...) inside of the body");
    using kept = std::conditional_t<std::is_lvalue_reference_v<Resource>, Resource, std::remove_cvref_t<Resource>>;
    check_entered();
    return open_and_push(entries_, detail::make_owned<detail::exit_resource<kept>>(std::forward<Resource>(resource)));
  }

  /// Calls `f` at the end of the scope; it may take a `const outcome<>&`, and may await.
  template <class F>
  void push(F&& f) {
    using kept = std::decay_t<F>;
    static_assert(std::is_invocable_v<kept&> || std::is_invocable_v<kept&, const outcome<>&>,
                  "exit_stack::push takes a callable without parameters, or with a const outcome<>&");
    check_entered();
    entries_.push(detail::make_owned<detail::exit_callable<kept>>(std::forward<F>(f)));
  }

  void aenter() noexcept { entered_ = true; }
  detail::close_operation aexit(const outcome<>& how) { return detail::close_operation(entries_, how); }

 private:
  void check_entered() const {
    if (!entered_)
      throw misuse_error(
          "an exit_stack owes its clean-up to whoever entered it: use it as co_await with(exit_stack(), body)");
  }
  template <class Entry>
  static auto open_and_push(detail::exit_entries& entries, detail::owned<Entry> entry) -> coro<typename Entry::given&> {
    co_await entry->open();
    auto& value = entry->value();
    entries.push(std::move(entry));
    co_return value;
  }

  detail::exit_entries entries_;
  bool entered_ = false;
};

}  // namespace eddy
