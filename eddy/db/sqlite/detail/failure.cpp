// SPDX-License-Identifier: BSL-1.0
#include "eddy/db/sqlite/detail/failure.hpp"

#include <sqlite3.h>

#include <new>
#include <utility>

namespace eddy::sqlite::detail {

void throw_failure(error_details details) {
  switch (details.code & 0xff) {
    case SQLITE_NOMEM:
      throw std::bad_alloc();
    case SQLITE_BUSY:
      throw busy_error(std::move(details));
    case SQLITE_CONSTRAINT:
      throw constraint_error(std::move(details));
    case SQLITE_INTERRUPT:
      throw interrupted_error(std::move(details));
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      throw corrupt_error(std::move(details));
    case SQLITE_FULL:
      throw full_error(std::move(details));
    case SQLITE_READONLY:
      throw read_only_error(std::move(details));
    case SQLITE_CANTOPEN:
      throw open_error(std::move(details));
    default:
      throw error(std::move(details));
  }
}

}  // namespace eddy::sqlite::detail
