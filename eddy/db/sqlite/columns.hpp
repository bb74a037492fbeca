// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace eddy::sqlite {

/// One column of a result.
struct column {
  std::string name;           ///< its alias (`as`), or SQLite's name for it
  std::string declared_type;  ///< as the table declares it ("VARCHAR(20)"); empty for expressions and untyped columns
};

/// The columns of a result, shared by all its rows.
///
/// Names are compared as SQL compares them: ASCII letters without case.
///
/// **Thread safety.** Immutable: share it freely.
class columns {
 public:
  columns() = default;
  explicit columns(std::vector<column> list) noexcept;

  [[nodiscard]] std::size_t size() const noexcept { return list_.size(); }
  [[nodiscard]] const column& operator[](std::size_t index) const noexcept { return list_[index]; }
  [[nodiscard]] auto begin() const noexcept { return list_.begin(); }
  [[nodiscard]] auto end() const noexcept { return list_.end(); }

  /// The index of the only column with this name; nothing when there is none.
  ///
  /// @throws column_error  Two columns have the name: give one of them another with `as`.
  [[nodiscard]] std::optional<std::size_t> find(std::string_view name) const;

  /// As find(), where a missing column is an error as well.
  ///
  /// @throws column_error  No column has the name, or more than one has.
  [[nodiscard]] std::size_t index_of(std::string_view name) const;

  /// The names, separated by commas, for messages.
  [[nodiscard]] std::string names() const;

 private:
  std::vector<column> list_;
};

}  // namespace eddy::sqlite
