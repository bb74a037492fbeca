// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <concepts>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

namespace eddy {

namespace detail {

/// @throws misuse_error  There is a zero byte in it: the system would open what is named by the bytes before.
void check_path(std::string_view path);

}  // namespace detail

/// The path of a file as a function takes it: from whatever a std::filesystem::path is made of. A copy: what it was
/// made from may go.
///
/// Kept as plain text: a std::filesystem::path also takes it apart into its folders, which costs as much as a system
/// call and is of no use to somebody who only opens it.
class file_name {
 public:
  /// @throws misuse_error  There is a zero byte in it.
  template <class P>
    requires std::convertible_to<P, std::filesystem::path>
  file_name(P&& path)  // NOLINT(google-explicit-constructor): any path
      : text_(text_of(std::forward<P>(path))) {
    detail::check_path(text_);
  }

  const char* c_str() const noexcept { return text_.c_str(); }
  const std::string& string() const noexcept { return text_; }
  std::filesystem::path path() const { return text_; }

 private:
  template <class P>
  static std::string text_of(P&& path) {
    if constexpr (std::convertible_to<P, std::string> && !std::same_as<std::remove_cvref_t<P>, std::filesystem::path>)
      return std::forward<P>(path);
    else
      return std::filesystem::path(std::forward<P>(path)).native();
  }

  std::string text_;
};

}  // namespace eddy
