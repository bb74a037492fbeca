// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "eddy/base/errors.hpp"
#include "eddy/sync/semaphore.hpp"

namespace eddy {

/// A semaphore that never has more permits than at its beginning: one release() too many is misuse, and said at once.
///
/// Permits give themselves back; release() is for those that were detached.
///
/// **Thread safety.** Only on one loop's thread.
/// **In asyncio.** `BoundedSemaphore`.
class bounded_semaphore : private semaphore {
 public:
  /// @param permits  How many there are, at most and at first.
  /// @param name     For reports; a literal, or text that outlives the semaphore.
  explicit bounded_semaphore(std::size_t permits, const char* name = nullptr,
                             std::source_location made = std::source_location::current()) noexcept
      : semaphore(permits, name, made) {}

  using semaphore::acquire;
  using semaphore::acquire_operation;
  using semaphore::available;
  using semaphore::try_acquire;

  /// Gives a detached permit back; the oldest waiter gets it.
  /// @throws misuse_error  No permit was detached: it would be one more than at the beginning.
  void release() {
    if (detached() == 0)
      throw misuse_error(
          "bounded_semaphore::release: there would be more permits than at the beginning; a permit gives itself back, "
          "so call permit.release(), or permit.detach() before");
    semaphore::release();
  }
};

}  // namespace eddy
