// SPDX-License-Identifier: BSL-1.0
#include "eddy/db/sqlite/detail/work.hpp"

#include <sqlite3.h>

#include "eddy/db/sqlite/error.hpp"

namespace eddy::sqlite::detail {

execute_result execute_work::operator()(database& db) { return db.execute(sql, std::move(values)); }

std::vector<row> fetch_work::operator()(database& db) { return db.fetch(sql, std::move(values)); }

std::optional<row> fetch_one_work::operator()(database& db) { return db.fetch_one(sql, std::move(values)); }

bool is_for_readers(database& db, const std::string& sql) {
  try {
    const auto info = db.prepare(sql);
    return info.is_read_only && info.columns > 0;
  } catch (const error& failure) {
    if (failure.code() != SQLITE_ERROR) throw;
    return false;
  }
}

}  // namespace eddy::sqlite::detail
