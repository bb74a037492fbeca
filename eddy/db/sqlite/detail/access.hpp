// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <utility>

#include "eddy/base/intrusive_list.hpp"
#include "eddy/coro/context.hpp"
#include "eddy/db/sqlite/detail/job.hpp"
#include "eddy/db/sqlite/detail/worker.hpp"

namespace eddy::sqlite::detail {

/// The right to use a connection: its own (depth 0), or that of an open transaction or savepoint (depth 1, 2, ...).
///
/// While a transaction is open jobs of the level above wait here, so that nobody's statement slips into somebody else's
/// transaction. Order needs no further care: the thread takes jobs first in, first out.
///
/// Invariant: jobs wait only while it is held.
class access {
 public:
  access(std::shared_ptr<worker> thread, unsigned depth, bool pooled) noexcept
      : thread_(std::move(thread)), depth_(depth), pooled_(pooled) {}
  ~access();
  access(const access&) = delete;
  access& operator=(const access&) = delete;

  worker& thread() const noexcept { return *thread_; }
  const std::shared_ptr<worker>& shared_thread() const noexcept { return thread_; }
  unsigned depth() const noexcept { return depth_; }
  /// Whether a pool owns the connection: a statement of depth 0 must not leave a transaction open then.
  bool pooled() const noexcept { return pooled_; }

  /// @throws wrong_thread  `c` runs on another loop. @throws usage_error  It has ended.
  /// @throws misuse_error  `c` would wait for the transaction that it runs in.
  void check(const context& c) const;

  bool held() const noexcept { return held_; }
  void wait(gated_job& work) noexcept { waiting_.push_back(work); }

  /// A transaction begins below. @param holder  The context that awaits its `with`.
  void hold(const context* holder) noexcept {
    held_ = true;
    holder_ = holder;
  }
  /// It has ended: the jobs that waited go on, up to the next that begins a transaction.
  void release() noexcept;

  /// From now on nothing goes through; jobs that wait are refused.
  void end() noexcept;
  bool ended() const noexcept { return ended_; }

 private:
  const std::shared_ptr<worker> thread_;
  const unsigned depth_;
  const bool pooled_;
  bool held_ = false;
  bool ended_ = false;
  const context* holder_ = nullptr;
  eddy::detail::intrusive_list<gated_job> waiting_;
};

/// Whether `c` runs inside of `ancestor`.
bool runs_inside(const context& c, const context* ancestor) noexcept;

}  // namespace eddy::sqlite::detail
