// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <exception>
#include <memory>
#include <string>
#include <utility>

#include "eddy/base/detail/exchanged.hpp"
#include "eddy/coro/context.hpp"
#include "eddy/db/sqlite/detail/job.hpp"
#include "eddy/db/sqlite/error.hpp"

namespace eddy::sqlite::detail {

class access;

/// A job whose end a coroutine awaits: the part of job_operation that needs no types.
///
/// Atomic (L1): cancelled before the thread began it, it is taken back; while it runs, it is interrupted, and the
/// waiter hears of it when the thread has let go of its memory (L4): as cancelled if the interruption ended it, else
/// with its result.
class caller_job : public gated_job {
 public:
  /// How a job of depth 0 and a transaction go together.
  enum class rule : unsigned char {
    statement,   // in a transaction it must still be open; of a pool's connection none may stay open
    transaction  // begins or ends one
  };

 protected:
  explicit caller_job(std::shared_ptr<access> through, rule r = rule::statement) noexcept
      : access_(std::move(through)), rule_(r) {}
  caller_job(caller_job&&) = default;
  ~caller_job() = default;

  /// For leaf::begin(). @throws as access::check().
  void start(context& waiter);
  /// For leaf::take_back().
  bool withdraw() noexcept;
  void throw_if_failed() {
    if (error_) std::rethrow_exception(eddy::detail::exchanged(error_, nullptr));
  }

  /// What there is to do, on the thread.
  virtual void work(database& db) = 0;
  /// On the loop: it goes to the thread now.
  virtual void goes_out() noexcept {}
  /// On the loop: it went out and has had no effect.
  virtual void came_to_nothing() noexcept {}

  /// "sqlite <verb> on a.db".
  std::string name(const char* verb) const;
  const std::shared_ptr<access>& through() const noexcept { return access_; }

 private:
  void perform(database* db, const std::exception_ptr& why) noexcept final;
  void run() noexcept final;
  void admitted() noexcept final;
  void refused() noexcept final;
  void check_inside(const database& db) const;
  void check_left(database& db) const;

  std::shared_ptr<access> access_;
  context* waiter_ = nullptr;
  std::exception_ptr error_;
  rule rule_;
  bool gated_ = false;
  bool cancelled_ = false;    // the loop's
  bool interrupted_ = false;  // the thread's, while it is out
  bool broken_ = false;       // the same
};

/// Whether a connection that failed like this is better replaced.
bool is_hard_failure(const error& failure) noexcept;

}  // namespace eddy::sqlite::detail
