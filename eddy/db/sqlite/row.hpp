// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <concepts>
#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "eddy/db/sqlite/columns.hpp"
#include "eddy/db/sqlite/conversion.hpp"
#include "eddy/db/sqlite/value.hpp"

namespace eddy::sqlite {

/// One fetched row: its values, owned, and the columns, shared with the other rows of the result.
///
/// For whole rows as structs or tuples use row_reader, or the fetch functions that do.
///
/// **Thread safety.** A plain value: give it to any thread.
class row {
 public:
  row(std::shared_ptr<const sqlite::columns> columns, std::vector<value> values, std::size_t number) noexcept;
  row(const row& other);
  row(row&& other) noexcept;
  row& operator=(const row& other);
  row& operator=(row&& other) noexcept;
  ~row();

  [[nodiscard]] std::size_t size() const noexcept { return values_.size(); }
  [[nodiscard]] const sqlite::columns& columns() const noexcept { return *columns_; }
  /// The row's place in its result, counted from 1.
  [[nodiscard]] std::size_t number() const noexcept { return number_; }

  /// The value as SQLite gave it.
  ///
  /// @throws column_error  There is no such column.
  [[nodiscard]] const value& operator[](std::size_t index) const;
  [[nodiscard]] const value& operator[](std::string_view name) const;

  /// One column as a C++ type; see conversion<T> for what fits what.
  ///
  /// @param column  An index from 0, or a name.
  /// @throws column_error  No such column, or the value is of another type, out of range, or null.
  template <readable T>
  [[nodiscard]] T get(std::size_t column) const& {
    return conversion<T>::from(cell((*this)[column], *columns_, column, number_));
  }
  template <readable T>
  [[nodiscard]] T get(std::string_view column) const& {
    return get<T>(columns_->index_of(column));
  }

  /// As above, moving text and bytes out. Views are refused at compile time: the row they look into is about to go.
  template <readable T>
    requires(!borrowing<T>)
  [[nodiscard]] T get(std::size_t column) && {
    static_cast<void>((*this)[column]);
    return conversion<T>::from(cell(std::move(values_[column]), *columns_, column, number_));
  }
  template <readable T>
    requires(!borrowing<T>)
  [[nodiscard]] T get(std::string_view column) && {
    return std::move(*this).template get<T>(columns_->index_of(column));
  }
  template <borrowing T>
  T get(std::size_t column) && = delete;
  template <borrowing T>
  T get(std::string_view column) && = delete;

 private:
  std::shared_ptr<const sqlite::columns> columns_;
  std::vector<value> values_;
  std::size_t number_;
};

}  // namespace eddy::sqlite
