// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "eddy/db/sqlite/cell.hpp"
#include "eddy/db/sqlite/value.hpp"

namespace eddy::sqlite {

/// How a C++ type goes into SQLite and comes out again. Specialise it for a type of your own:
///
///     template <> struct eddy::sqlite::conversion<url> {
///       static value to(const url& u) { return value(u.text()); }
///       static url from(const cell& c) { return url(c.text()); }        // c.refuse("why") when it does not fit
///     };
///
/// | C++ type                                    | SQLite             | refused |
/// |---------------------------------------------|--------------------|---------|
/// | signed and unsigned integers, not `char`    | integer            | what does not fit, both ways; reals |
/// | `bool`                                      | integer 0 or 1     | other integers |
/// | enums                                       | underlying integer | what does not fit the underlying type |
/// | `double`, `float`                           | real               | NaN; inexact integers; float: range |
/// | `std::string`, `string_view`, `const char*` | text               | blobs |
/// | `blob`, `std::span` of bytes                | blob               | text |
/// | `sys_time<Duration>`                        | integer            | what does not fit the type |
/// | `duration`                                  | integer            | what does not fit the type |
/// | `std::optional<T>`                          | null, or as T      | as T |
/// | `nullopt`, `nullptr`, a null `const char*`  | null               | (only in) |
///
/// Times are whole microseconds, since 1970-01-01 UTC for time points: they sort, subtract and index as integers,
/// reach 290,000 years, and ``datetime(t / 1e6, 'unixepoch')`` prints them. What is finer is rounded down on the
/// way in.
///
/// Nothing is converted that SQL itself would have to guess: the text "12" is no integer. `cast(x as integer)` says so.
template <class T>
struct conversion;

/// What a parameter may be.
template <class T>
concept bindable = requires(T&& object) {
  { conversion<std::decay_t<T>>::to(std::forward<T>(object)) } -> std::same_as<value>;
};

/// What a column may be read as.
template <class T>
concept readable = requires(const cell& source) {
  { conversion<T>::from(source) } -> std::same_as<T>;
};

/// A view into the row it was read from.
template <class T>
concept borrowing = requires { requires conversion<T>::borrows; };

namespace detail {

/// Throws a usage_error; make_parameters() adds the parameter's number.
[[noreturn]] void refuse_parameter(std::string_view why);

value unsigned_to_value(std::uint64_t whole);
value real_to_value(double real);
value bytes_to_value(std::span<const std::byte> bytes);
value c_string_to_value(const char* text);
float to_float(const cell& source);

template <class T>
concept whole_number =
    std::integral<T> && !std::same_as<T, bool> && !std::same_as<T, char> && !std::same_as<T, wchar_t> &&
    !std::same_as<T, char8_t> && !std::same_as<T, char16_t> && !std::same_as<T, char32_t>;

inline constexpr const char* time_out_of_range = "the time is out of range";

template <class Duration>
std::int64_t to_microseconds(Duration duration) {
  using rep = typename Duration::rep;
  using factor = std::ratio_divide<typename Duration::period, std::micro>;
  if constexpr (std::chrono::treat_as_floating_point_v<rep>) {
    const auto exact = std::chrono::duration<long double, std::micro>(duration).count();
    constexpr long double limit = 9223372036854775807.0L;
    if (!(exact > -limit && exact < limit)) refuse_parameter(time_out_of_range);
    return std::chrono::floor<std::chrono::microseconds>(std::chrono::duration<long double, std::micro>(exact)).count();
  } else {
    std::int64_t scaled = 0;
    if (__builtin_mul_overflow(duration.count(), factor::num, &scaled)) refuse_parameter(time_out_of_range);
    return scaled / factor::den - (scaled % factor::den < 0 ? 1 : 0);
  }
}

template <class Duration>
Duration from_microseconds(std::int64_t microseconds, const cell& source) {
  using rep = typename Duration::rep;
  using factor = std::ratio_divide<std::micro, typename Duration::period>;
  if constexpr (std::chrono::treat_as_floating_point_v<rep>) {
    return std::chrono::duration_cast<Duration>(std::chrono::microseconds(microseconds));
  } else {
    if (microseconds % factor::den != 0) source.refuse("the time is too fine for the type that reads it");
    rep scaled = 0;
    if (__builtin_mul_overflow(microseconds / factor::den, factor::num, &scaled)) source.refuse(time_out_of_range);
    return Duration(scaled);
  }
}

}  // namespace detail

// ---------------------------------------------------------------------------------------------------------------

template <detail::whole_number T>
struct conversion<T> {
  static value to(T whole) {
    if constexpr (std::is_unsigned_v<T> && sizeof(T) >= sizeof(std::int64_t))
      return detail::unsigned_to_value(whole);
    else
      return value(static_cast<std::int64_t>(whole));
  }
  static T from(const cell& source) {
    if constexpr (std::is_unsigned_v<T> && sizeof(T) >= sizeof(std::int64_t))
      return T{source.unsigned_integer()};
    else
      return static_cast<T>(source.integer_within(std::numeric_limits<T>::min(), std::numeric_limits<T>::max()));
  }
};

template <>
struct conversion<bool> {
  static value to(bool truth) noexcept { return value(std::int64_t{truth}); }
  static bool from(const cell& source) { return source.integer_within(0, 1) == 1; }
};

template <class T>
  requires std::is_enum_v<T>
struct conversion<T> {
  using number = std::underlying_type_t<T>;
  static value to(T enumerator) { return conversion<number>::to(static_cast<number>(enumerator)); }
  static T from(const cell& source) { return static_cast<T>(conversion<number>::from(source)); }
};

template <>
struct conversion<double> {
  static value to(double real) { return detail::real_to_value(real); }
  static double from(const cell& source) { return source.real(); }
};

template <>
struct conversion<float> {
  static value to(float real) { return detail::real_to_value(double{real}); }
  static float from(const cell& source) { return detail::to_float(source); }
};

template <>
struct conversion<std::string> {
  static value to(std::string text) noexcept { return value(std::move(text)); }
  static std::string from(const cell& source) { return source.take_text(); }
};

template <>
struct conversion<std::string_view> {
  static constexpr bool borrows = true;
  static value to(std::string_view text) { return value(std::string(text)); }
  static std::string_view from(const cell& source) { return source.text(); }
};

template <>
struct conversion<const char*> {
  static value to(const char* text) { return detail::c_string_to_value(text); }
};

template <>
struct conversion<char*> : conversion<const char*> {};

template <>
struct conversion<blob> {
  static value to(blob bytes) noexcept;
  static blob from(const cell& source);
};

template <>
struct conversion<std::span<const std::byte>> {
  static constexpr bool borrows = true;
  static value to(std::span<const std::byte> bytes) { return detail::bytes_to_value(bytes); }
  static std::span<const std::byte> from(const cell& source);
};

template <>
struct conversion<std::span<std::byte>> {
  static value to(std::span<const std::byte> bytes) { return detail::bytes_to_value(bytes); }
};

template <class Rep, class Period>
struct conversion<std::chrono::duration<Rep, Period>> {
  using duration = std::chrono::duration<Rep, Period>;
  static value to(duration time) { return value(detail::to_microseconds(time)); }
  static duration from(const cell& source) {
    return detail::from_microseconds<duration>(source.integer("time"), source);
  }
};

template <class Duration>
struct conversion<std::chrono::sys_time<Duration>> {
  using time_point = std::chrono::sys_time<Duration>;
  static value to(time_point time) { return conversion<Duration>::to(time.time_since_epoch()); }
  static time_point from(const cell& source) { return time_point(conversion<Duration>::from(source)); }
};

template <>
struct conversion<std::nullptr_t> {
  static value to(std::nullptr_t) noexcept { return value(); }
};

template <>
struct conversion<std::nullopt_t> {
  static value to(std::nullopt_t) noexcept { return value(); }
};

template <class T>
struct conversion<std::optional<T>> {
  static constexpr bool borrows = borrowing<T>;
  static value to(std::optional<T> object)
    requires bindable<T>
  {
    return object ? conversion<T>::to(std::move(*object)) : value();
  }
  static std::optional<T> from(const cell& source)
    requires readable<T>
  {
    return source.is_null() ? std::nullopt : std::optional<T>(conversion<T>::from(source));
  }
};

template <>
struct conversion<value> {
  static value to(value held) noexcept { return held; }
  static value from(const cell& source) { return source.take_value(); }
};

}  // namespace eddy::sqlite
