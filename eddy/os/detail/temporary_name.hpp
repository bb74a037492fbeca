// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <filesystem>
#include <string>
#include <utility>

#include "eddy/os/detail/owned_descriptor.hpp"

namespace eddy::detail {

/// A name beside `path` that nobody else has, as long as chance permits: `.<name>.<letters>.tmp`.
std::filesystem::path name_beside(const std::filesystem::path& path);
/// `<folder>/<prefix><letters>`
std::filesystem::path name_in(const std::filesystem::path& folder, const std::string& prefix);

/// Removes a file at its end unless it was kept; on the calling thread.
class removed_at_end {
 public:
  explicit removed_at_end(std::filesystem::path path = {}) : path_(std::move(path)) {}
  removed_at_end(const removed_at_end&) = delete;
  removed_at_end& operator=(const removed_at_end&) = delete;
  ~removed_at_end() {
    if (!path_.empty()) ::unlink(path_.c_str());
  }
  const std::filesystem::path& path() const noexcept { return path_; }
  void keep() noexcept { path_.clear(); }
  void set(std::filesystem::path path) noexcept { path_ = std::move(path); }

 private:
  std::filesystem::path path_;
};

/// A new file beside `target`, for what is going to take its place. @throws std::filesystem::filesystem_error
struct file_beside {
  file_beside(const char* operation, const std::filesystem::path& target, unsigned mode);
  owned_descriptor fd;
  removed_at_end name;
};

/// Brings it to the disk and renames it to `target`, then the folder. @throws std::filesystem::filesystem_error
void put_in_place(const char* operation, file_beside& made, const std::filesystem::path& target);

/// Where a path leads to when it is a symbolic link; else itself.
std::filesystem::path followed(const char* operation, const std::filesystem::path& path);

}  // namespace eddy::detail
