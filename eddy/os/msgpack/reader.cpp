// SPDX-License-Identifier: BSL-1.0
#include "eddy/os/msgpack/reader.hpp"

#include <bit>
#include <limits>

namespace eddy::msgpack {

namespace {

std::string_view kind_of(std::uint8_t form) noexcept {
  if (form <= 0x7f || form >= 0xe0 || (form >= 0xcc && form <= 0xd3)) return "an integer";
  if (form <= 0x8f || form == 0xde || form == 0xdf) return "a map";
  if (form <= 0x9f || form == 0xdc || form == 0xdd) return "an array";
  if (form <= 0xbf || (form >= 0xd9 && form <= 0xdb)) return "text";
  if (form == 0xc0) return "nil";
  if (form == 0xc2 || form == 0xc3) return "a bool";
  if (form >= 0xc4 && form <= 0xc6) return "bytes";
  if (form == 0xca || form == 0xcb) return "a real number";
  return form == 0xc1 ? "a byte that begins nothing" : "an extension";
}

}  // namespace

reader::nested::nested(reader& from, std::string_view type) : reader_(from), outer_(from.innermost_), type_(type) {
  if (from.depth_ == deepest) from.refuse("arrays and maps stand too deep inside of each other");
  ++from.depth_;
  from.innermost_ = this;
}

void reader::refuse(std::string_view why) const {
  std::string path;
  for (const nested* at = innermost_; at != nullptr; at = at->outer_) {
    if (at->member_.empty()) continue;
    std::string step = std::string(at->type_).append(".").append(at->member_);
    if (!path.empty()) step.append(": ");
    path.insert(0, step);
  }
  if (!path.empty()) path += ": ";
  throw format_error("msgpack: " + path + std::string(why) + ", at byte " + std::to_string(left_.data() - begin_));
}

void reader::refuse_kind(const char* wanted) const {
  const std::string found(left_.empty() ? "the end" : kind_of(std::to_integer<std::uint8_t>(left_.front())));
  refuse(std::string(wanted) + " is expected, and " + found + " was found");
}

std::uint8_t reader::peek(const char* wanted) const {
  if (left_.empty()) refuse_kind(wanted);
  return std::to_integer<std::uint8_t>(left_.front());
}

std::span<const std::byte> reader::take(std::size_t size, const char* wanted) {
  if (left_.size() < size) refuse(std::string(wanted) + " is cut off");
  const auto taken = left_.first(size);
  left_ = left_.subspan(size);
  return taken;
}

/// The number of `size` bytes after the first byte, which is taken too.
std::uint64_t reader::number(std::size_t size, const char* wanted) {
  std::uint64_t value = 0;
  for (const std::byte b : take(1 + size, wanted).subspan(1)) value = value << 8 | std::to_integer<std::uint64_t>(b);
  return value;
}

bool reader::take_nil() noexcept {
  if (left_.empty() || left_.front() != std::byte{0xc0}) return false;
  left_ = left_.subspan(1);
  return true;
}

void reader::get_nil() {
  if (!take_nil()) refuse_kind("nil");
}

bool reader::get_bool() {
  const std::uint8_t form = peek("a bool");
  if (form != 0xc2 && form != 0xc3) refuse_kind("a bool");
  take(1, "a bool");
  return form == 0xc3;
}

reader::integer reader::get_any_integer(const char* wanted) {
  const std::uint8_t form = peek(wanted);
  if (form <= 0x7f) return {number(0, wanted) | form, false};
  if (form >= 0xe0) return {number(0, wanted) | static_cast<std::uint64_t>(static_cast<std::int8_t>(form)), true};
  if (form >= 0xcc && form <= 0xcf) return {number(std::size_t{1} << (form - 0xcc), wanted), false};
  if (form < 0xd0 || form > 0xd3) refuse_kind(wanted);
  const std::size_t size = std::size_t{1} << (form - 0xd0);
  const auto unused = static_cast<unsigned>(64 - 8 * size);
  const auto value = static_cast<std::int64_t>(number(size, wanted) << unused) >> unused;  // its sign in all bits
  return {static_cast<std::uint64_t>(value), value < 0};
}

std::int64_t reader::get_integer() {
  const integer value = get_any_integer("an integer");
  if (!value.negative && value.bits > std::numeric_limits<std::int64_t>::max()) refuse("an integer is too large");
  return static_cast<std::int64_t>(value.bits);
}

std::uint64_t reader::get_unsigned() {
  const integer value = get_any_integer("an integer");
  if (value.negative) refuse("an integer is negative");
  return value.bits;
}

double reader::get_real() {
  const std::uint8_t form = peek("a real number");
  if (form == 0xca) return std::bit_cast<float>(static_cast<std::uint32_t>(number(4, "a real number")));
  if (form == 0xcb) return std::bit_cast<double>(number(8, "a real number"));
  const integer value = get_any_integer("a real number");
  return value.negative ? static_cast<double>(static_cast<std::int64_t>(value.bits)) : static_cast<double>(value.bits);
}

std::string_view reader::get_text() {
  const std::uint8_t form = peek("text");
  std::size_t size = 0;
  if (form >= 0xa0 && form <= 0xbf)
    size = number(0, "text") | (form & 0x1fU);
  else if (form >= 0xd9 && form <= 0xdb)
    size = number(std::size_t{1} << (form - 0xd9), "text");
  else
    refuse_kind("text");
  const auto bytes = take(size, "text");
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::span<const std::byte> reader::get_bytes() {
  const std::uint8_t form = peek("bytes");
  if (form < 0xc4 || form > 0xc6) refuse_kind("bytes");
  const std::size_t size = number(std::size_t{1} << (form - 0xc4), "bytes");
  return take(size, "bytes");
}

std::size_t reader::get_array() {
  const std::uint8_t form = peek("an array");
  std::size_t count = 0;
  if (form >= 0x90 && form <= 0x9f)
    count = number(0, "an array") | (form & 0x0fU);
  else if (form == 0xdc || form == 0xdd)
    count = number(form == 0xdc ? 2 : 4, "an array");
  else
    refuse_kind("an array");
  if (count > left_.size()) refuse("an array is cut off");  // each element has a byte at least
  return count;
}

std::size_t reader::get_map() {
  const std::uint8_t form = peek("a map");
  std::size_t count = 0;
  if (form >= 0x80 && form <= 0x8f)
    count = number(0, "a map") | (form & 0x0fU);
  else if (form == 0xde || form == 0xdf)
    count = number(form == 0xde ? 2 : 4, "a map");
  else
    refuse_kind("a map");
  if (count > left_.size() / 2) refuse("a map is cut off");
  return count;
}

}  // namespace eddy::msgpack
