// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>
#include <string>
#include <string_view>
#include <utility>
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
  value() noexcept : integer_(0) {}
  explicit value(std::int64_t integer) noexcept : kind_(kind::integer), integer_(integer) {}
  explicit value(double real) noexcept : kind_(kind::real), real_(real) {}
  explicit value(std::string text) noexcept : kind_(kind::text), text_(std::move(text)) {}
  explicit value(blob bytes) noexcept;
  value(const value& other);
  value(value&& other) noexcept { take(std::move(other)); }
  value& operator=(const value& other) {
    if (this != &other) *this = value(other);
    return *this;
  }
  value& operator=(value&& other) noexcept {
    if (this == &other) return *this;
    drop();
    take(std::move(other));
    return *this;
  }
  ~value() { drop(); }

  [[nodiscard]] bool is_null() const noexcept { return kind_ == kind::null; }

  /// The value when it is of that kind, otherwise a null pointer.
  [[nodiscard]] const std::int64_t* integer() const noexcept { return kind_ == kind::integer ? &integer_ : nullptr; }
  [[nodiscard]] const double* real() const noexcept { return kind_ == kind::real ? &real_ : nullptr; }
  [[nodiscard]] const std::string* text() const noexcept { return kind_ == kind::text ? &text_ : nullptr; }
  [[nodiscard]] std::string* text() noexcept { return kind_ == kind::text ? &text_ : nullptr; }
  [[nodiscard]] const blob* bytes() const noexcept { return kind_ == kind::bytes ? &bytes_ : nullptr; }
  [[nodiscard]] blob* bytes() noexcept { return kind_ == kind::bytes ? &bytes_ : nullptr; }

  /// "null", "integer", "real", "text" or "blob".
  [[nodiscard]] std::string_view type_name() const noexcept;

  /// Bytes of text or blob, 8 for numbers, 0 for null.
  [[nodiscard]] std::size_t size_bytes() const noexcept;

  friend bool operator==(const value& a, const value& b) noexcept;

 private:
  // A variant by hand: every program that reads rows compiles it.
  enum class kind : unsigned char { null, integer, real, text, bytes };

  /// @pre  Nothing is held.
  void take(value&& other) noexcept {
    kind_ = other.kind_;
    if (kind_ == kind::text)
      new (&text_) std::string(std::move(other.text_));
    else if (kind_ == kind::bytes)
      take_bytes(other);
    else if (kind_ == kind::real)
      real_ = other.real_;
    else
      integer_ = other.integer_;
  }
  void drop() noexcept {
    if (kind_ == kind::text)
      text_.~basic_string();
    else if (kind_ == kind::bytes)
      drop_bytes();
  }

  void take_bytes(value& other) noexcept;
  void drop_bytes() noexcept;

  kind kind_ = kind::null;
  union {
    std::int64_t integer_;
    double real_;
    std::string text_;
    blob bytes_;
  };
};

}  // namespace eddy::sqlite
