// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace eddy::msgpack {

/// Writes values as MessagePack, each in its shortest form.
///
/// Whole C++ values go through pack(); this is what a `conversion` of one's own uses.
///
/// **Thread safety.** As a plain value.
class writer {
 public:
  /// @param room  Bytes to leave free at the beginning, for a header.
  explicit writer(std::size_t room = 0);
  writer(const writer& other);
  writer(writer&& other) noexcept;
  writer& operator=(const writer& other);
  writer& operator=(writer&& other) noexcept;
  ~writer();

  void put_nil();
  void put_bool(bool value);
  void put_integer(std::int64_t value);
  void put_unsigned(std::uint64_t value);
  void put_real(double value);
  void put_real(float value);
  void put_text(std::string_view text);
  void put_bytes(std::span<const std::byte> bytes);
  /// So many values follow. @throws std::length_error  More than 2^32 - 1.
  void put_array(std::size_t count);
  /// So many pairs of values follow.
  void put_map(std::size_t count);

  [[nodiscard]] std::size_t size() const noexcept { return bytes_.size(); }
  [[nodiscard]] std::span<std::byte> bytes() noexcept;
  [[nodiscard]] std::vector<std::byte> take() && noexcept;

 private:
  struct forms;  // the first bytes of one kind of value

  template <class Unsigned>
  void put_number(std::uint8_t form, Unsigned value);
  void put_size(const forms& kind, std::size_t size);
  void append(const void* data, std::size_t size);

  std::vector<std::byte> bytes_;
};

}  // namespace eddy::msgpack
