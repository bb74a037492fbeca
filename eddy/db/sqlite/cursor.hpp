// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "eddy/base/owned.hpp"
#include "eddy/db/sqlite/columns.hpp"
#include "eddy/db/sqlite/row.hpp"

namespace eddy::sqlite {

namespace detail {
class running_query;
}

/// A running query, read in batches. For all rows at once use database::fetch().
///
/// While it is open it holds a read transaction: a cursor that is kept long keeps the write-ahead log from shrinking.
/// It frees its statement when the last row was read, at close(), or when it is destroyed.
///
/// **Lifetime.** May outlive its database: once that is closed, reading is a usage_error. A rollback() of the database
/// ends it as well: reading on is an error with SQLITE_ABORT_ROLLBACK.
/// **Thread safety.** To be used where its database is used: on one thread at a time.
class cursor {
 public:
  explicit cursor(eddy::detail::owned<detail::running_query> query) noexcept;
  ~cursor();
  cursor(cursor&&) noexcept;
  cursor& operator=(cursor&&) noexcept;

  /// The result's columns, known before the first row is read.
  [[nodiscard]] const columns& result_columns() const noexcept;

  /// Reads the next rows.
  ///
  /// @param max_rows   At most this many rows, at least one when any is left; 0 reads nothing.
  /// @param max_bytes  Stops early once the rows' text and blobs have this many bytes.
  /// @returns          The rows in order; none when there are no more.
  /// @throws sqlite::error  The query failed; the cursor is closed. Rows that came before the failure are given
  ///                        first, and the failure with the next call.
  std::vector<row> fetch(std::size_t max_rows, std::size_t max_bytes = default_batch_bytes);

  /// Reads one row; nothing when there are no more.
  std::optional<row> next();

  /// True when no row is left.
  [[nodiscard]] bool is_done() const noexcept;

  /// Ends the query early; fetch() then gives no rows.
  void close() noexcept;

  static constexpr std::size_t default_batch_bytes = 1024 * 1024;

 private:
  eddy::detail::owned<detail::running_query> query_;
};

}  // namespace eddy::sqlite
