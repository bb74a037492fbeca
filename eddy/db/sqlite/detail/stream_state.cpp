// SPDX-License-Identifier: BSL-1.0
#include "eddy/db/sqlite/detail/stream_state.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "eddy/db/sqlite/detail/caller_job.hpp"
#include "eddy/db/sqlite/detail/failure.hpp"

namespace eddy::sqlite::detail {
namespace {

constexpr std::size_t most_batch_rows = 256;
constexpr std::size_t batch_bytes = 256 * 1024;

}  // namespace

bool stream_state::answer(row_stream::next_operation& asks) {
  if (!rows_.empty()) {
    asks.row_.emplace(std::move(rows_.front()));
    rows_.pop_front();
    return true;
  }
  if (place_ != place::idle) return false;
  asks.error_ = std::exchange(failure_, nullptr);
  return at_end_ || asks.error_ != nullptr;
}

void stream_state::wait(row_stream::next_operation& asks, const context& c) {
  access_->check(c);
  if (place_ == place::idle) request();
  waiters_.push_back(asks);
}

void stream_state::request() {
  self_ = shared_from_this();
  if (access_->held()) {
    place_ = place::gate;
    access_->wait(*this);
    return;
  }
  if (send()) return;
  self_.reset();
  throw usage_error("the database is closed: \"" + access_->thread().path() + "\"", sql_);
}

bool stream_state::send() noexcept {
  place_ = access_->thread().submit(*this) ? place::out : place::idle;
  return place_ == place::out;
}

void stream_state::admitted() noexcept {
  if (!send()) refused();
}

void stream_state::refused() noexcept {
  place_ = place::idle;
  const auto keep = std::move(self_);
  at_end_ = true;
  failure_ = std::make_exception_ptr(usage_error("the database is closed: \"" + access_->thread().path() + "\"", sql_));
  serve_waiters();
}

void stream_state::run() noexcept {
  access_->thread().returned();
  place_ = place::idle;
  const auto keep = std::move(self_);
  if (broken_) access_->thread().mark_broken();
  if (dropped_) return close_cursor();
  std::move(batch_.begin(), batch_.end(), std::back_inserter(rows_));
  batch_.clear();
  serve_waiters();
}

// First come, first served. A failure is news for one waiter; the others find the end.
void stream_state::serve_waiters() noexcept {
  while (!waiters_.empty() && answer(waiters_.front())) waiters_.pop_front().answered();
  if (waiters_.empty()) return;
  try {
    request();
  } catch (...) {
    at_end_ = true;
    failure_ = std::current_exception();
    serve_waiters();
  }
}

void stream_state::drop() noexcept {
  EDDY_ASSERT(waiters_.empty(), "a row_stream was destroyed while tasks wait in next(); let it outlive them");
  dropped_ = true;
  if (place_ == place::gate) {
    unlink();
    place_ = place::idle;
  }
  if (place_ == place::out) {
    if (!access_->thread().withdraw(*this)) return;  // interrupted: run() goes on from here
    place_ = place::idle;
  }
  const auto keep = std::move(self_);
  close_cursor();
}

// An open cursor is closed by the thread that uses it; once that has ended, by anybody.
void stream_state::close_cursor() noexcept {
  if (!cursor_) return;
  closing_ = true;
  self_ = shared_from_this();
  if (send()) return;
  const auto keep = std::move(self_);
  cursor_.reset();
}

std::string stream_state::describe() const { return "sqlite row_stream::next on " + access_->thread().path(); }

// ---------------------------------------------------------------------------------------------------------------------

void stream_state::perform(database* db, const std::exception_ptr& why) noexcept {
  if (closing_) {
    cursor_.reset();
    return;
  }
  try {
    if (why) std::rethrow_exception(why);
    if (db == nullptr) throw usage_error("the database was closed while its rows were read", sql_);
    if (access_->depth() != 0 && !db->in_transaction())
      throw_failure({SQLITE_ABORT_ROLLBACK, "the transaction was rolled back while the query was being read", sql_});
    read_batch(*db);
  } catch (const error& failure) {
    broken_ = is_hard_failure(failure);
    failure_ = std::current_exception();
  } catch (...) {
    failure_ = std::current_exception();
  }
  if (failure_ || at_end_) {
    at_end_ = true;
    cursor_.reset();
  }
}

void stream_state::read_batch(database& db) {
  if (!cursor_) cursor_.emplace(db.query(sql_, std::move(values_)));
  batch_ = cursor_->fetch(batch_rows_, batch_bytes);
  batch_rows_ = std::min(most_batch_rows, batch_rows_ * 2);
  at_end_ = cursor_->is_done();
  if (at_end_) static_cast<void>(cursor_->fetch(0));  // throws a failure that came behind the last row
}

}  // namespace eddy::sqlite::detail
