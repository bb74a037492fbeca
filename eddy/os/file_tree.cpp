// SPDX-License-Identifier: BSL-1.0
#include "eddy/os/file_tree.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <string>

#include "eddy/os/detail/file_failure.hpp"
#include "eddy/os/detail/file_job.hpp"
#include "eddy/os/detail/tree_removal.hpp"
#include "eddy/os/file_name.hpp"

namespace eddy {

namespace {

using detail::current_file_engine;
using detail::file_job;
using detail::stop_flag;
using std::filesystem::path;

bool is_folder(const path& at) noexcept {
  struct stat found{};
  return ::stat(at.c_str(), &found) == 0 && S_ISDIR(found.st_mode);
}

/// @returns whether it made it; one that is there is as good.
bool make_folder(const char* operation, const path& at, bool last = true) {
  if (::mkdir(at.c_str(), 0777) == 0) return true;
  const int error = errno;
  if (error == EEXIST && is_folder(at)) return false;
  detail::throw_file_error(operation, at, error == EEXIST && !last ? ENOTDIR : error);
}

bool make_folders(const path& whole, const stop_flag& stop) {
  if (is_folder(whole)) return false;
  bool made = false;
  path at;
  for (const path& part : whole) {
    stop.check();
    at /= part;
    // A folder above may stand where this process may not make any (EROFS, EACCES).
    if (part.empty() || is_folder(at)) continue;
    made = make_folder("create_directories", at, at == whole) || made;
  }
  return made;
}

}  // namespace

coro<bool> remove(path at) {
  detail::check_path(at.native());
  auto job = [&](const stop_flag&) {
    if (::remove(at.c_str()) == 0) return true;
    if (errno == ENOENT || errno == ENOTDIR) return false;
    detail::throw_file_error("remove", at, errno);
  };
  co_return co_await file_job(current_file_engine(), job, "remove");
}

coro<std::uint64_t> remove_all(path at) {
  detail::check_path(at.native());
  auto job = [&](const stop_flag& stop) { return detail::remove_tree("remove_all", at, stop); };
  co_return co_await file_job(current_file_engine(), job, "remove_all");
}

coro<> rename(path from, path to) {
  detail::check_path(from.native());
  detail::check_path(to.native());
  auto job = [&](const stop_flag&) {
    if (::rename(from.c_str(), to.c_str()) != 0) detail::throw_file_error("rename", from, to, errno);
  };
  co_await file_job(current_file_engine(), job, "rename");
}

coro<bool> create_directory(path at) {
  detail::check_path(at.native());
  auto job = [&](const stop_flag&) { return make_folder("create_directory", at); };
  co_return co_await file_job(current_file_engine(), job, "create_directory");
}

coro<bool> create_directories(path at) {
  detail::check_path(at.native());
  auto job = [&](const stop_flag& stop) { return make_folders(at, stop); };
  co_return co_await file_job(current_file_engine(), job, "create_directories");
}

coro<> create_symlink(path target, path link) {
  detail::check_path(target.native());
  detail::check_path(link.native());
  auto job = [&](const stop_flag&) {
    if (::symlink(target.c_str(), link.c_str()) != 0) detail::throw_file_error("create_symlink", target, link, errno);
  };
  co_await file_job(current_file_engine(), job, "create_symlink");
}

coro<> create_hard_link(path target, path link) {
  detail::check_path(target.native());
  detail::check_path(link.native());
  auto job = [&](const stop_flag&) {
    if (::link(target.c_str(), link.c_str()) != 0) detail::throw_file_error("create_hard_link", target, link, errno);
  };
  co_await file_job(current_file_engine(), job, "create_hard_link");
}

coro<path> read_symlink(path link) {
  detail::check_path(link.native());
  auto job = [&](const stop_flag&) {
    std::string target(256, '\0');
    while (true) {
      const auto count = static_cast<std::size_t>(
          detail::checked(::readlink(link.c_str(), target.data(), target.size()), "read_symlink", link));
      if (count < target.size()) return path(target.substr(0, count));
      target.resize(2 * target.size());
    }
  };
  co_return co_await file_job(current_file_engine(), job, "read_symlink");
}

coro<> set_permissions(path at, std::filesystem::perms allowed) {
  detail::check_path(at.native());
  auto job = [&](const stop_flag&) {
    detail::checked(::chmod(at.c_str(), static_cast<mode_t>(allowed)), "set_permissions", at);
  };
  co_await file_job(current_file_engine(), job, "set_permissions");
}

}  // namespace eddy
