// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "eddy/base/errors.hpp"

namespace eddy::msgpack {

/// Bytes are no MessagePack, or not of the type that was asked for. Says what was expected, what was found and where.
class format_error : public error {
 public:
  using error::error;
};

/// Reads MessagePack value by value, trusting nothing: neither sizes nor depth.
///
/// Each get function takes the next value and refuses one of another kind. Whole C++ values come out of unpack();
/// this is what a `conversion` of one's own uses. Borrows the bytes.
///
/// **Thread safety.** As a plain value.
class reader {
 public:
  static constexpr unsigned deepest = 256;  // arrays and maps inside of each other

  explicit reader(std::span<const std::byte> bytes) noexcept : begin_(bytes.data()), left_(bytes) {}

  /// Takes a nil if it is next. @returns whether it was.
  bool take_nil() noexcept;
  void get_nil();
  bool get_bool();
  /// An integer that fits. @throws format_error  It is no integer or too large.
  std::int64_t get_integer();
  std::uint64_t get_unsigned();
  /// A real number, or an integer.
  double get_real();
  /// Borrowed from the reader's bytes.
  std::string_view get_text();
  std::span<const std::byte> get_bytes();
  /// How many values follow; never more than there are bytes left, so it may be trusted to be read one by one.
  std::size_t get_array();
  /// How many pairs of values follow.
  std::size_t get_map();

  /// Whether everything has been read.
  [[nodiscard]] bool done() const noexcept { return left_.empty(); }
  [[nodiscard]] std::size_t left() const noexcept { return left_.size(); }

  /// Names what is being read while it lives, for the text of a format_error, and counts the depth.
  class nested {
   public:
    /// @param type  Of a description's own text, or empty: it is borrowed.
    explicit nested(reader& from, std::string_view type = {});
    nested(const nested&) = delete;
    nested& operator=(const nested&) = delete;
    ~nested() {
      reader_.innermost_ = outer_;
      --reader_.depth_;
    }
    /// From now on this member is read.
    void at(std::string_view member) noexcept { member_ = member; }

   private:
    friend class reader;
    reader& reader_;
    nested* outer_;
    std::string_view type_;
    std::string_view member_;
  };

  /// Throws a format_error that names the place: "user.age: <why>, at byte 17".
  [[noreturn]] void refuse(std::string_view why) const;

 private:
  struct integer {
    std::uint64_t bits;
    bool negative;
  };
  integer get_any_integer(const char* wanted);
  std::uint8_t peek(const char* wanted) const;
  std::uint64_t number(std::size_t size, const char* wanted);
  std::span<const std::byte> take(std::size_t size, const char* wanted);
  [[noreturn]] void refuse_kind(const char* wanted) const;

  const std::byte* begin_;
  std::span<const std::byte> left_;
  nested* innermost_ = nullptr;
  unsigned depth_ = 0;
};

}  // namespace eddy::msgpack
