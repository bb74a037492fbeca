// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

namespace eddy::detail {

/// The names in a folder by way of its descriptor, a bufferful at a time; on the calling thread.
class folder_reader {
 public:
  static constexpr std::size_t buffer_size = 32 * 1024;

  struct entry {
    const char* name;    // valid until the next fill()
    unsigned char type;  // DT_REG and so on; DT_UNKNOWN when the file system does not say
  };

  /// Reads more. @returns bytes, 0 at the end; negative: -errno.
  long fill(int folder) noexcept;
  /// The next of what was read, without "." and ".."; null when that is used up.
  const entry* next() noexcept;

 private:
  alignas(8) std::array<std::byte, buffer_size> bytes_;
  std::size_t end_ = 0;
  std::size_t at_ = 0;
  entry entry_{};
};

/// What the type of an entry means; asks the system when the folder does not say.
std::filesystem::file_type type_of_entry(int folder, const folder_reader::entry& entry) noexcept;

}  // namespace eddy::detail
