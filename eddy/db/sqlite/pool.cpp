// SPDX-License-Identifier: BSL-1.0
#include "eddy/db/sqlite/pool.hpp"

#include "eddy/base/errors.hpp"
#include "eddy/db/sqlite/detail/pool_state.hpp"

namespace eddy::sqlite {

using detail::role;

pool::pool(std::string path) : path_(std::move(path)) {}

pool::pool(pool&&) noexcept = default;

pool& pool::operator=(pool&& other) noexcept {
  if (this == &other) return *this;
  if (state_) state_->abort();
  path_ = std::move(other.path_);
  options_ = other.options_;
  readers_ = other.readers_;
  wait_limit_ = other.wait_limit_;
  state_ = std::move(other.state_);
  return *this;
}

pool::~pool() {
  if (state_) state_->abort();
}

void pool::check_unused(const char* what) const {
  if (state_)
    throw misuse_error(std::string("pool::") + what +
                       " was called after the pool's first use; set it when you make the pool");
}

pool&& pool::readers(std::size_t count) && {
  check_unused("readers");
  if (count == 0) throw misuse_error("pool::readers: there has to be at least one connection that reads");
  readers_ = count;
  return std::move(*this);
}

pool&& pool::wait_limit(std::chrono::nanoseconds limit) && {
  check_unused("wait_limit");
  wait_limit_ = limit;
  return std::move(*this);
}

pool&& pool::options(const open_options& how) && {
  check_unused("options");
  options_ = how;
  return std::move(*this);
}

const std::shared_ptr<detail::pool_state>& pool::shared() {
  if (!state_) {
    const bool private_database = path_ == ":memory:" || path_.empty();  // each connection would have one of its own
    state_ = std::make_shared<detail::pool_state>(path_, options_, private_database ? 0 : readers_, wait_limit_);
  }
  return state_;
}

coro<pool> pool::opened(pool self) {
  co_await self.aenter();
  co_return self;
}

coro<pool>::awaiter pool::operator co_await() && { return opened(std::move(*this)).operator co_await(); }

coro<> pool::aenter() { const auto writer = co_await shared()->acquire(role::writer); }

coro<> pool::aexit() { return close(); }

coro<> pool::close() { return shared()->close(); }

coro<> pool::execute_script(std::string_view sql) { return run_script(shared(), std::string(sql)); }

coro<> pool::run_script(std::shared_ptr<detail::pool_state> state, std::string sql) {
  auto writer = co_await state->acquire(role::writer);
  co_await writer->execute_script(sql);
}

pool_transaction pool::transaction(transaction_kind kind) { return pool_transaction(shared(), kind); }

pool_statistics pool::statistics() const { return state_ ? state_->statistics() : pool_statistics(); }

// ---------------------------------------------------------------------------------------------------------------------

struct pool_transaction::parts {
  parts(detail::lease w, sqlite::transaction begun) noexcept : writer(std::move(w)), inside(std::move(begun)) {}
  detail::lease writer;
  sqlite::transaction inside;  // goes first: rolls back what has not ended, before the next writer comes
};

pool_transaction::pool_transaction(std::shared_ptr<detail::pool_state> pool, transaction_kind kind) noexcept
    : pool_(std::move(pool)), kind_(kind) {}

pool_transaction::pool_transaction(pool_transaction&&) noexcept = default;

pool_transaction::~pool_transaction() { let_go(); }

coro<connection&> pool_transaction::aenter() {
  const context& here = context::current();
  auto writer = co_await pool_->acquire(role::writer);
  sqlite::transaction begun = writer->transaction(kind_);
  co_await begun.aenter();
  parts_ = eddy::detail::make_owned<parts>(std::move(writer), std::move(begun));
  pool_->set_writer_holder(here.parent() != nullptr ? here.parent() : &here);
  co_return parts_->inside.inside();
}

coro<> pool_transaction::aexit(const outcome<>& how) {
  co_await parts_->inside.aexit(how);
  let_go();
}

void pool_transaction::let_go() noexcept {
  if (!parts_) return;
  pool_->set_writer_holder(nullptr);
  parts_.reset();
}

// ---------------------------------------------------------------------------------------------------------------------

struct pool_rows::state {
  std::shared_ptr<detail::pool_state> pool;
  std::string sql;
  parameters values;
  std::optional<detail::lease> held = {};
  std::optional<row_stream> stream = {};  // goes before the connection that it reads from
  bool at_end = false;

  void finish() noexcept {
    at_end = true;
    stream.reset();
    held.reset();
  }
};

pool_rows::pool_rows(std::shared_ptr<detail::pool_state> pool, std::string sql, parameters values)
    : state_(std::make_shared<state>(state{std::move(pool), std::move(sql), std::move(values)})) {}

pool_rows::pool_rows(pool_rows&&) noexcept = default;
pool_rows::~pool_rows() = default;

coro<std::optional<row>> pool_rows::next() { return next_of(state_); }

coro<std::optional<row>> pool_rows::next_of(std::shared_ptr<state> rows) {
  if (rows->at_end) co_return std::nullopt;
  if (!rows->stream) {
    auto& pool = *rows->pool;
    role where = pool.first_choice(rows->sql);
    std::optional<detail::lease> taken;
    if (where == role::reader) {
      auto reader = co_await pool.acquire(role::reader);
      auto fits = co_await reader->job(detail::classify_work(rows->sql));
      if (fits)
        taken.emplace(std::move(reader));
      else
        where = role::writer;
    }
    if (where == role::writer) {
      pool.remember(rows->sql, role::writer);
      auto writer = co_await pool.acquire(role::writer);
      taken.emplace(std::move(writer));
    }
    if (!rows->stream) {  // another task may have come first
      rows->stream.emplace((*taken)->rows(rows->sql, std::move(rows->values)));
      rows->held.emplace(*std::move(taken));
    }
  }
  std::optional<row> given;
  try {
    given = co_await rows->stream->next();
  } catch (...) {
    rows->finish();
    throw;
  }
  if (!given) rows->finish();
  co_return given;
}

}  // namespace eddy::sqlite
