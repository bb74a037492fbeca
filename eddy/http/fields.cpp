// SPDX-License-Identifier: BSL-1.0
#include "eddy/http/fields.hpp"

#include "eddy/http/detail/characters.hpp"

#include <algorithm>
#include <cstring>
#include <functional>
#include <limits>

namespace eddy::http {

namespace {

std::string describe(char c) {
  switch (c) {
    case '\r':
      return "a carriage return";
    case '\n':
      return "a line feed";
    case '\0':
      return "a NUL byte";
    case ' ':
      return "a space";
    default:
      break;
  }
  if (detail::is(detail::target_class, c)) return std::string("'") + c + "'";
  constexpr std::string_view digits = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  return std::string("the byte 0x") + digits[byte >> 4U] + digits[byte & 15U];
}

void check_name(std::string_view name) {
  if (name.empty()) throw invalid_field("a header field needs a name");
  const auto bad = std::find_if(name.begin(), name.end(), [](char c) { return !detail::is(detail::token_class, c); });
  if (bad == name.end()) return;
  throw invalid_field("a header field name may not contain " + describe(*bad) + " (byte " +
                      std::to_string(bad - name.begin()) + ")");
}

void check_value(std::string_view name, std::string_view value) {
  const std::size_t bad = detail::find_control(value);
  if (bad == value.size()) return;
  throw invalid_field("the value of header field \"" + std::string(name) + "\" may not contain " +
                      describe(value[bad]) + " (byte " + std::to_string(bad) + "): that would inject other fields");
}

}  // namespace

fields::fields(std::initializer_list<std::pair<std::string_view, std::string_view>> list) {
  for (const auto& [name, value] : list) add(name, value);
}

std::optional<std::string_view> fields::get(std::string_view name) const noexcept {
  const std::size_t at = find(name, 0);
  if (at == index_.size()) return std::nullopt;
  return (*this)[at].value;
}

std::string_view fields::get_or(std::string_view name, std::string_view otherwise) const noexcept {
  return get(name).value_or(otherwise);
}

std::vector<std::string_view> fields::get_all(std::string_view name) const {
  std::vector<std::string_view> values;
  for (std::size_t at = find(name, 0); at != index_.size(); at = find(name, at + 1))
    values.push_back((*this)[at].value);
  return values;
}

std::size_t fields::count(std::string_view name) const noexcept {
  std::size_t found = 0;
  for (std::size_t at = find(name, 0); at != index_.size(); at = find(name, at + 1)) ++found;
  return found;
}

bool fields::contains_token(std::string_view name, std::string_view token) const noexcept {
  for (std::size_t at = find(name, 0); at != index_.size(); at = find(name, at + 1)) {
    std::string_view list = (*this)[at].value;
    while (!list.empty())
      if (detail::equal_ignoring_case(detail::next_element(list), token)) return true;
  }
  return false;
}

void fields::add(std::string_view name, std::string_view value) {
  value = detail::trim(value);
  check_name(name);
  check_value(name, value);
  if (borrows(name) || borrows(value)) {  // `f.add("Copy", *f.get("Origin"))`: growing would pull it away
    const std::string own_name(name);
    const std::string own_value(value);
    append(own_name, own_value);
    return;
  }
  append(name, value);
}

void fields::set(std::string_view name, std::string_view value) {
  if (borrows(name) || borrows(value)) {
    const std::string own_name(name);
    const std::string own_value(value);
    set(own_name, own_value);
    return;
  }
  const std::size_t first = find(name, 0);
  if (first == index_.size()) {
    add(name, value);
    return;
  }
  value = detail::trim(value);
  check_value(name, value);
  for (std::size_t other = index_.size() - 1; other != first; --other)
    if (detail::equal_ignoring_case((*this)[other].name, name)) erase(other);
  check_room(value.size());
  entry& kept = index_[first];
  const auto distance = static_cast<std::ptrdiff_t>(value.size()) - static_cast<std::ptrdiff_t>(kept.value_size);
  wire_.replace(kept.value_offset(), kept.value_size, value);
  kept.value_size = static_cast<std::uint32_t>(value.size());
  shift(first + 1, distance);
}

std::size_t fields::remove(std::string_view name) {
  if (borrows(name)) {  // the name may be that of the very field that goes
    const std::string own_name(name);
    return remove(own_name);
  }
  std::size_t removed = 0;
  for (std::size_t at = index_.size(); at-- > 0;) {
    if (!detail::equal_ignoring_case((*this)[at].name, name)) continue;
    erase(at);
    ++removed;
  }
  return removed;
}

void fields::clear() noexcept {
  wire_.clear();
  index_.clear();
}

void fields::reserve(std::size_t count, std::size_t bytes) {
  wire_.reserve(bytes);
  index_.reserve(count);
}

field fields::operator[](std::size_t position) const noexcept {
  const entry& at = index_[position];
  const char* const text = wire_.data();
  return {{text + at.offset, at.name_size}, {text + at.value_offset(), at.value_size}};
}

bool operator==(const fields& a, const fields& b) noexcept {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const field& x, const field& y) {
    return detail::equal_ignoring_case(x.name, y.name) && x.value == y.value;
  });
}

