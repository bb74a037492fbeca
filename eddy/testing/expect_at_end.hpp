// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "eddy/sync/mutex.hpp"
#include "eddy/sync/semaphore.hpp"

namespace eddy::testing {

/// Something that must hold when this object goes, whatever the end: value, exception or cancellation.
///
/// Declare it after what it looks at and before the scope that uses that. A run of EDDY_TEST or `explore` fails when it
/// does not hold: `expect_at_end whole("every connection is back", [&] { return pool.idle() == pool.size(); });`.
class [[nodiscard]] expect_at_end {
 public:
  expect_at_end(std::string what, std::function<bool()> holds) : what_(std::move(what)), holds_(std::move(holds)) {}
  expect_at_end(const expect_at_end&) = delete;
  expect_at_end& operator=(const expect_at_end&) = delete;
  ~expect_at_end();

 private:
  std::string what_;
  std::function<bool()> holds_;
};

/// The lock is free at the end.
class [[nodiscard]] free_at_end : public expect_at_end {
 public:
  explicit free_at_end(const mutex& m) : expect_at_end("the mutex is free", [&m] { return !m.locked(); }) {}
};

/// The semaphore has all its permits at the end.
class [[nodiscard]] whole_at_end : public expect_at_end {
 public:
  whole_at_end(const semaphore& s, std::size_t permits)
      : expect_at_end("all " + std::to_string(permits) + " permits of the semaphore are back",
                      [&s, permits] { return s.available() == permits; }) {}
};

}  // namespace eddy::testing
