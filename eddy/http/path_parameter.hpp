// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <charconv>
#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>

namespace eddy::http {

/// How a part of a path becomes a handler's argument: specialise it for types of your own.
///
/// `static std::optional<T> parse(std::string_view text)` gets the decoded text; nothing means that the path is not
/// found (404).
template <class T>
struct path_parameter;

template <>
struct path_parameter<std::string> {
  static std::optional<std::string> parse(std::string_view text) { return std::string(text); }
};

/// Numbers: all of the text, in decimal, within the type's range; no sign but a minus, no spaces. `007` is 7.
template <class T>
  requires(std::is_arithmetic_v<T> && !std::same_as<T, bool> && !std::same_as<T, char>)
struct path_parameter<T> {
  static std::optional<T> parse(std::string_view text) {
    T value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
  }
};

namespace detail {

template <class T>
concept parsed_from_path = requires(std::string_view text) {
  { path_parameter<T>::parse(text) } -> std::same_as<std::optional<T>>;
};

}  // namespace detail

}  // namespace eddy::http
