// SPDX-License-Identifier: BSL-1.0
#include "eddy/db/sqlite/detail/caller_job.hpp"

#include <sqlite3.h>

#include "eddy/db/sqlite/detail/access.hpp"
#include "eddy/db/sqlite/detail/failure.hpp"

namespace eddy::sqlite::detail {
namespace {

usage_error closed(const worker& thread) { return usage_error("the database is closed: \"" + thread.path() + "\""); }

}  // namespace

void caller_job::start(context& waiter) {
  if (!access_) throw usage_error("this connection was moved from");
  access_->check(waiter);
  waiter_ = &waiter;
  if (access_->held()) {
    gated_ = true;
    access_->wait(*this);
    return;
  }
  goes_out();
  if (access_->thread().submit(*this)) return;
  came_to_nothing();
  throw closed(access_->thread());
}

bool caller_job::withdraw() noexcept {
  if (gated_) {
    unlink();
    return true;
  }
  if (!access_->thread().withdraw(*this)) {
    cancelled_ = true;
    return false;
  }
  came_to_nothing();
  return true;
}

void caller_job::admitted() noexcept {
  gated_ = false;
  goes_out();
  if (access_->thread().submit(*this)) return;
  came_to_nothing();
  refused();
}

void caller_job::refused() noexcept {
  gated_ = false;
  error_ = std::make_exception_ptr(closed(access_->thread()));
  waiter_->completed();
}

std::string caller_job::name(const char* verb) const {
  return std::string("sqlite ") + verb + " on " + access_->thread().path();
}

void caller_job::run() noexcept {
  access_->thread().returned();
  if (broken_) access_->thread().mark_broken();
  if (error_) came_to_nothing();
  if (cancelled_ && interrupted_)
    waiter_->withdrawn();
  else
    waiter_->completed();
}

// ---------------------------------------------------------------------------------------------------------------------

void caller_job::perform(database* db, const std::exception_ptr& why) noexcept {
  try {
    if (why) std::rethrow_exception(why);
    if (db == nullptr) throw closed(access_->thread());
    check_inside(*db);
    work(*db);
    check_left(*db);
  } catch (const interrupted_error&) {
    interrupted_ = true;
    error_ = std::current_exception();
  } catch (const error& failure) {
    broken_ = is_hard_failure(failure);
    error_ = std::current_exception();
  } catch (...) {
    error_ = std::current_exception();
  }
}

void caller_job::check_inside(const database& db) const {
  if (rule_ == rule::transaction || access_->depth() == 0 || db.in_transaction()) return;
  throw_failure(
      {SQLITE_ABORT_ROLLBACK,
       "the transaction is not open any more: SQLite rolled it back after a failure or an interruption, or it "
       "was ended by hand; leave its body and begin another"});
}

void caller_job::check_left(database& db) const {
  if (rule_ == rule::transaction || access_->depth() != 0 || !access_->pooled() || !db.in_transaction()) return;
  db.rollback();
  throw usage_error(
      "a statement left a transaction open on a pool's connection, which has been rolled back; use transaction()");
}

bool is_hard_failure(const error& failure) noexcept {
  switch (failure.code()) {
    case SQLITE_IOERR:
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_CANTOPEN:
    case SQLITE_PROTOCOL:
      return true;
    default:
      return false;
  }
}

}  // namespace eddy::sqlite::detail
