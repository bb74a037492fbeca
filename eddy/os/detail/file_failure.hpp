// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cerrno>
#include <filesystem>
#include <system_error>

namespace eddy::detail {

/// @throws std::filesystem::filesystem_error that names the operation and the path. @param error  An errno.
[[noreturn]] inline void throw_file_error(const char* operation, const std::filesystem::path& path, int error) {
  throw std::filesystem::filesystem_error(operation, path, std::error_code(error, std::generic_category()));
}
[[noreturn]] inline void throw_file_error(const char* operation, const std::filesystem::path& from,
                                          const std::filesystem::path& to, int error) {
  throw std::filesystem::filesystem_error(operation, from, to, std::error_code(error, std::generic_category()));
}

/// The result of a call that gives -1 and errno.
template <class N>
N checked(N result, const char* operation, const std::filesystem::path& path) {
  if (result < 0) throw_file_error(operation, path, errno);
  return result;
}

}  // namespace eddy::detail
