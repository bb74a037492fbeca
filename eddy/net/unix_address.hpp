// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <sys/socket.h>

#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace eddy {

/// The address of a Unix socket: a path in the file system, an abstract name, or none.
///
/// An abstract name belongs to no file: it is gone with its socket, and permissions do not apply to it. It may hold any
/// bytes, NULs too. A plain value.
///
/// **In asyncio.** The `path` of `open_unix_connection`, where an abstract name has a NUL in front.
class unix_address {
 public:
  enum class kind : std::uint8_t { unnamed, path, abstract };

  /// The longest path or abstract name, in bytes: the system's structure has room for 108, with a NUL.
  static constexpr std::size_t max_length = 107;

  /// No name, as the connecting side of a connection has.
  unix_address() noexcept = default;
  /// A path; with a NUL in front the abstract name behind it, as in asyncio.
  /// @throws misuse_error  It is empty, longer than max_length, or a path with a NUL inside.
  unix_address(std::string name);  // NOLINT(google-explicit-constructor): a path is what everybody passes
  unix_address(const char* path) : unix_address(std::string(path)) {}  // NOLINT(google-explicit-constructor)
  /// @throws misuse_error  The name is longer than max_length.
  static unix_address abstract(std::string_view name);

  kind type() const noexcept { return kind_; }
  bool is_path() const noexcept { return kind_ == kind::path; }
  bool is_abstract() const noexcept { return kind_ == kind::abstract; }
  /// The path, or the abstract name without its NUL in front.
  const std::string& name() const noexcept { return name_; }

  /// The path; `@name` for an abstract one, bytes that do not print as `\x00`; `(unnamed)`. For reading: a file may be
  /// called `@name` too.
  std::string to_string() const;
  /// Writes it as the system's structure. @returns its size in bytes, which an abstract name needs.
  socklen_t to_system(sockaddr_storage& out) const noexcept;
  /// @param size  As the system gave it: it alone tells an unnamed address, and where an abstract name ends.
  static unix_address from_system(const sockaddr_storage& address, socklen_t size);

  friend auto operator<=>(const unix_address&, const unix_address&) noexcept = default;

 private:
  kind kind_ = kind::unnamed;
  std::string name_;
};

}  // namespace eddy
