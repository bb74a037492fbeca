// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "eddy/db/sqlite/columns.hpp"
#include "eddy/db/sqlite/cursor.hpp"
#include "eddy/db/sqlite/options.hpp"
#include "eddy/db/sqlite/parameters.hpp"
#include "eddy/db/sqlite/row.hpp"
#include "eddy/db/sqlite/row_reader.hpp"

namespace eddy::sqlite {

namespace detail {
class session;
}

/// What execute() did.
struct execute_result {
  std::int64_t changes = 0;            ///< rows inserted, updated or deleted, without those of triggers
  std::int64_t last_insert_rowid = 0;  ///< of the last insert on this connection; 0 before the first
};

/// What is known of a statement before it runs.
struct statement_info {
  std::size_t parameters = 0;  ///< how many `?` it has
  std::size_t columns = 0;     ///< of its result; 0 when it gives no rows
  bool is_read_only = false;   ///< it cannot change the file: a reading connection may run it
};

/// When a transaction takes its locks.
enum class transaction_kind {
  deferred,   ///< at the first read or write; a write after a read may fail with busy_error and `is_snapshot()`
  immediate,  ///< the write lock at once: the right one for whatever is going to write
  exclusive,  ///< as immediate, and without a write-ahead log also against readers
};

/// Counts of the statement cache.
struct cache_statistics {
  std::size_t idle = 0;    ///< kept for reuse
  std::size_t in_use = 0;  ///< held by open cursors
  std::size_t hits = 0;    ///< statements found in the cache since opening
  std::size_t misses = 0;  ///< statements compiled since opening
};

/// A connection to an SQLite database that blocks its thread.
///
/// Coroutines use the asynchronous connection, which keeps one of these on a thread of its own.
///
/// The SQL is one statement with `?` for its parameters, compiled once and kept (open_options::statement_cache). See
/// conversion<T> for what a parameter and a column may be. Every failure is an sqlite::error; a statement that failed
/// has changed nothing, except that SQLite may have rolled the whole transaction back (full_error, interrupted_error:
/// ask in_transaction()).
///
/// **Lifetime.** Cursors may outlive it; the destructor closes it and rolls an open transaction back.
/// **Thread safety.** One thread at a time, any thread; interrupt() and reset_interrupt() from every thread, as long
/// as the object lives.
/// **In asyncio.** `sqlite3.Connection`, which aiosqlite wraps.
class database {
 public:
  /// Opens a file, or a private database in memory (":memory:").
  ///
  /// @throws open_error       The directory is missing, or the file is missing and may not be created.
  /// @throws corrupt_error    The file is no SQLite database.
  /// @throws read_only_error  The file is to be written, and may only be read.
  /// @throws busy_error       Another connection has locked the file for longer than the busy timeout.
  explicit database(const std::string& path, const open_options& options = {});
  ~database();
  database(database&&) noexcept;
  database& operator=(database&&) noexcept;

  /// Closes the file, rolling an open transaction back and ending all cursors. Closing twice is fine.
  void close() noexcept;
  [[nodiscard]] bool is_open() const noexcept;

  /// Compiles a statement, keeps it in the cache, and tells what it is, without running it.
  ///
  /// @throws sqlite::error  SQLite does not understand it (`position()` says where), or a table is missing.
  /// @throws usage_error    No statement, more than one, a NUL byte in the text, or the database is closed.
  statement_info prepare(std::string_view sql);

  /// Runs one statement to its end; rows that it gives are dropped.
  ///
  /// @throws usage_error       As prepare(); and the number of parameters is wrong, or a value cannot be held.
  /// @throws constraint_error, busy_error, full_error, read_only_error, corrupt_error, interrupted_error
  execute_result execute(std::string_view sql, parameters values);
  template <bindable... Args>
  execute_result execute(std::string_view sql, Args&&... args) {
    return execute(sql, make_parameters(std::forward<Args>(args)...));
  }

  /// Runs all statements of a script, one after the other, dropping their rows; they take no parameters.
  ///
  /// Statements in front of one that fails have had their effect: `begin; ... commit;` makes it all or nothing, and
  /// needs a rollback() after a failure.
  void execute_script(std::string_view sql);

  /// Starts a query and runs it to its first row; the cursor reads on.
  [[nodiscard]] cursor query(std::string_view sql, parameters values);
  template <bindable... Args>
  [[nodiscard]] cursor query(std::string_view sql, Args&&... args) {
    return query(sql, make_parameters(std::forward<Args>(args)...));
  }

  /// All rows. For a result that may be large use query().
  template <class... Args>
  [[nodiscard]] std::vector<row> fetch(std::string_view sql, Args&&... args) {
    return all_rows(query(sql, std::forward<Args>(args)...));
  }

  /// The first row; nothing when there is none. Further rows are not computed.
  template <class... Args>
  [[nodiscard]] std::optional<row> fetch_one(std::string_view sql, Args&&... args) {
    return query(sql, std::forward<Args>(args)...).next();
  }

  /// All rows as T: a described struct, a std::tuple or a single value; see row_reader.
  ///
  /// @throws column_error  The result does not fit T: names and count are checked also when there are no rows.
  template <row_type T, class... Args>
  [[nodiscard]] std::vector<T> fetch_as(std::string_view sql, Args&&... args) {
    auto rows = query(sql, std::forward<Args>(args)...);
    const row_reader<T> reader(rows.result_columns());
    std::vector<T> all;
    while (auto each = rows.next()) all.push_back(reader.read(std::move(*each)));
    return all;
  }

  /// The first row as T; nothing when there is none.
  template <row_type T, class... Args>
  [[nodiscard]] std::optional<T> fetch_one_as(std::string_view sql, Args&&... args) {
    auto rows = query(sql, std::forward<Args>(args)...);
    const row_reader<T> reader(rows.result_columns());
    auto first = rows.next();
    return first ? std::optional<T>(reader.read(std::move(*first))) : std::nullopt;
  }

  /// Starts a transaction; there can be one at a time, further ones are savepoints.
  void begin(transaction_kind kind = transaction_kind::deferred);
  /// Makes the transaction's changes durable. After busy_error it is still open: commit again, or roll back.
  void commit();
  /// Takes the transaction's changes back and ends its cursors. Works after interrupt() too.
  ///
  /// @returns  False when there was none, for example since SQLite had rolled it back already.
  bool rollback();
  /// True between begin() and its end; false again when SQLite has rolled back by itself.
  [[nodiscard]] bool in_transaction() const noexcept;

  /// A named point inside a transaction (or the start of one); names nest, the innermost of its name counts.
  void savepoint(std::string_view name);
  /// Forgets the savepoint and those inside it, keeping the changes.
  void release_savepoint(std::string_view name);
  /// Takes back what was changed since the savepoint, which stays.
  void rollback_to_savepoint(std::string_view name);

  /// Stops what runs, and whatever is started until reset_interrupt(), with interrupted_error: a call from another
  /// thread cannot come too early. It also ends the wait for another connection's lock. rollback() works all the same.
  ///
  /// Whoever shares the connection between jobs calls reset_interrupt() before each, under the lock that also says
  /// whose job is running.
  void interrupt() noexcept;
  void reset_interrupt() noexcept;

  [[nodiscard]] cache_statistics statistics() const noexcept;

 private:
  static std::vector<row> all_rows(cursor rows);

  std::shared_ptr<detail::session> session_;
};

}  // namespace eddy::sqlite
