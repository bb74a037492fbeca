// SPDX-License-Identifier: BSL-1.0
#include "eddy/os/file_info.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "eddy/os/detail/file_failure.hpp"
#include "eddy/os/detail/file_job.hpp"
#include "eddy/os/file_name.hpp"

namespace eddy {

namespace {

using std::filesystem::file_type;

file_type type_of(unsigned mode) noexcept {
  switch (mode & S_IFMT) {
    case S_IFREG:
      return file_type::regular;
    case S_IFDIR:
      return file_type::directory;
    case S_IFLNK:
      return file_type::symlink;
    case S_IFBLK:
      return file_type::block;
    case S_IFCHR:
      return file_type::character;
    case S_IFIFO:
      return file_type::fifo;
    case S_IFSOCK:
      return file_type::socket;
    default:
      return file_type::unknown;
  }
}

file_info::time time_of(const statx_timestamp& stamp) noexcept {
  return file_info::time(std::chrono::seconds(stamp.tv_sec) + std::chrono::nanoseconds(stamp.tv_nsec));
}

coro<int> look(const std::filesystem::path& path, int flags, file_info& into) {
  detail::check_path(path.native());
  struct statx found{};
  detail::file_operation op(detail::current_file_engine(), detail::file_call::status, "file_status");
  op.fd = AT_FDCWD;
  op.path = path.c_str();
  op.flags = flags;
  op.mode = STATX_BASIC_STATS | STATX_BTIME;
  op.data = &found;
  const std::int64_t result = co_await op;
  if (result == 0) into = file_info::from_system(found);
  co_return static_cast<int>(-result);
}

}  // namespace

file_info file_info::from_system(const struct ::statx& found) noexcept {
  file_info info;
  info.type = type_of(found.stx_mode);
  info.permissions = static_cast<std::filesystem::perms>(found.stx_mode & 07777U);
  info.size = found.stx_size;
  info.allocated = found.stx_blocks * 512;
  info.links = found.stx_nlink;
  info.inode = found.stx_ino;
  info.device = makedev(found.stx_dev_major, found.stx_dev_minor);
  info.owner = found.stx_uid;
  info.group = found.stx_gid;
  info.accessed = time_of(found.stx_atime);
  info.modified = time_of(found.stx_mtime);
  info.changed = time_of(found.stx_ctime);
  if ((found.stx_mask & STATX_BTIME) != 0) info.created = time_of(found.stx_btime);
  return info;
}

coro<file_info> file_status(std::filesystem::path path) {
  file_info info;
  const int error = co_await look(path, 0, info);
  if (error != 0) detail::throw_file_error("file_status", path, error);
  co_return info;
}

coro<file_info> symlink_status(std::filesystem::path path) {
  file_info info;
  const int error = co_await look(path, AT_SYMLINK_NOFOLLOW, info);
  if (error != 0) detail::throw_file_error("symlink_status", path, error);
  co_return info;
}

coro<bool> exists(std::filesystem::path path) {
  file_info info;
  const int error = co_await look(path, 0, info);
  if (error != 0 && error != ENOENT && error != ENOTDIR) detail::throw_file_error("exists", path, error);
  co_return error == 0;
}

}  // namespace eddy
