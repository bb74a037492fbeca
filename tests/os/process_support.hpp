// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "eddy/coro/coro.hpp"
#include "eddy/flow/sleep.hpp"

// What the tests of child processes share.

namespace eddy::testing {

inline bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

/// A folder that goes with this object.
class scratch_folder {
 public:
  scratch_folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "eddy_process_XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  scratch_folder(const scratch_folder&) = delete;
  scratch_folder& operator=(const scratch_folder&) = delete;
  ~scratch_folder() { std::filesystem::remove_all(path_); }

  const std::filesystem::path& path() const noexcept { return path_; }
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }
  /// @returns its path.
  std::string file(const std::string& name, std::string_view content, mode_t mode = 0644) const {
    const std::string path = *this / name;
    std::ofstream(path) << content;
    ::chmod(path.c_str(), mode);
    return path;
  }

 private:
  std::filesystem::path path_;
};

inline std::string content_of(const std::string& path) {
  std::ifstream from(path);
  return {std::istreambuf_iterator<char>(from), {}};
}

/// 'R', 'S', 'Z', ...; 0 when there is no such process.
inline char state_of(int pid) {
  const std::string stat = content_of("/proc/" + std::to_string(pid) + "/stat");
  const std::size_t end = stat.rfind(')');
  return end == std::string::npos || end + 2 >= stat.size() ? '\0' : stat[end + 2];
}

/// Whether a process runs; one that has ended and that its new parent has not reaped does not.
inline bool runs(int pid) {
  const char state = state_of(pid);
  return state != '\0' && state != 'Z' && state != 'X';
}

/// Waits until a process has gone: for ever, since the test's own limit ends that.
inline coro<> gone(int pid) {
  while (runs(pid)) co_await sleep(std::chrono::milliseconds(1));
}

/// The `E` that `body` throws; empty when it throws nothing.
template <class E, class T>
coro<std::optional<E>> thrown_by(coro<T> body) {
  try {
    co_await std::move(body);
  } catch (const E& error) {
    co_return std::optional<E>(error);
  }
  co_return std::nullopt;
}

}  // namespace eddy::testing
