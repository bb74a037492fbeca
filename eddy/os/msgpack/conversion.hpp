// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "eddy/base/describe.hpp"
#include "eddy/base/iterable.hpp"
#include "eddy/os/msgpack/reader.hpp"
#include "eddy/os/msgpack/writer.hpp"

namespace eddy::msgpack {

/// How a C++ type is written as MessagePack and read again. Specialise it for a type of your own:
///
///     template <> struct eddy::msgpack::conversion<url> {
///       static void put(writer& out, const url& u) { out.put_text(u.text()); }
///       static url get(reader& in) { return url(std::string(in.get_text())); }       // in.refuse("why") if it is none
///     };
///
/// | C++ type                                              | MessagePack                                             |
/// |-------------------------------------------------------|---------------------------------------------------------|
/// | `bool`, integers, `float` and `double`                | the same; what does not fit is refused                  |
/// | enums                                                 | their underlying integer                                |
/// | `std::string`                                         | text                                                    |
/// | `std::vector`, `std::array` of `std::byte`, `uint8_t` | bytes                                                   |
/// | other containers, `std::array`, `pair`, `tuple`       | array                                                   |
/// | maps                                                  | map                                                     |
/// | `std::optional<T>`, `std::unique_ptr<T>`              | nil, or as T                                            |
/// | `std::variant`                                        | array of index and value; `std::monostate` is nil       |
/// | `std::chrono` durations and time points               | their count, as it stands                               |
/// | structs with EDDY_DESCRIBE                            | array of the members, in the order of the description   |
///
/// `std::string_view` and `std::span` can be written; they are read as `std::string` and `std::vector`.
template <class T>
struct conversion;

/// Types that can be written.
template <class T>
concept writable = requires(writer& out, const T& value) { conversion<T>::put(out, value); };
/// Types that can be read.
template <class T>
concept readable = requires(reader& in) {
  { conversion<T>::get(in) } -> std::same_as<T>;
};

/// Writes a value.
template <class T>
void pack(writer& out, const T& value) {
  static_assert(writable<T>,
                "this type cannot be written as MessagePack (the error names it): describe its members with "
                "EDDY_DESCRIBE(type, members...), or specialise eddy::msgpack::conversion for it");
  conversion<T>::put(out, value);
}
/// Writes a value into bytes of its own.
template <class T>
std::vector<std::byte> pack(const T& value) {
  writer out;
  pack(out, value);
  return std::move(out).take();
}

/// Reads the next value. @throws format_error  It is of another type.
template <class T>
T unpack(reader& in) {
  static_assert(readable<T>,
                "this type cannot be read from MessagePack (the error names it): describe its members with "
                "EDDY_DESCRIBE(type, members...), or specialise eddy::msgpack::conversion for it; pointers and views "
                "own nothing, so take std::string, std::vector or std::unique_ptr instead");
  return conversion<T>::get(in);
}
/// Reads one value, which must be all that there is.
template <class T>
T unpack(std::span<const std::byte> bytes) {
  reader in(bytes);
  T value = unpack<T>(in);
  if (!in.done()) in.refuse("more bytes follow");
  return value;
}

// ---------------------------------------------------------------------------------------------------------------------

template <>
struct conversion<bool> {
  static void put(writer& out, bool value) { out.put_bool(value); }
  static bool get(reader& in) { return in.get_bool(); }
};

template <std::integral T>
struct conversion<T> {
  static void put(writer& out, T value) {
    if constexpr (std::is_signed_v<T>)
      out.put_integer(static_cast<std::int64_t>(value));
    else
      out.put_unsigned(static_cast<std::uint64_t>(value));
  }
  static T get(reader& in) {
    using limits = std::numeric_limits<T>;
    if constexpr (std::is_signed_v<T>) {
      const std::int64_t value = in.get_integer();
      if (value < limits::min() || value > limits::max()) in.refuse("an integer does not fit its type");
      return static_cast<T>(value);
    } else {
      const std::uint64_t value = in.get_unsigned();
      if (value > limits::max()) in.refuse("an integer does not fit its type");
      return static_cast<T>(value);
    }
  }
};

template <std::floating_point T>
  requires(sizeof(T) <= sizeof(double))
struct conversion<T> {
  static void put(writer& out, T value) { out.put_real(value); }
  static T get(reader& in) { return static_cast<T>(in.get_real()); }
};

template <class T>
  requires std::is_enum_v<T>
struct conversion<T> {
  using number = std::underlying_type_t<T>;
  static void put(writer& out, T value) { pack(out, static_cast<number>(value)); }
  static T get(reader& in) { return static_cast<T>(unpack<number>(in)); }
};

template <>
struct conversion<std::monostate> {
  static void put(writer& out, std::monostate) { out.put_nil(); }
  static std::monostate get(reader& in) {
    in.get_nil();
    return {};
  }
};

template <>
struct conversion<std::string_view> {
  static void put(writer& out, std::string_view text) { out.put_text(text); }
};
template <>
struct conversion<std::string> {
  static void put(writer& out, const std::string& text) { out.put_text(text); }
  static std::string get(reader& in) { return std::string(in.get_text()); }
};

namespace detail {

template <class T>
concept byte_like = std::same_as<T, std::byte> || std::same_as<T, unsigned char>;

template <class T>
concept map_like = requires { typename T::mapped_type; } && eddy::detail::iterable<const T>;

// Everything else that has elements and can be filled: vector, deque, list, set, unordered_set.
template <class T>
concept sequence_like = !map_like<T> && eddy::detail::iterable<const T> && std::default_initializable<T> &&
                        requires(T& to, typename T::value_type&& element) { to.insert(to.end(), std::move(element)); };

template <class Range>
void put_elements(writer& out, const Range& range, std::size_t count) {
  out.put_array(count);
  for (const auto& element : range) pack<typename Range::value_type>(out, element);
}

inline std::span<const std::byte> get_bytes_of_size(reader& in, std::size_t size) {
  const auto bytes = in.get_bytes();
  if (bytes.size() != size) in.refuse("bytes have another size than their array");
  return bytes;
}
inline void get_array_of_size(reader& in, std::size_t size) {
  if (in.get_array() != size) in.refuse("an array has not " + std::to_string(size) + " elements");
}

}  // namespace detail

template <class T, std::size_t Extent>
struct conversion<std::span<T, Extent>> {
  static void put(writer& out, std::span<T, Extent> span) {
    if constexpr (detail::byte_like<std::remove_cv_t<T>>)
      out.put_bytes(std::as_bytes(span));
    else
      detail::put_elements(out, span, span.size());
  }
};

template <detail::byte_like Byte>
struct conversion<std::vector<Byte>> {
  static void put(writer& out, const std::vector<Byte>& bytes) { out.put_bytes(std::as_bytes(std::span(bytes))); }
  static std::vector<Byte> get(reader& in) {
    const auto bytes = in.get_bytes();
    const auto* first = reinterpret_cast<const Byte*>(bytes.data());
    return std::vector<Byte>(first, first + bytes.size());
  }
};

template <detail::sequence_like T>
struct conversion<T> {
  static void put(writer& out, const T& range) {
    detail::put_elements(out, range, eddy::detail::count_elements(range));
  }
  static T get(reader& in) {
    const reader::nested here(in);
    T made;
    // No reserve(): a count says how many bytes there are at least, not how much memory to trust it with.
    for (std::size_t left = in.get_array(); left > 0; --left)
      made.insert(made.end(), unpack<typename T::value_type>(in));
    return made;
  }
};

template <detail::map_like T>
struct conversion<T> {
  static void put(writer& out, const T& map) {
    out.put_map(eddy::detail::count_elements(map));
    for (const auto& [key, value] : map) {
      pack<typename T::key_type>(out, key);
      pack<typename T::mapped_type>(out, value);
    }
  }
  static T get(reader& in) {
    const reader::nested here(in);
    T made;
    for (std::size_t left = in.get_map(); left > 0; --left) {
      auto key = unpack<typename T::key_type>(in);
      made.emplace(std::move(key), unpack<typename T::mapped_type>(in));
    }
    return made;
  }
};

template <class T, std::size_t Size>
struct conversion<std::array<T, Size>> {
  static void put(writer& out, const std::array<T, Size>& array) {
    if constexpr (detail::byte_like<T>)
      out.put_bytes(std::as_bytes(std::span(array)));
    else
      detail::put_elements(out, array, Size);
  }
  static std::array<T, Size> get(reader& in) {
    const reader::nested here(in);
    std::array<T, Size> made{};
    if constexpr (detail::byte_like<T>) {
      std::size_t at = 0;
      for (const std::byte b : detail::get_bytes_of_size(in, Size)) made[at++] = static_cast<T>(b);
    } else {
      detail::get_array_of_size(in, Size);
      for (T& element : made) element = unpack<T>(in);
    }
    return made;
  }
};

template <class... Ts>
struct conversion<std::tuple<Ts...>> {
  static void put(writer& out, const std::tuple<Ts...>& tuple) {
    out.put_array(sizeof...(Ts));
    std::apply([&](const Ts&... elements) { (pack<Ts>(out, elements), ...); }, tuple);
  }
  static std::tuple<Ts...> get(reader& in) {
    const reader::nested here(in);
    detail::get_array_of_size(in, sizeof...(Ts));
    return std::tuple<Ts...>{unpack<Ts>(in)...};  // in this order: braces promise it
  }
};

template <class A, class B>
struct conversion<std::pair<A, B>> {
  static void put(writer& out, const std::pair<A, B>& pair) {
    out.put_array(2);
    pack<A>(out, pair.first);
    pack<B>(out, pair.second);
  }
  static std::pair<A, B> get(reader& in) {
    const reader::nested here(in);
    detail::get_array_of_size(in, 2);
    return std::pair<A, B>{unpack<A>(in), unpack<B>(in)};
  }
};

template <class T>
struct conversion<std::optional<T>> {
  static void put(writer& out, const std::optional<T>& value) {
    if (value)
      pack<T>(out, *value);
    else
      out.put_nil();
  }
  static std::optional<T> get(reader& in) {
    if (in.take_nil()) return std::nullopt;
    return std::optional<T>(unpack<T>(in));
  }
};

template <class T>
struct conversion<std::unique_ptr<T>> {
  static void put(writer& out, const std::unique_ptr<T>& value) {
    if (value)
      pack<T>(out, *value);
    else
      out.put_nil();
  }
  static std::unique_ptr<T> get(reader& in) {
    if (in.take_nil()) return nullptr;
    return std::make_unique<T>(unpack<T>(in));
  }
};

template <class... Ts>
struct conversion<std::variant<Ts...>> {
  using variant = std::variant<Ts...>;
  static void put(writer& out, const variant& value) {
    out.put_array(2);
    out.put_unsigned(value.index());
    std::visit([&]<class T>(const T& held) { pack<T>(out, held); }, value);
  }
  static variant get(reader& in) {
    const reader::nested here(in);
    detail::get_array_of_size(in, 2);
    const std::uint64_t index = in.get_unsigned();
    std::optional<variant> made;
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      ((index == I ? static_cast<void>(made.emplace(std::in_place_index<I>, unpack<Ts>(in))) : static_cast<void>(0)),
       ...);
    }(std::index_sequence_for<Ts...>());
    if (!made) in.refuse("a variant has no alternative " + std::to_string(index));
    return std::move(*made);
  }
};

