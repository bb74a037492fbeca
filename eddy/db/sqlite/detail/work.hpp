// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "eddy/db/sqlite/database.hpp"

// What a connection's thread does for each verb: callables that own their arguments. Each is called once.

namespace eddy::sqlite::detail {

/// Either parameters made before, or values to make them of.
template <class... Args>
parameters to_parameters(Args&&... args) {
  if constexpr (sizeof...(Args) == 1 && (std::is_same_v<std::remove_cvref_t<Args>, parameters> && ...))
    return parameters(std::forward<Args>(args)...);
  else
    return make_parameters(std::forward<Args>(args)...);
}

struct statement_work {
  statement_work(std::string text, parameters list) : sql(std::move(text)), values(std::move(list)) {}
  std::string sql;
  parameters values;
};

struct execute_work : statement_work {
  using statement_work::statement_work;
  static constexpr auto verb = "execute";
  execute_result operator()(database& db);
};

struct fetch_work : statement_work {
  using statement_work::statement_work;
  static constexpr auto verb = "fetch";
  std::vector<row> operator()(database& db);
};

struct fetch_one_work : statement_work {
  using statement_work::statement_work;
  static constexpr auto verb = "fetch_one";
  std::optional<row> operator()(database& db);
};

template <class T>
struct fetch_as_work : statement_work {
  using statement_work::statement_work;
  static constexpr auto verb = "fetch_as";
  std::vector<T> operator()(database& db) { return db.fetch_as<T>(sql, std::move(values)); }
};

template <class T>
struct fetch_one_as_work : statement_work {
  using statement_work::statement_work;
  static constexpr auto verb = "fetch_one_as";
  std::optional<T> operator()(database& db) { return db.fetch_one_as<T>(sql, std::move(values)); }
};

struct script_work {
  explicit script_work(std::string text) : sql(std::move(text)) {}
  static constexpr auto verb = "execute_script";
  void operator()(database& db) { db.execute_script(sql); }
  std::string sql;
};

/// Whether a pool may give a statement to a connection that reads. "begin" and its like are read-only to SQLite, but
/// give no rows. Unknown when it does not compile: the writer may see what a reader does not, a temporary table for
/// example.
bool is_for_readers(database& db, const std::string& sql);

/// Does the work if the statement only reads, else nothing. The work stays with the caller.
template <class Work>
struct reading_work {
  explicit reading_work(Work& w) noexcept : work(&w) {}
  static constexpr auto verb = Work::verb;
  std::optional<std::invoke_result_t<Work&, database&>> operator()(database& db) {
    if (!is_for_readers(db, work->sql)) return std::nullopt;
    return (*work)(db);
  }
  Work* work;
};

struct classify_work {
  explicit classify_work(std::string text) : sql(std::move(text)) {}
  static constexpr auto verb = "prepare";
  bool operator()(database& db) const { return is_for_readers(db, sql); }
  std::string sql;
};

/// Nothing: waits until the file is open.
struct ping_work {
  static constexpr auto verb = "open";
  void operator()(database&) const noexcept {}
};

struct close_work {
  static constexpr auto verb = "close";
  void operator()(database& db) const noexcept { db.close(); }
};

}  // namespace eddy::sqlite::detail
