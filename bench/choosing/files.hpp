// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <filesystem>
#include <vector>

// Reads small files, which the system has in its memory already, and counts their bytes of one kind.

namespace choosing {

/// Files of 4 KiB in a folder of their own, which goes with the object.
class small_files {
 public:
  explicit small_files(int count);
  ~small_files();
  small_files(const small_files&) = delete;
  small_files& operator=(const small_files&) = delete;

  const std::vector<std::filesystem::path>& paths() const noexcept { return paths_; }

 private:
  std::filesystem::path folder_;
  std::vector<std::filesystem::path> paths_;
};

/// One after the other.
long files_in_a_loop(const small_files& files);
/// On as many threads as there are cores.
long files_in_threads(const small_files& files);
/// A coroutine each, which give the reading to to_thread.
long files_in_coroutines(const small_files& files);

}  // namespace choosing
