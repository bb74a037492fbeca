// SPDX-License-Identifier: BSL-1.0
#include "eddy/db/sqlite/detail/access.hpp"

#include <string>

#include "eddy/db/sqlite/error.hpp"

namespace eddy::sqlite::detail {

access::~access() { end(); }

void access::check(const context& c) const {
  if (&c.scheduler() != &thread_->scheduler())
    throw wrong_thread("the sqlite connection to \"" + thread_->path() +
                       "\" was used on another loop than the one that opened it; open a connection on each loop");
  if (ended_) {
    throw usage_error(depth_ == 0 ? "the database is closed: \"" + thread_->path() + "\""
                                  : "the transaction has ended; use what was declared before it, or begin another");
  }
  if (held_ && runs_inside(c, holder_))
    throw misuse_error(
        "a connection was used inside the body of its own transaction, which it would wait for without end; "
        "use the connection that the body is given: with(db.transaction(), [&](sqlite::connection& tx) ...)");
}

void access::release() noexcept {
  held_ = false;
  holder_ = nullptr;
  while (!held_ && !waiting_.empty()) waiting_.pop_front().admitted();
}

void access::end() noexcept {
  ended_ = true;
  while (!waiting_.empty()) waiting_.pop_front().refused();
}

bool runs_inside(const context& c, const context* ancestor) noexcept {
  for (const context* at = &c; at != nullptr && ancestor != nullptr; at = at->parent())
    if (at == ancestor) return true;
  return false;
}

}  // namespace eddy::sqlite::detail
