// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "eddy/coro/branch.hpp"
#include "eddy/coro/leaf.hpp"

namespace eddy {

/// One tick of `every`.
class tick {
 public:
  tick(std::uint64_t number, time_point when, std::uint64_t missed) noexcept
      : number_(number), when_(when), missed_(missed) {}

  /// The first is 0; those that were skipped count too.
  std::uint64_t number() const noexcept { return number_; }
  /// When it was due. It may be later by now.
  time_point when() const noexcept { return when_; }
  /// How many were skipped right before it.
  std::uint64_t missed() const noexcept { return missed_; }

 private:
  std::uint64_t number_;
  time_point when_;
  std::uint64_t missed_;
};

/// What `every` does about ticks that were due while the one before was still being dealt with.
enum class missed_ticks {
  skip,   // only the latest of them comes, at once; the rhythm stays
  burst,  // all of them come, one right after the other, until it has caught up
  delay   // the first of them comes at once, and the rhythm begins anew with it
};

/// A stream of ticks; see `every`.
///
/// **Cancellation.** next() is atomic: cancelled means that its tick comes with the next call.
class ticker {
 public:
  explicit ticker(std::chrono::nanoseconds interval);
  ticker(ticker&& other) noexcept;
  ticker& operator=(ticker&&) = delete;
  ~ticker();

  /// What to do about missed ticks. Default: skip.
  ticker&& missed(missed_ticks policy) && {
    policy_ = policy;
    return std::move(*this);
  }
  /// When the first tick comes: so long after the first next(). Default: at once.
  ticker&& starting_in(std::chrono::nanoseconds pause) && {
    pause_ = pause;
    return std::move(*this);
  }
  /// The same by the loop's clock: ticks come at `first`, `first + interval`, ...
  ticker&& starting_at(time_point first) && {
    next_ = first;
    return std::move(*this);
  }

  class next_operation;
  /// Waits for the next tick, and gives it at once when it is overdue. Never empty.
  ///
  /// @throws misuse_error  Another task waits for a tick of this stream.
  [[nodiscard]] next_operation next() noexcept;

 private:
  tick take(time_point now) noexcept;

  std::chrono::nanoseconds interval_;
  std::chrono::nanoseconds pause_{};
  missed_ticks policy_ = missed_ticks::skip;
  std::optional<time_point> next_;  // empty until the first next()
  std::uint64_t number_ = 0;        // of the tick at next_
  bool awaited_ = false;
};

class ticker::next_operation final : public detail::leaf<next_operation>, private detail::timer {
 public:
  explicit next_operation(ticker& stream) noexcept : stream_(&stream) {}
  next_operation(next_operation&&) = default;

  bool try_complete();
  void begin();
  bool take_back() noexcept;
  std::optional<tick> await_resume() const noexcept;
  std::string describe() const override;

 private:
  void due() noexcept override;

  ticker* stream_;
  detail::late<tick> tick_;
};

/// A steady rhythm: `co_await for_each(every(1s), [&](eddy::tick) -> coro<> { ... })`, or
/// `while (auto tick = co_await ticks.next())` with `auto ticks = every(1s);`.
///
/// The first tick comes at once, the others at whole multiples of the interval after it: the time that work takes does
/// not add up, as it does with sleep(). Since the next tick is asked for when the work is done, it never runs twice at
/// once. The stream has no end: leave it, or be cancelled.
///
/// @param interval  Above zero; else misuse_error.
///
/// **In asyncio.** `while True: ...; await sleep(1)`, which drifts.
inline ticker every(std::chrono::nanoseconds interval) { return ticker(interval); }

}  // namespace eddy
