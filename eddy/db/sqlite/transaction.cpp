// SPDX-License-Identifier: BSL-1.0
#include "eddy/db/sqlite/transaction.hpp"

#include <exception>
#include <string>
#include <utility>

#include "eddy/base/owned.hpp"
#include "eddy/db/sqlite/connection.hpp"
#include "eddy/db/sqlite/detail/access.hpp"
#include "eddy/db/sqlite/detail/job_operation.hpp"

namespace eddy::sqlite {

namespace detail {
namespace {

std::string savepoint_name(unsigned depth) { return "eddy_" + std::to_string(depth); }

void roll_back(database& db, unsigned depth) {
  if (depth == 1) {
    db.rollback();
  } else if (db.in_transaction()) {  // else SQLite has taken everything back already
    db.rollback_to_savepoint(savepoint_name(depth));
    db.release_savepoint(savepoint_name(depth));
  }
}

/// Begins; from the moment it goes out until the transaction's end nobody else may use the level above.
class begin_operation final : public eddy::detail::leaf<begin_operation>, private caller_job {
 public:
  begin_operation(std::shared_ptr<access> outer, transaction_kind kind, const context* holder)
      : caller_job(std::move(outer), rule::transaction), kind_(kind), holder_(holder) {}
  begin_operation(begin_operation&&) = default;

  bool try_complete() const noexcept { return false; }
  void begin() { start(*context_); }
  bool take_back() noexcept { return withdraw(); }
  void await_resume() { throw_if_failed(); }
  std::string describe() const override { return name("begin"); }

 private:
  void work(database& db) override {
    if (through()->depth() == 0)
      db.begin(kind_);
    else
      db.savepoint(savepoint_name(through()->depth() + 1));
  }
  void goes_out() noexcept override { through()->hold(holder_); }
  void came_to_nothing() noexcept override { through()->release(); }

  transaction_kind kind_;
  const context* holder_;
};

struct commit_work {
  static constexpr auto verb = "commit";
  void operator()(database& db) const {
    if (depth == 1)
      db.commit();
    else
      db.release_savepoint(savepoint_name(depth));
  }
  unsigned depth;
};

struct rollback_work {
  static constexpr auto verb = "rollback";
  void operator()(database& db) const { roll_back(db, depth); }
  unsigned depth;
};

/// A rollback that nobody waits for.
class stray_rollback final : public job {
 public:
  explicit stray_rollback(std::shared_ptr<worker> thread, unsigned depth) noexcept
      : thread_(std::move(thread)), depth_(depth) {}

  static void send(const std::shared_ptr<worker>& thread, unsigned depth) {
    auto* made = new stray_rollback(thread, depth);
    if (!thread->submit(*made)) delete made;  // closed: that has rolled back
  }

 private:
  void perform(database* db, const std::exception_ptr&) noexcept override {
    if (db == nullptr) return;
    try {
      roll_back(*db, depth_);
    } catch (...) {
      failed_ = true;
    }
  }
  void run() noexcept override {
    thread_->returned();
    if (failed_) {
      // The transaction may be open still: closing the file ends it for certain.
      thread_->mark_broken();
      thread_->end();
    }
    delete this;
  }

  std::shared_ptr<worker> thread_;
  unsigned depth_;
  bool failed_ = false;
};

}  // namespace
}  // namespace detail

using detail::caller_job;

transaction::transaction(std::shared_ptr<detail::access> outer, transaction_kind kind) noexcept
    : outer_(std::move(outer)), kind_(kind) {}

transaction::transaction(transaction&&) noexcept = default;

transaction::~transaction() { abandon(); }

coro<connection&> transaction::aenter() {
  if (!outer_) throw usage_error("the database is closed");
  const context& here = context::current();
  auto inner = std::make_shared<detail::access>(outer_->shared_thread(), outer_->depth() + 1, outer_->pooled());
  auto inside = eddy::detail::owned<connection>(new connection(inner));
  co_await detail::begin_operation(outer_, kind_, here.parent() != nullptr ? here.parent() : &here);
  inside_ = std::move(inside);
  inner_ = std::move(inner);
  co_return *inside_;
}

coro<> transaction::aexit(const outcome<>& how) {
  const auto inner = inner_;
  std::exception_ptr failure;
  if (how.has_value()) {
    try {
      co_await detail::job_operation<detail::commit_work>(inner, {inner->depth()});
    } catch (...) {
      failure = std::current_exception();
    }
  }
  if (failure || !how.has_value()) {
    try {
      co_await detail::job_operation<detail::rollback_work>(inner, {inner->depth()}, caller_job::rule::transaction);
    } catch (...) {
      if (!failure) throw;  // abandon() tries again, without anybody to hear of it
      std::rethrow_exception(failure);
    }
  }
  inner->end();
  inner_.reset();
  outer_->release();
  if (failure) std::rethrow_exception(failure);
}

// Left without an end: the shields of its clean-up were lifted, or a rollback failed.
void transaction::abandon() noexcept {
  if (!inner_) return;
  const auto inner = std::move(inner_);
  inner->end();
  detail::stray_rollback::send(inner->shared_thread(), inner->depth());  // before what release() sends
  outer_->release();
}

}  // namespace eddy::sqlite
