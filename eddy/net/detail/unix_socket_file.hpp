// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <sys/stat.h>

#include <optional>
#include <string>
#include <utility>

#include "eddy/base/detail/exchanged.hpp"
#include "eddy/net/unix_address.hpp"

namespace eddy::detail {

/// The file of a Unix socket that was bound here: removed with this object, if it still is the same file.
class unix_socket_file {
 public:
  unix_socket_file() noexcept = default;
  unix_socket_file(unix_socket_file&& other) noexcept
      : path_(detail::exchanged(other.path_, {})), device_(other.device_), number_(other.number_) {}
  unix_socket_file& operator=(unix_socket_file&&) = delete;
  ~unix_socket_file() { remove(); }

  /// Binds `fd`. A file that a dead server has left is replaced; one whose server lives is not, nor anything else.
  ///
  /// @param permissions  Of the file, such as 0660: set before anybody can connect. Nothing: as the umask says.
  /// @throws std::system_error  As when a server lives there (EADDRINUSE).
  void bind(int fd, const unix_address& at, std::optional<mode_t> permissions);
  /// Removes the file now, if it is ours.
  void remove() noexcept;

 private:
  std::string path_;  // absolute; empty when there is nothing to remove
  dev_t device_ = 0;
  ino_t number_ = 0;
};

}  // namespace eddy::detail
