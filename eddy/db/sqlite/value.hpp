// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace eddy::sqlite {

/// Bytes without an encoding.
using blob = std::vector<std::byte>;

/// One value as SQLite stores it, owned: null, a 64 bit integer, a double, text or a blob.
///
/// This is how parameters and rows travel between threads. For a C++ type of your own see conversion<T>.
///
/// Text is passed through byte by byte: invalid UTF-8 and NUL bytes come back as they went in, though many SQL
/// functions (`length`, `like`, ...) look no further than the first NUL.
class value {
 public:
  value() noexcept = default;
  explicit value(std::int64_t integer) noexcept : held_(integer) {}
  explicit value(double real) noexcept : held_(real) {}
  explicit value(std::string text) noexcept : held_(std::move(text)) {}
  explicit value(blob bytes) noexcept : held_(std::move(bytes)) {}

  [[nodiscard]] bool is_null() const noexcept { return std::holds_alternative<std::monostate>(held_); }

  /// The value when it is of that kind, otherwise a null pointer.
  [[nodiscard]] const std::int64_t* integer() const noexcept { return std::get_if<std::int64_t>(&held_); }
  [[nodiscard]] const double* real() const noexcept { return std::get_if<double>(&held_); }
  [[nodiscard]] const std::string* text() const noexcept { return std::get_if<std::string>(&held_); }
  [[nodiscard]] std::string* text() noexcept { return std::get_if<std::string>(&held_); }
  [[nodiscard]] const blob* bytes() const noexcept { return std::get_if<blob>(&held_); }
  [[nodiscard]] blob* bytes() noexcept { return std::get_if<blob>(&held_); }

  /// "null", "integer", "real", "text" or "blob".
  [[nodiscard]] std::string_view type_name() const noexcept;

  /// Bytes of text or blob, 8 for numbers, 0 for null.
  [[nodiscard]] std::size_t size_bytes() const noexcept;

  friend bool operator==(const value&, const value&) = default;

 private:
  std::variant<std::monostate, std::int64_t, double, std::string, blob> held_;
};

}  // namespace eddy::sqlite
