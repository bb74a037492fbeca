// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <exception>

#include "eddy/base/intrusive_list.hpp"
#include "eddy/loop/runnable.hpp"

namespace eddy::sqlite {

class database;

namespace detail {

/// A piece of work for a connection's thread. It lives elsewhere, mostly in the coroutine frame that awaits it.
///
/// perform() runs on the thread, then run() (of runnable) on the loop. In between nobody else touches it, and after the
/// loop has been told the thread does not either.
class job : public eddy::detail::runnable, public eddy::detail::list_hook {
 public:
  /// On the connection's thread. `db` is null when it is not open: then `why` says why, unless it was just closed.
  virtual void perform(database* db, const std::exception_ptr& why) noexcept = 0;

 protected:
  job() = default;
  job(const job&) = default;
  ~job() = default;
};

/// A job that may have to wait for the end of a transaction before it goes to the thread.
class gated_job : public job {
 public:
  /// Its turn has come: on to the thread.
  virtual void admitted() noexcept = 0;
  /// The connection has been closed instead.
  virtual void refused() noexcept = 0;

 protected:
  gated_job() = default;
  gated_job(const gated_job&) = default;
  ~gated_job() = default;
};

}  // namespace detail
}  // namespace eddy::sqlite
