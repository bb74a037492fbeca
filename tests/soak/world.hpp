// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <exception>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>

#include "eddy/sync/mutex.hpp"
#include "eddy/sync/queue.hpp"
#include "eddy/sync/semaphore.hpp"
#include "tests/soak/plan.hpp"

namespace soak {

/// An error with a number, so that the books can tell whether it reached somebody.
class numbered_error : public std::runtime_error {
 public:
  explicit numbered_error(int number) : std::runtime_error("error " + std::to_string(number)), number_(number) {}
  int number() const noexcept { return number_; }

 private:
  int number_;
};

using item = std::unique_ptr<int>;

/// What a random program works on, and the books that have to balance when it has ended.
class world {
 public:
  /// @throws numbered_error  Number `4 * p.id + which`, noted.
  [[noreturn]] void fail(const plan& p, int which);
  /// An error has reached somebody.
  void see(const std::exception_ptr& error);
  /// @returns the number of an error that `see` could make out, -1 for another.
  static int number_of(const std::exception_ptr& error);

  /// What does not balance; empty when all is well.
  std::string judge() const;

  eddy::queue<item> market{3};
  eddy::mutex door;
  eddy::semaphore permits{2};
  std::uint16_t port = 0;  // of the echo server; 0: none

  int started = 0;  // nodes
  int ended = 0;
  int opened = 0;
  int closed = 0;
  int inside = 0;
  int most_inside = 0;
  std::set<int> put;
  std::set<int> got;
  int doubled = 0;
  std::set<int> thrown;
  std::set<int> seen;
  std::uint64_t values = 0;  // items and bytes that went through queues, pipes and sockets
};

}  // namespace soak
