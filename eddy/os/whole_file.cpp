// SPDX-License-Identifier: BSL-1.0
#include "eddy/os/whole_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "eddy/os/detail/file_failure.hpp"
#include "eddy/os/detail/file_job.hpp"
#include "eddy/os/detail/owned_descriptor.hpp"
#include "eddy/os/detail/temporary_name.hpp"
#include "eddy/os/open_file.hpp"

namespace eddy {

namespace detail {

namespace {

/// A small file that lies in memory, opened, read and closed within one step. Atomic; never waits.
class quick_read final : public leaf<quick_read> {
 public:
  quick_read(file_engine& engine, const file_name& path) noexcept : engine_(&engine), path_(&path) {}
  quick_read(quick_read&&) = default;

  bool try_complete() {
    if (engine_->faults == nullptr) read();
    return true;
  }
  void begin() const noexcept {}
  bool take_back() const noexcept { return false; }
  /// The content; or nothing, and then descriptor() may stand at the beginning of the file.
  std::optional<std::string> await_resume() noexcept { return std::move(content_); }
  int descriptor() noexcept { return fd_.release(); }
  std::string describe() const override { return "read_file(" + path_->string() + ")"; }

 private:
  void read() {
    const int result = open_at_once(path_->c_str());
    if (result == -EAGAIN) return;
    if (result < 0) throw_file_error("read_file", path_->path(), -result);
    fd_.reset(result);
    // Pipes and terminals have no offsets, so nothing is taken from them here.
    const std::span<char> room = engine_->scratch();
    const std::int64_t count = read_at_once(result, room.data(), room.size(), 0);
    const bool some = count >= 0 && count < static_cast<std::int64_t>(room.size());
    if (!some) return;
    // Less than was asked for may be all that lies in memory, which comes by whole pages: only the end cuts one.
    // Otherwise the file's size tells, as lseek gives it for a third of what reading nothing costs. What has no size,
    // as in /proc, says 0, and is read on in the usual way.
    constexpr std::int64_t smallest_page = 4096;
    if (count % smallest_page == 0 && count != 0 && ::lseek(result, 0, SEEK_END) != count) {
      ::lseek(result, 0, SEEK_SET);
      return;
    }
    content_.emplace(room.data(), static_cast<std::size_t>(count));
    fd_.reset();
  }

  file_engine* engine_;
  const file_name* path_;
  owned_descriptor fd_;
  std::optional<std::string> content_;
};

}  // namespace

}  // namespace detail

namespace {

constexpr std::size_t one_write = std::size_t{1} << 20;

coro<> write_to(file_opening opening, std::string content) {
  detail::file_engine& engine = detail::current_file_engine();
  semaphore_permit permit = co_await engine.whole_files.acquire();
  file f = co_await std::move(opening);
  if (!f.seekable()) permit.release();  // whoever it waits for, other files do not
  co_await f.write(content);
  co_await f.close();
}

void write_all(int fd, const std::string& content, const std::filesystem::path& path, const detail::stop_flag& stop) {
  for (std::size_t done = 0; done < content.size();) {
    stop.check();
    const ssize_t count = ::write(fd, content.data() + done, std::min(one_write, content.size() - done));
    if (count < 0 && errno == EINTR) continue;
    done += static_cast<std::size_t>(detail::checked(count, "replace_file", path));
  }
}

/// Permissions before the content is there, owner before permissions: those two bits go with a change of owner.
void be_like(int fd, const struct stat& old, const std::filesystem::path& path) {
  // Not everybody may give files away; a group of one's own may still work.
  if (::fchown(fd, old.st_uid, old.st_gid) != 0) [[maybe_unused]]
    const int group = ::fchown(fd, static_cast<uid_t>(-1), old.st_gid);
  detail::checked(::fchmod(fd, old.st_mode & 07777U), "replace_file", path);
}

void replace_now(const std::filesystem::path& path, const std::string& content, const detail::stop_flag& stop) {
  const std::filesystem::path target = detail::followed("replace_file", path);
  struct stat old{};
  const bool there = ::stat(target.c_str(), &old) == 0;
  if (there && !S_ISREG(old.st_mode))
    detail::throw_file_error("replace_file", path, S_ISDIR(old.st_mode) ? EISDIR : ENOTSUP);
  detail::file_beside made("replace_file", target, there ? 0600 : 0666);
  if (there) be_like(made.fd.get(), old, path);
  write_all(made.fd.get(), content, path, stop);
  stop.check();
  detail::put_in_place("replace_file", made, target);
}

}  // namespace

coro<std::string> read_file(file_name path, std::size_t limit) {
  detail::file_engine& engine = detail::current_file_engine();
  semaphore_permit permit = co_await engine.whole_files.acquire();
  detail::quick_read quick(engine, path);
  std::optional<std::string> content = co_await quick;
  if (content && content->size() <= limit) co_return std::move(*content);
  if (content) throw limit_overrun_error(path.string(), limit);
  file f;
  if (const int fd = quick.descriptor(); fd >= 0)
    f = detail::opened_file(fd, path.path(), O_RDONLY);
  else
    f = co_await open_file(path.path());
  if (!f.seekable()) permit.release();  // whoever it waits for, other files do not
  co_return co_await f.read_all(limit);
}

coro<> write_file(std::filesystem::path path, std::string content) {
  return write_to(open_file(std::move(path), "w"), std::move(content));
}

coro<> append_file(std::filesystem::path path, std::string content) {
  return write_to(open_file(std::move(path), "a"), std::move(content));
}

coro<> replace_file(std::filesystem::path path, std::string content) {
  detail::check_path(path.native());
  auto job = [&](const detail::stop_flag& stop) { replace_now(path, content, stop); };
  co_await detail::file_job(detail::current_file_engine(), job, "replace_file");
}

}  // namespace eddy
