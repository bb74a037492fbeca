// SPDX-License-Identifier: BSL-1.0
#include "eddy/os/msgpack/writer.hpp"

#include <bit>
#include <limits>
#include <stdexcept>

namespace eddy::msgpack {

// Of text, bytes, arrays and maps. A form that a kind does not have is 0; `most_fixed` is the largest size that fits
// into the first byte itself.
struct writer::forms {
  std::uint8_t fixed;
  std::size_t most_fixed;
  std::uint8_t size8;
  std::uint8_t size16;
  std::uint8_t size32;
};

void writer::append(const void* data, std::size_t size) {
  const auto* first = static_cast<const std::byte*>(data);
  bytes_.insert(bytes_.end(), first, first + size);
}

/// A first byte, then a number, the highest byte first.
template <class Unsigned>
void writer::put_number(std::uint8_t form, Unsigned value) {
  std::byte out[1 + sizeof(Unsigned)];
  out[0] = std::byte{form};
  for (std::size_t i = 0; i < sizeof(Unsigned); ++i)
    out[sizeof(Unsigned) - i] = static_cast<std::byte>(value >> (8 * i) & 0xff);
  append(out, sizeof out);
}

void writer::put_size(const forms& kind, std::size_t size) {
  if (size <= kind.most_fixed && kind.fixed != 0)
    bytes_.push_back(static_cast<std::byte>(kind.fixed | size));
  else if (size <= 0xff && kind.size8 != 0)
    put_number(kind.size8, static_cast<std::uint8_t>(size));
  else if (size <= 0xffff)
    put_number(kind.size16, static_cast<std::uint16_t>(size));
  else if (size <= 0xffffffff)
    put_number(kind.size32, static_cast<std::uint32_t>(size));
  else
    throw std::length_error("msgpack: a text, array or map has more than 2^32 - 1 elements; cut it into parts");
}

writer::writer(std::size_t room) : bytes_(room) {}
writer::writer(const writer& other) = default;
writer::writer(writer&& other) noexcept = default;
writer& writer::operator=(const writer& other) = default;
writer& writer::operator=(writer&& other) noexcept = default;
writer::~writer() = default;

std::span<std::byte> writer::bytes() noexcept { return bytes_; }
std::vector<std::byte> writer::take() && noexcept { return std::move(bytes_); }

void writer::put_nil() { bytes_.push_back(std::byte{0xc0}); }
void writer::put_bool(bool value) { bytes_.push_back(std::byte{value ? std::uint8_t{0xc3} : std::uint8_t{0xc2}}); }

void writer::put_unsigned(std::uint64_t value) {
  if (value <= 0x7f)
    bytes_.push_back(static_cast<std::byte>(value));
  else if (value <= 0xff)
    put_number(0xcc, static_cast<std::uint8_t>(value));
  else if (value <= 0xffff)
    put_number(0xcd, static_cast<std::uint16_t>(value));
  else if (value <= 0xffffffff)
    put_number(0xce, static_cast<std::uint32_t>(value));
  else
    put_number(0xcf, value);
}

void writer::put_integer(std::int64_t value) {
  const auto bits = static_cast<std::uint64_t>(value);
  if (value >= 0)
    put_unsigned(bits);
  else if (value >= -32)
    bytes_.push_back(static_cast<std::byte>(bits & 0xff));
  else if (value >= std::numeric_limits<std::int8_t>::min())
    put_number(0xd0, static_cast<std::uint8_t>(bits));
  else if (value >= std::numeric_limits<std::int16_t>::min())
    put_number(0xd1, static_cast<std::uint16_t>(bits));
  else if (value >= std::numeric_limits<std::int32_t>::min())
    put_number(0xd2, static_cast<std::uint32_t>(bits));
  else
    put_number(0xd3, bits);
}

void writer::put_real(double value) { put_number(0xcb, std::bit_cast<std::uint64_t>(value)); }
void writer::put_real(float value) { put_number(0xca, std::bit_cast<std::uint32_t>(value)); }

void writer::put_text(std::string_view text) {
  put_size({0xa0, 31, 0xd9, 0xda, 0xdb}, text.size());
  append(text.data(), text.size());
}
void writer::put_bytes(std::span<const std::byte> bytes) {
  put_size({0, 0, 0xc4, 0xc5, 0xc6}, bytes.size());
  append(bytes.data(), bytes.size());
}
void writer::put_array(std::size_t count) { put_size({0x90, 15, 0, 0xdc, 0xdd}, count); }
void writer::put_map(std::size_t count) { put_size({0x80, 15, 0, 0xde, 0xdf}, count); }

}  // namespace eddy::msgpack