std::size_t fields::find(std::string_view name, std::size_t from) const noexcept {
  const std::size_t count = index_.size();
  const entry* const all = index_.data();
  for (std::size_t at = from; at < count; ++at) {
    if (all[at].name_size != name.size()) continue;
    const char* const here = wire_.data() + all[at].offset;
    // As it is usually written first: that is compared all at once.
    if (std::memcmp(here, name.data(), name.size()) == 0 || detail::equal_ignoring_case({here, name.size()}, name))
      return at;
  }
  return count;
}

void fields::append(std::string_view name, std::string_view value) {
  check_room(name.size() + value.size() + 4);
  const std::size_t before = wire_.size();
  index_.push_back({static_cast<std::uint32_t>(before), static_cast<std::uint32_t>(name.size()),
                    static_cast<std::uint32_t>(value.size())});
  try {
    wire_.resize(before + name.size() + value.size() + 4);
  } catch (...) {
    index_.pop_back();  // index and buffer agree at all times
    throw;
  }
  char* at = std::copy(name.begin(), name.end(), wire_.data() + before);
  *at++ = ':';
  *at++ = ' ';
  at = std::copy(value.begin(), value.end(), at);
  *at++ = '\r';
  *at = '\n';
}

void fields::erase(std::size_t position) noexcept {
  const entry gone = index_[position];
  wire_.erase(gone.offset, gone.wire_size());
  index_.erase(index_.begin() + static_cast<std::ptrdiff_t>(position));
  shift(position, -static_cast<std::ptrdiff_t>(gone.wire_size()));
}

void fields::shift(std::size_t from, std::ptrdiff_t distance) noexcept {
  for (std::size_t at = from; at < index_.size(); ++at)
    index_[at].offset = static_cast<std::uint32_t>(static_cast<std::ptrdiff_t>(index_[at].offset) + distance);
}

bool fields::borrows(std::string_view text) const noexcept {
  const std::less_equal<const char*> before{};
  return !text.empty() && before(wire_.data(), text.data()) && before(text.data(), wire_.data() + wire_.size());
}

void fields::check_room(std::size_t more) const {
  if (more > std::numeric_limits<std::uint32_t>::max() - wire_.size())
    throw std::length_error("the header fields of one message may not take more than 4 GiB");
}

namespace detail {

namespace {
// What a typical head fits in; one allocation each instead of a handful of doublings.
constexpr std::size_t usual_fields = 16;
constexpr std::size_t usual_bytes = 640;
}  // namespace

void fields_access::append(fields& to, std::string_view name, std::string_view value) {
  if (to.index_.capacity() == 0) to.reserve(usual_fields, usual_bytes);
  to.append(name, value);
}

void fields_access::append_line(fields& to, std::string_view line, std::size_t name_size) {
  if (to.index_.capacity() == 0) to.reserve(usual_fields, usual_bytes);
  to.check_room(line.size() + 2);
  to.index_.push_back({static_cast<std::uint32_t>(to.wire_.size()), static_cast<std::uint32_t>(name_size),
                       static_cast<std::uint32_t>(line.size() - name_size - 2)});
  try {
    to.wire_.append(line.data(), line.size() + 2);
  } catch (...) {
    to.index_.pop_back();
    throw;
  }
}

void fields_access::copy(fields& to, const fields& from, std::size_t position) {
  const fields::entry& at = from.index_[position];
  append_line(to, from.wire().substr(at.offset, at.wire_size() - 2), at.name_size);
}

}  // namespace detail

}  // namespace eddy::http
