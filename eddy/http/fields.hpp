// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace eddy::http {

namespace detail {
struct fields_access;
}

/// A field name or value that may not stand in a message: not a token, or with a line end or other control in it.
class invalid_field : public std::invalid_argument {
 public:
  using std::invalid_argument::invalid_argument;
};

/// One header field as fields hands it out: both parts point into the fields object.
struct field {
  std::string_view name;
  std::string_view value;
  friend bool operator==(const field&, const field&) = default;
};

/// The header (or trailer) fields of a message: an ordered multi-map with case-insensitive names.
///
/// Names and values are kept as they go over the wire, in one buffer, with an index beside it: two allocations
/// for a whole head, and writing it out is one copy. Lookups walk the index, which is quickest for the few dozen
/// fields that messages have.
///
/// Whatever gets in has been checked: a name is a token, a value has no CR, LF, NUL or other control character
/// (tabs are fine), so header injection ends here with an exception. Spaces and tabs around a value are no part of it.
///
/// **Lifetime.** Views that get(), get_all() and iteration return last until the next change of the object.
/// **Thread safety.** Distinct objects: independent. One object: as a std::string.
/// **In asyncio.** `multidict.CIMultiDict` of aiohttp, `httpx.Headers`.
class fields {
 public:
  class iterator;
  using value_type = field;
  using const_iterator = iterator;

  fields() = default;
  /// Adds each pair in turn. @throws invalid_field  As add().
  fields(std::initializer_list<std::pair<std::string_view, std::string_view>> list);

  /// The value of the first field of this name; nothing when there is none. An empty value is a value.
  std::optional<std::string_view> get(std::string_view name) const noexcept;
  /// The value of the first field of this name, or `otherwise`.
  std::string_view get_or(std::string_view name, std::string_view otherwise) const noexcept;
  /// The values of all fields of this name, in order; empty when there is none.
  std::vector<std::string_view> get_all(std::string_view name) const;
  bool contains(std::string_view name) const noexcept { return find(name, 0) != index_.size(); }
  std::size_t count(std::string_view name) const noexcept;
  /// Whether a comma-separated list field such as `Connection` has this element, without regard to case.
  bool contains_token(std::string_view name, std::string_view token) const noexcept;

  /// Appends a field, whether or not there is one of this name.
  /// @throws invalid_field  `name` is no token, or `value` has a control character; nothing has changed then.
  void add(std::string_view name, std::string_view value);
  /// Gives the first field of this name this value and removes the others; adds one if there was none.
  /// @throws invalid_field  As add().
  void set(std::string_view name, std::string_view value);
  /// Removes all fields of this name. @returns how many there were.
  std::size_t remove(std::string_view name);
  void clear() noexcept;
  /// Makes room for `count` fields of `bytes` bytes in all (names, values and 4 more for each).
  void reserve(std::size_t count, std::size_t bytes);

  std::size_t size() const noexcept { return index_.size(); }
  bool empty() const noexcept { return index_.empty(); }
  /// The field at this position, 0 … size()-1.
  field operator[](std::size_t position) const noexcept;
  iterator begin() const noexcept;
  iterator end() const noexcept;

  /// All fields as they go over the wire: `Name: value CR LF` each, without the empty line at the end.
  std::string_view wire() const noexcept { return wire_; }

  /// Same fields in the same order; names compare without regard to case.
  friend bool operator==(const fields& a, const fields& b) noexcept;

 private:
  friend struct detail::fields_access;

  // A field at `offset` in wire_: the name, ": ", the value, CR LF. Ascending offsets, without gaps.
  struct entry {
    std::uint32_t offset;
    std::uint32_t name_size;
    std::uint32_t value_size;
    std::size_t value_offset() const noexcept { return std::size_t{offset} + name_size + 2; }
    std::size_t wire_size() const noexcept { return std::size_t{name_size} + value_size + 4; }
  };

  std::size_t find(std::string_view name, std::size_t from) const noexcept;
  void append(std::string_view name, std::string_view value);
  void erase(std::size_t position) noexcept;
  void shift(std::size_t from, std::ptrdiff_t distance) noexcept;
  bool borrows(std::string_view text) const noexcept;
  void check_room(std::size_t more) const;

  std::string wire_;
  std::vector<entry> index_;
};

/// Walks the fields in order; dereferencing gives a `field` by value.
class fields::iterator {
 public:
  using iterator_concept = std::forward_iterator_tag;
  using iterator_category = std::input_iterator_tag;
  using value_type = field;
  using difference_type = std::ptrdiff_t;
  using reference = field;
  using pointer = void;

  iterator() = default;
  iterator(const fields* owner, std::size_t position) noexcept : owner_(owner), position_(position) {}
  field operator*() const noexcept { return (*owner_)[position_]; }
  iterator& operator++() noexcept {
    ++position_;
    return *this;
  }
  iterator operator++(int) noexcept {
    iterator before = *this;
    ++position_;
    return before;
  }
  friend bool operator==(const iterator&, const iterator&) = default;

 private:
  const fields* owner_ = nullptr;
  std::size_t position_ = 0;
};

inline fields::iterator fields::begin() const noexcept { return {this, 0}; }
inline fields::iterator fields::end() const noexcept { return {this, index_.size()}; }

namespace detail {

/// The way in for bytes that have been checked: the parser's, and those of other fields.
struct fields_access {
  /// @pre  `name` is a token, `value` is trimmed and free of control characters.
  static void append(fields& to, std::string_view name, std::string_view value);
  /// The same for a line that is `name: value CR LF` in memory, character for character: one copy.
  static void append_line(fields& to, std::string_view line, std::size_t name_size);
  /// The field at this position of another object.
  static void copy(fields& to, const fields& from, std::size_t position);
  /// Whether a field may have one of the names that are `bits` long, a set of name_size() bits: where none is so long
  /// nothing has to be compared.
  static bool may_have(const fields& in, std::uint32_t bits) noexcept {
    std::uint32_t sizes = 0;
    for (const fields::entry& each : in.index_) sizes |= 1U << (each.name_size & 31U);
    return (sizes & bits) != 0;
  }
  static constexpr std::uint32_t name_size(std::string_view name) noexcept { return 1U << (name.size() & 31U); }
};

}  // namespace detail

}  // namespace eddy::http
