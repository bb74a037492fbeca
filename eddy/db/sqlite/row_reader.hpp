// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>

#include "eddy/base/describe.hpp"
#include "eddy/db/sqlite/columns.hpp"
#include "eddy/db/sqlite/row.hpp"

namespace eddy::sqlite {

/// Reads whole rows as T, after checking once that the result's columns fit.
///
/// - A described struct (EDDY_DESCRIBE): each member takes the column of its name. A missing or ambiguous column is
///   an error, whatever the member's type; further columns are fine, so that `select *` goes on working when the
///   table gains one.
/// - A `std::tuple`: by position, as many columns as elements.
/// - Anything readable alone (`int`, `std::string`, `std::optional<double>`): exactly one column.
///
/// Names and count are checked by the constructor, before the first row; types, ranges and nulls with each value,
/// since SQLite's columns may hold any type in any row: that error names the column, its declared type and the row.
template <class T>
class row_reader;

namespace detail {

/// @throws column_error  The result has another number of columns.
void expect_column_count(const columns& all, std::size_t expected);

template <class T>
concept tuple_of_readable =
    requires { typename std::tuple_size<T>::type; } && []<std::size_t... I>(std::index_sequence<I...>) {
      return (readable<std::tuple_element_t<I, T>> && ...) && !(borrowing<std::tuple_element_t<I, T>> || ...);
    }(std::make_index_sequence<std::tuple_size<T>::value>());

}  // namespace detail

/// What a whole row may be read as.
template <class T>
concept row_type = described<T> || (readable<T> && !borrowing<T>) || detail::tuple_of_readable<T>;

template <described T>
class row_reader<T> {
 public:
  explicit row_reader(const columns& all) {
    for_each_member<T>([&](auto member) { indexes_[member.index] = all.index_of(member.name); });
  }

  [[nodiscard]] T read(row source) const {
    static_assert(std::is_default_constructible_v<T>, "rows are read member by member into a T that starts as T{}");
    T object{};
    for_each_member<T>([&](auto member) {
      using type = typename decltype(member)::type;
      static_assert(readable<type>, "a member's type cannot be read from SQLite: specialise eddy::sqlite::conversion");
      static_assert(!borrowing<type>, "a member would look into a row that is gone: use std::string or sqlite::blob");
      object.*member.pointer = std::move(source).template get<type>(indexes_[member.index]);
    });
    return object;
  }

 private:
  std::array<std::size_t, member_count<T>> indexes_{};
};

template <detail::tuple_of_readable T>
  requires(!described<T>)
class row_reader<T> {
 public:
  explicit row_reader(const columns& all) { detail::expect_column_count(all, std::tuple_size_v<T>); }

  [[nodiscard]] T read(row source) const {
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      // NOLINTNEXTLINE(bugprone-use-after-move): each moves a column of its own
      return T{std::move(source).template get<std::tuple_element_t<I, T>>(I)...};
    }(std::make_index_sequence<std::tuple_size_v<T>>());
  }
};

template <readable T>
  requires(!described<T> && !borrowing<T>)
class row_reader<T> {
 public:
  explicit row_reader(const columns& all) { detail::expect_column_count(all, 1); }

  [[nodiscard]] T read(row source) const { return std::move(source).template get<T>(0); }
};

}  // namespace eddy::sqlite
