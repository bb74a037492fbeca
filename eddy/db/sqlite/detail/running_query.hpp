// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <string_view>

#include "eddy/db/sqlite/detail/session.hpp"
#include "eddy/db/sqlite/row.hpp"

namespace eddy::sqlite::detail {

/// A statement with its parameters on its way through the result, always one step ahead of its reader.
///
/// The first step is done by the constructor: only then are the columns certain, since SQLite compiles a statement
/// anew when the schema has changed.
class running_query {
 public:
  running_query(std::shared_ptr<session> owner, std::string_view sql, parameters values);
  ~running_query() { finish(); }
  running_query(const running_query&) = delete;
  running_query& operator=(const running_query&) = delete;

  [[nodiscard]] const std::shared_ptr<const columns>& result_columns() const noexcept { return columns_; }
  [[nodiscard]] bool has_row() const noexcept { return running_; }
  /// Throws what went wrong behind the last row that was taken, once.
  void throw_pending();

  /// The current row; then steps on. A failure of that step is kept for throw_pending(): the row is not lost.
  row take_row();
  /// Runs to the end without looking at the rows.
  void drain();
  void finish() noexcept;

 private:
  void require_ground();
  void advance();

  std::shared_ptr<session> session_;
  parameters values_;  // bound without a copy
  statement_cache::position statement_;
  std::shared_ptr<const columns> columns_;
  std::uint64_t rollbacks_;
  std::exception_ptr pending_;
  std::size_t rows_ = 0;
  bool running_ = true;  // the statement is ours and stands on a row (or is about to take its first step)
};

}  // namespace eddy::sqlite::detail
