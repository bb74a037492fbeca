// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <sqlite3.h>

#include <cstddef>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "eddy/db/sqlite/columns.hpp"

namespace eddy::sqlite::detail {

/// A compiled statement and what is known of it.
struct statement {
  sqlite3_stmt* handle;
  std::string sql;
  std::shared_ptr<const sqlite::columns> columns = {};  // made when the first rows are read
  int compiled_anew = 0;                                // how often SQLite had, when `columns` was made

  statement(sqlite3_stmt* compiled, std::string_view text) : handle(compiled), sql(text) {}
  ~statement() { sqlite3_finalize(handle); }
  statement(const statement&) = delete;
  statement& operator=(const statement&) = delete;
};

/// Compiled statements: those in use, and a bounded number of idle ones, least recently used last.
///
/// List nodes move between the two lists, so a position stays valid from add() or take() until give_back().
class statement_cache {
 public:
  using position = std::list<statement>::iterator;

  explicit statement_cache(std::size_t capacity) : capacity_(capacity) {}

  /// An idle statement with this text, now in use; end() when there is none.
  position take(std::string_view sql);
  position add(sqlite3_stmt* compiled, std::string_view sql);
  [[nodiscard]] position end() noexcept { return in_use_.end(); }

  /// Takes a statement back that has been reset: it is kept, or forgotten when it would be one too many.
  void give_back(position statement) noexcept;

  /// Forgets all statements, also those in use.
  void clear() noexcept;

  [[nodiscard]] std::size_t idle() const noexcept { return idle_.size(); }
  [[nodiscard]] std::size_t in_use() const noexcept { return in_use_.size(); }
  [[nodiscard]] std::size_t hits() const noexcept { return hits_; }
  [[nodiscard]] std::size_t misses() const noexcept { return misses_; }

  /// Longer texts are not kept: they are built from data and hardly come twice.
  static constexpr std::size_t longest_kept = 16 * 1024;

 private:
  void drop_oldest() noexcept;

  std::size_t capacity_;
  std::list<statement> in_use_;
  std::list<statement> idle_;
  std::unordered_map<std::string_view, position> by_text_;  // the idle ones; keys look into the statements
  std::size_t hits_ = 0;
  std::size_t misses_ = 0;
};

}  // namespace eddy::sqlite::detail
