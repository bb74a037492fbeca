// SPDX-License-Identifier: BSL-1.0
#include "eddy/os/detail/folder_reader.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace eddy::detail {

long folder_reader::fill(int folder) noexcept {
  at_ = end_ = 0;
  long count = 0;
  do count = ::syscall(SYS_getdents64, folder, bytes_.data(), bytes_.size());
  while (count < 0 && errno == EINTR);
  if (count < 0) return -errno;
  end_ = static_cast<std::size_t>(count);
  return count;
}

const folder_reader::entry* folder_reader::next() noexcept {
  while (at_ < end_) {
    const std::byte* const place = bytes_.data() + at_;
    unsigned short length = 0;
    std::memcpy(&length, place + offsetof(dirent64, d_reclen), sizeof length);
    at_ += length;
    const char* const name = reinterpret_cast<const char*>(place + offsetof(dirent64, d_name));
    if (std::strcmp(name, ".") == 0 || std::strcmp(name, "..") == 0) continue;
    entry_ = entry{name, static_cast<unsigned char>(place[offsetof(dirent64, d_type)])};
    return &entry_;
  }
  return nullptr;
}

std::filesystem::file_type type_of_entry(int folder, const folder_reader::entry& entry) noexcept {
  using std::filesystem::file_type;
  unsigned char type = entry.type;
  struct stat found{};
  if (type == DT_UNKNOWN && ::fstatat(folder, entry.name, &found, AT_SYMLINK_NOFOLLOW) == 0)
    type = static_cast<unsigned char>(IFTODT(found.st_mode));
  switch (type) {
    case DT_REG:
      return file_type::regular;
    case DT_DIR:
      return file_type::directory;
    case DT_LNK:
      return file_type::symlink;
    case DT_FIFO:
      return file_type::fifo;
    case DT_SOCK:
      return file_type::socket;
    case DT_CHR:
      return file_type::character;
    case DT_BLK:
      return file_type::block;
    default:
      return file_type::unknown;
  }
}

}  // namespace eddy::detail
