// SPDX-License-Identifier: BSL-1.0
#include "eddy/db/sqlite/connection.hpp"

#include "eddy/db/sqlite/detail/access.hpp"
#include "eddy/loop/event_loop.hpp"

namespace eddy::sqlite {

connection::connection(std::shared_ptr<detail::access> through) noexcept : access_(std::move(through)) {}

connection::connection(connection&&) noexcept = default;

connection& connection::operator=(connection&& other) noexcept {
  if (this != &other) {
    abort();
    access_ = std::move(other.access_);
  }
  return *this;
}

connection::~connection() { abort(); }

// The connection inside a transaction owns nothing: it ends with the transaction.
void connection::abort() noexcept {
  if (!access_ || access_->depth() != 0) return;
  access_->end();
  access_->thread().end();
}

connection::script_operation connection::execute_script(std::string_view sql) {
  return {access_, detail::script_work(std::string(sql))};
}

transaction connection::transaction(transaction_kind kind) const { return sqlite::transaction(access_, kind); }

coro<> connection::close() {
  if (!is_open()) co_return;
  const auto closing = access_;  // *this may go meanwhile
  if (closing->depth() != 0)
    throw usage_error("a connection cannot be closed inside a transaction; leave its body first");
  co_await close_operation(closing, detail::close_work());
  closing->end();
  closing->thread().end();
}

bool connection::is_open() const noexcept { return access_ && !access_->ended() && !access_->thread().ending(); }

bool connection::is_healthy() const noexcept { return is_open() && !access_->thread().broken(); }

coro<connection> connection::open_here(std::string path, open_options options, bool pooled) {
  auto thread = detail::worker::start(event_loop::current(), std::move(path), options);
  connection opened(std::make_shared<detail::access>(std::move(thread), 0, pooled));
  co_await detail::job_operation<detail::ping_work>(opened.access_, detail::ping_work());
  co_return opened;
}

coro<connection> open(std::string path, open_options options) {
  return connection::open_here(std::move(path), options, false);
}

}  // namespace eddy::sqlite
