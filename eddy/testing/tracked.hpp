// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <stdexcept>
#include <string>

#include "eddy/base/outcome.hpp"
#include "eddy/coro/coro.hpp"
#include "eddy/flow/sleep.hpp"

namespace eddy::testing {

/// What the clean-up of a `tracked` throws when `explore` makes it fail.
class clean_up_failure : public std::runtime_error {
 public:
  explicit clean_up_failure(const std::string& name)
      : std::runtime_error("the clean-up of \"" + name + "\" failed on purpose") {}
};

/// A resource for tests that counts: opened and closed exactly once, whatever is cancelled.
///
/// `with(tracked("a"), ...)` awaits in aenter and aexit. Every EDDY_TEST and every run of `explore` fails when
/// something that was opened is not closed at its end, or is closed twice.
///
/// **Thread safety.** One thread at a time: the counts are the process's.
class tracked {
 public:
  explicit tracked(std::string name) : name_(std::move(name)) {}

  coro<> aenter();
  /// @throws clean_up_failure  When fail_clean_up() asked for it; it has been closed then.
  coro<> aexit(const outcome<>& how);

  /// How many are open now.
  static int open() noexcept;
  /// How many have been opened since the test began.
  static int opened() noexcept;
  /// Forgets everything: called before each run.
  static void reset();
  /// What was opened and not closed, or closed too often; empty when all is well. With `interrupted`, clean-up that
  /// began and was cut short by a lifted shield is well too.
  static std::string left_open(bool interrupted = false);

  /// The `number`-th clean-up from now (0 is the next) throws clean_up_failure.
  static void fail_clean_up(int number) noexcept;
  /// Whether it has.
  static bool clean_up_failed() noexcept;

  /// Counts something that is no resource of `with`: pair it by hand.
  static void note_open(const std::string& name);
  static void note_close(const std::string& name);

 private:
  std::string name_;
};

/// An object that counts itself while it lives: for what destructors have to clean up.
class counted {
 public:
  explicit counted(std::string name) : name_(std::move(name)) { tracked::note_open(name_); }
  counted(counted&& other) noexcept : name_(std::move(other.name_)), alive_(std::exchange(other.alive_, false)) {}
  counted& operator=(counted&&) = delete;
  ~counted() {
    if (alive_) tracked::note_close(name_);
  }

 private:
  std::string name_;
  bool alive_ = true;
};

}  // namespace eddy::testing
