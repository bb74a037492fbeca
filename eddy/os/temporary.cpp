// SPDX-License-Identifier: BSL-1.0
#include "eddy/os/temporary.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

#include "eddy/os/detail/file_failure.hpp"
#include "eddy/os/detail/file_job.hpp"
#include "eddy/os/detail/temporary_name.hpp"
#include "eddy/os/detail/tree_removal.hpp"
#include "eddy/os/file_name.hpp"

namespace eddy {

namespace {

using detail::current_file_engine;
using detail::stop_flag;
using std::filesystem::path;

constexpr int most_tries = 100;

path usual_folder() {
  const char* wanted = std::getenv("TMPDIR");
  return wanted != nullptr && *wanted != '\0' ? wanted : "/tmp";
}

/// Calls `make(name)` with new names until one is free. @returns what it gave, which is not negative.
template <class F>
int with_free_name(const char* operation, const path& folder, const std::string& prefix, path& name, F make) {
  int result = -1;
  for (int tries = 0; tries < most_tries; ++tries) {
    name = detail::name_in(folder, prefix);
    result = make(name);
    if (result >= 0 || (errno != EEXIST && errno != EINTR)) break;
  }
  return detail::checked(result, operation, folder);
}

int make_file(const path& name) {
  return ::open(name.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0600);
}

int make_nameless(const path& folder) {
  const int made = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  // EISDIR: an old kernel; EOPNOTSUPP: a file system that cannot.
  if (made >= 0 || (errno != EISDIR && errno != EOPNOTSUPP && errno != EINVAL))
    return detail::checked(made, "temporary_file", folder);
  path name;
  const int fd = with_free_name("temporary_file", folder, ".eddy-", name, make_file);
  ::unlink(name.c_str());
  return fd;
}

file opened(int fd, path name) {
  return file(detail::file_ref(detail::file_core::make(event_loop::current(), fd, std::move(name), O_RDWR)));
}

}  // namespace

temporary_file::temporary_file() : folder_(usual_folder()) {}

coro<file&> temporary_file::aenter() {
  detail::check_path(folder_.native());
  auto job = [this](const stop_flag&) { return make_nameless(folder_); };
  const int fd = co_await detail::file_job(current_file_engine(), job, "temporary_file");
  file_ = opened(fd, folder_ / "(temporary)");
  co_return file_;
}

named_temporary_file::named_temporary_file() : named_temporary_file(usual_folder()) {}

coro<file&> named_temporary_file::aenter() {
  detail::check_path(folder_.native());
  detail::check_path(prefix_);
  path name;
  auto job = [&](const stop_flag&) {
    return with_free_name("named_temporary_file", folder_, prefix_, name, make_file);
  };
  const int fd = co_await detail::file_job(current_file_engine(), job, "named_temporary_file");
  file_ = opened(fd, name);
  co_return file_;
}

coro<> named_temporary_file::aexit() {
  const path name = file_.path();
  auto job = [&](const stop_flag&) {
    if (::unlink(name.c_str()) != 0 && errno != ENOENT) detail::throw_file_error("named_temporary_file", name, errno);
  };
  co_await detail::file_job(current_file_engine(), job, "named_temporary_file");
  co_await file_.close();
}

temporary_directory::temporary_directory() : temporary_directory(usual_folder()) {}

coro<const path&> temporary_directory::aenter() {
  detail::check_path(folder_.native());
  detail::check_path(prefix_);
  path name;
  auto job = [&](const stop_flag&) {
    with_free_name("temporary_directory", folder_, prefix_, name,
                   [](const path& at) { return ::mkdir(at.c_str(), 0700); });
  };
  co_await detail::file_job(current_file_engine(), job, "temporary_directory");
  path_ = std::move(name);
  co_return path_;
}

coro<> temporary_directory::aexit() {
  auto job = [this](const stop_flag& stop) { detail::remove_tree("temporary_directory", path_, stop); };
  co_await detail::file_job(current_file_engine(), job, "temporary_directory");
}

}  // namespace eddy
