// SPDX-License-Identifier: BSL-1.0
#include "eddy/db/sqlite/detail/statement_cache.hpp"

#include <iterator>
#include <new>

namespace eddy::sqlite::detail {

statement_cache::position statement_cache::take(std::string_view sql) {
  const auto found = by_text_.find(sql);
  if (found == by_text_.end()) {
    ++misses_;
    return end();
  }
  const auto taken = found->second;
  by_text_.erase(found);
  in_use_.splice(in_use_.end(), idle_, taken);
  ++hits_;
  return taken;
}

statement_cache::position statement_cache::add(sqlite3_stmt* compiled, std::string_view sql) {
  try {
    return in_use_.emplace(in_use_.end(), compiled, sql);
  } catch (...) {
    sqlite3_finalize(compiled);
    throw;
  }
}

void statement_cache::give_back(position statement) noexcept {
  // The same text may be in use twice; one of them is enough to keep.
  if (capacity_ == 0 || statement->sql.size() > longest_kept || by_text_.contains(statement->sql)) {
    in_use_.erase(statement);
    return;
  }
  try {
    by_text_.emplace(statement->sql, statement);
  } catch (const std::bad_alloc&) {
    in_use_.erase(statement);
    return;
  }
  idle_.splice(idle_.begin(), in_use_, statement);
  if (idle_.size() > capacity_) drop_oldest();
}

void statement_cache::drop_oldest() noexcept {
  const auto oldest = std::prev(idle_.end());
  by_text_.erase(oldest->sql);
  idle_.erase(oldest);
}

void statement_cache::clear() noexcept {
  by_text_.clear();
  idle_.clear();
  in_use_.clear();
}

}  // namespace eddy::sqlite::detail
