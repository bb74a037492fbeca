// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "eddy/db/sqlite/columns.hpp"
#include "eddy/db/sqlite/value.hpp"

namespace eddy::sqlite {

/// A value on its way into a C++ type, together with its place, so that a refusal can name column and row.
///
/// What conversion<T>::from takes. Borrows the row: it lives only as long as the call.
class cell {
 public:
  cell(const value& held, const columns& all, std::size_t index, std::size_t row_number) noexcept
      : held_(&held), columns_(&all), index_(index), row_number_(row_number) {}
  /// Text and bytes may be moved out of `held`.
  cell(value&& held, const columns& all, std::size_t index, std::size_t row_number) noexcept
      : held_(&held), movable_(&held), columns_(&all), index_(index), row_number_(row_number) {}

  [[nodiscard]] const value& get() const noexcept { return *held_; }
  [[nodiscard]] bool is_null() const noexcept { return held_->is_null(); }

  /// The value as that kind; anything else, null included, is refused.
  ///
  /// @param wanted  What the C++ type asks for, in words, for the message.
  /// @throws column_error  The value is of another kind.
  [[nodiscard]] std::int64_t integer(std::string_view wanted = "integer") const;
  [[nodiscard]] const std::string& text() const;
  [[nodiscard]] const blob& bytes() const;
  [[nodiscard]] value take_value() const;
  [[nodiscard]] std::string take_text() const;
  [[nodiscard]] blob take_bytes() const;
  /// A real, or an integer that a double holds exactly.
  [[nodiscard]] double real() const;

  /// An integer within [lowest, highest].
  [[nodiscard]] std::int64_t integer_within(std::int64_t lowest, std::int64_t highest) const;
  /// An integer that is not negative.
  [[nodiscard]] std::uint64_t unsigned_integer() const;

  /// Throws a column_error that names the column, its declared type and the row: "...: <why>".
  [[noreturn]] void refuse(std::string_view why) const;

 private:
  [[noreturn]] void refuse_kind(std::string_view wanted) const;

  const value* held_;
  value* movable_ = nullptr;  // the same value when it may be emptied
  const columns* columns_;
  std::size_t index_;
  std::size_t row_number_;
};

}  // namespace eddy::sqlite