template <class Rep, class Period>
struct conversion<std::chrono::duration<Rep, Period>> {
  using duration = std::chrono::duration<Rep, Period>;
  static void put(writer& out, duration value) { pack<Rep>(out, value.count()); }
  static duration get(reader& in) { return duration(unpack<Rep>(in)); }
};
template <class Clock, class Duration>
struct conversion<std::chrono::time_point<Clock, Duration>> {
  using time_point = std::chrono::time_point<Clock, Duration>;
  static void put(writer& out, time_point value) { pack<Duration>(out, value.time_since_epoch()); }
  static time_point get(reader& in) { return time_point(unpack<Duration>(in)); }
};

template <described T>
struct conversion<T> {
  static void put(writer& out, const T& object) {
    out.put_array(member_count<T>);
    for_each_member(object, [&]<class M>(std::string_view, const M& member) { pack<M>(out, member); });
  }
  static T get(reader& in) {
    static_assert(std::default_initializable<T>,
                  "a described struct is made first and filled then: give it a default constructor, or specialise "
                  "eddy::msgpack::conversion for it");
    reader::nested here(in, type_name<T>);
    if (in.get_array() != member_count<T>)
      in.refuse("a " + std::string(type_name<T>) + " has not " + std::to_string(member_count<T>) + " members");
    T made{};
    for_each_member<T>([&](auto member) {
      here.at(member.name);
      made.*member.pointer = unpack<typename decltype(member)::type>(in);
    });
    return made;
  }
};

}  // namespace eddy::msgpack
