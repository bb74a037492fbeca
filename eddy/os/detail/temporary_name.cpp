// SPDX-License-Identifier: BSL-1.0
#include "eddy/os/detail/temporary_name.hpp"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <string_view>

#include "eddy/os/detail/file_failure.hpp"

namespace eddy::detail {

namespace {

constexpr int most_tries = 100;

/// Twelve letters by chance: the loop's own generator would give two runs with one seed the same names.
std::string letters() {
  constexpr std::string_view alphabet = "abcdefghijklmnopqrstuvwxyz234567";
  std::array<std::uint8_t, 12> bytes{};
  // So few bytes come whole, and wait only until the system has been up for a moment.
  while (::getrandom(bytes.data(), bytes.size(), 0) < 0 && errno == EINTR) {
  }
  std::string text;
  for (const std::uint8_t each : bytes) text += alphabet[each % alphabet.size()];
  return text;
}

std::filesystem::path folder_of(const std::filesystem::path& path) {
  return path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
}

}  // namespace

std::filesystem::path name_beside(const std::filesystem::path& path) {
  // The longest name that a folder takes has no room for more.
  const std::string name = path.filename().string().substr(0, NAME_MAX - 32);
  return folder_of(path) / ("." + name + "." + letters() + ".tmp");
}

std::filesystem::path name_in(const std::filesystem::path& folder, const std::string& prefix) {
  return folder / (prefix + letters());
}

file_beside::file_beside(const char* operation, const std::filesystem::path& target, unsigned mode) {
  for (int tries = 0; tries < most_tries; ++tries) {
    const std::filesystem::path candidate = name_beside(target);
    fd.reset(::open(candidate.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC | O_NOFOLLOW, mode));
    if (fd) {
      name.set(candidate);
      return;
    }
    if (errno != EEXIST && errno != EINTR) break;
  }
  throw_file_error(operation, target, errno);
}

void put_in_place(const char* operation, file_beside& made, const std::filesystem::path& target) {
  checked(::fsync(made.fd.get()), operation, target);
  if (::rename(made.name.path().c_str(), target.c_str()) != 0)
    throw_file_error(operation, made.name.path(), target, errno);
  made.name.keep();
  const owned_descriptor folder(::open(folder_of(target).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  // Some file systems cannot do this with folders, and do it by themselves.
  if (folder && ::fsync(folder.get()) != 0 && errno != EINVAL) throw_file_error(operation, folder_of(target), errno);
}

std::filesystem::path followed(const char* operation, const std::filesystem::path& path) {
  struct stat found{};
  if (::lstat(path.c_str(), &found) != 0 || !S_ISLNK(found.st_mode)) return path;
  std::error_code error;
  std::filesystem::path target = std::filesystem::weakly_canonical(path, error);
  if (error) throw std::filesystem::filesystem_error(operation, path, error);
  return target;
}

}  // namespace eddy::detail
