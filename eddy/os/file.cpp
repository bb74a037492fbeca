// SPDX-License-Identifier: BSL-1.0
#include "eddy/os/file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "eddy/flow/sleep.hpp"
#include "eddy/os/detail/file_failure.hpp"
#include "eddy/os/detail/file_job.hpp"

namespace eddy {

namespace detail {

namespace {

/// Once begun it cannot be taken back: the descriptor is nobody else's any more.
class close_operation final : public leaf<close_operation>, public file_request {
 public:
  explicit close_operation(file_ref core) noexcept : core_(std::move(core)) { call = file_call::close; }
  close_operation(close_operation&&) = default;

  bool try_complete() {
    if (core_->under_way != 0)
      throw misuse_error("close: another task reads or writes " + core_->path.string() + "; await or cancel it first");
    const bool at_once = core_->closes_at_once();
    fd = core_->give_up();
    if (fd >= 0 && at_once) perform(*this);
    return fd < 0 || at_once;
  }
  void begin() {
    try {
      core_->engine().start(*this);
    } catch (...) {
      perform(*this);
      throw;
    }
  }
  bool take_back() noexcept { return false; }
  std::int64_t await_resume() const noexcept { return result; }
  std::string describe() const override { return "file::close(" + core_->path.string() + ")"; }

 private:
  void done() noexcept override { context_->completed(); }

  file_ref core_;
};

}  // namespace

}  // namespace detail

using detail::file_call;
using detail::transfer_operation;

namespace {

constexpr std::size_t first_step = 16 * 1024;
constexpr std::size_t most_at_once = 1024 * 1024;

/// Reads at the position into the end of `text`, which grows by what came. @returns bytes.
coro<std::size_t> read_more(const detail::file_ref& from, std::string& text, std::size_t most) {
  const std::size_t before = text.size();
  text.resize(before + most);
  std::size_t count = 0;
  try {
    count =
        co_await transfer_operation(from, file_call::read, text.data() + before, most, transfer_operation::at_position);
  } catch (...) {
    text.resize(before);
    throw;
  }
  text.resize(before + count);
  co_return count;
}

coro<> write_fully(const detail::file_ref& to, std::span<const std::byte> bytes, std::int64_t where) {
  while (!bytes.empty()) {
    const std::size_t count =
        co_await transfer_operation(to, file_call::write, const_cast<std::byte*>(bytes.data()), bytes.size(), where);
    if (count == 0) detail::throw_file_error("write", to->path, EIO);
    bytes = bytes.subspan(count);
    if (where >= 0) where += static_cast<std::int64_t>(count);
  }
}

coro<> sync_now(detail::file_ref core, bool data_only) {
  detail::file_operation op(core->engine(), file_call::sync, "file::sync");
  op.fd = core->target.fd;
  op.flags = data_only ? 1 : 0;
  const std::int64_t result = co_await op;
  if (result < 0) detail::throw_file_error(data_only ? "sync_data" : "sync", core->path, static_cast<int>(-result));
}

}  // namespace

file file::adopt(int fd, std::filesystem::path name) {
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags < 0) detail::throw_file_error("adopt", name, errno);
  return file(detail::file_ref(detail::file_core::make(event_loop::current(), fd, std::move(name), flags)));
}

const detail::file_ref& file::usable(const char* what) const {
  if (!is_open()) throw closed_error(std::string("cannot ") + what + ": the file is closed");
  return core_;
}

const detail::file_ref& file::with_position(const char* what) const {
  if (usable(what)->watched()) detail::throw_file_error(what, core_->path, ESPIPE);
  return core_;
}

coro<std::string> file::read(std::size_t max) {
  std::string text;
  const detail::file_ref core = usable("read");
  co_await read_more(core, text, max);
  co_return text;
}

coro<> file::read_exactly(std::span<std::byte> out) {
  const detail::file_ref core = usable("read_exactly");
  std::size_t done = 0;
  while (done < out.size()) {
    const auto rest = out.subspan(done);
    const std::size_t count =
        co_await transfer_operation(core, file_call::read, rest.data(), rest.size(), transfer_operation::at_position);
    if (count == 0)
      throw incomplete_read_error(std::string(reinterpret_cast<const char*>(out.data()), done), out.size());
    done += count;
  }
}

coro<std::string> file::read_all(std::size_t limit) {
  const detail::file_ref core = usable("read_all");
  std::string text;
  // What is left of the size that it had is asked for in one piece, with a byte more: so much, and no more, is the end.
  const std::int64_t left = core->first_size() - (core->watched() ? 0 : core->position);
  const std::size_t expected = left > 0 ? static_cast<std::size_t>(left) : 0;
  std::size_t step = expected != 0 ? expected + 1 : first_step;
  while (true) {
    const std::size_t room = limit == std::numeric_limits<std::size_t>::max() ? limit : limit - text.size() + 1;
    if (text.capacity() < text.size() + std::min(step, room)) text.reserve(text.size() + std::min(step, room));
    const std::size_t wanted = std::min({step, room, most_at_once});
    const std::size_t count = co_await read_more(core, text, wanted);
    if (text.size() > limit) throw limit_overrun_error(core->path.string(), limit);
    if (count == 0 || (text.size() == expected && count < wanted)) co_return text;
    step = step > count ? step - count : std::max(first_step, text.size());
  }
}

coro<> file::write(std::span<const std::byte> bytes) {
  const detail::file_ref core = usable("write");
  co_await write_fully(core, bytes, transfer_operation::at_position);
}

coro<std::size_t> file::read_at(std::uint64_t offset, std::span<std::byte> out) {
  const detail::file_ref core = usable("read_at");
  std::size_t done = 0;
  while (done < out.size()) {
    const auto rest = out.subspan(done);
    const std::size_t count = co_await transfer_operation(core, file_call::read, rest.data(), rest.size(),
                                                          static_cast<std::int64_t>(offset + done));
    if (count == 0) break;
    done += count;
  }
  co_return done;
}

coro<> file::write_at(std::uint64_t offset, std::span<const std::byte> bytes) {
  const detail::file_ref core = usable("write_at");
  co_await write_fully(core, bytes, static_cast<std::int64_t>(offset));
}

std::uint64_t file::tell() const { return static_cast<std::uint64_t>(with_position("tell")->position); }

void file::seek(std::uint64_t position) {
  const detail::file_ref& core = with_position("seek");
  if (position > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
    detail::throw_file_error("seek", core->path, EINVAL);
  if (core->reads_here || core->writes_here)
    throw misuse_error("seek while a read or write of " + core->path.string() + " is under way; await it first");
  core->position = static_cast<std::int64_t>(position);
}

std::uint64_t file::seek_by(std::int64_t distance) {
  const std::int64_t target = with_position("seek")->position + distance;
  if (target < 0) detail::throw_file_error("seek", core_->path, EINVAL);
  seek(static_cast<std::uint64_t>(target));
  return static_cast<std::uint64_t>(target);
}

coro<std::uint64_t> file::seek_end(std::int64_t distance) {
  const detail::file_ref core = with_position("seek");
  const file_info info = co_await status();
  const std::int64_t target = static_cast<std::int64_t>(info.size) + distance;
  if (target < 0) detail::throw_file_error("seek", core->path, EINVAL);
  core->position = target;
  co_return static_cast<std::uint64_t>(target);
}

coro<> file::sync() { return sync_now(usable("sync"), false); }
coro<> file::sync_data() { return sync_now(usable("sync"), true); }

coro<> file::truncate(std::uint64_t size) {
  const detail::file_ref core = usable("truncate");
  auto cut = [&](const detail::stop_flag&) {
    detail::checked(::ftruncate(core->target.fd, static_cast<off_t>(size)), "truncate", core->path);
  };
  co_await detail::file_job(core->engine(), cut, "file::truncate");
}

coro<file_info> file::status() const {
  const detail::file_ref core = usable("status");
  struct statx found{};
  detail::file_operation op(core->engine(), file_call::status, "file::status");
  op.fd = core->target.fd;
  op.path = "";
  op.flags = AT_EMPTY_PATH;
  op.mode = STATX_BASIC_STATS | STATX_BTIME;
  op.data = &found;
  const std::int64_t result = co_await op;
  if (result < 0) detail::throw_file_error("status", core->path, static_cast<int>(-result));
  co_return file_info::from_system(found);
}

coro<> file::close() {
  if (!is_open()) co_return;
  const detail::file_ref core = core_;
  const std::int64_t result = co_await detail::close_operation(core);
  if (result < 0) detail::throw_file_error("close", core->path, static_cast<int>(-result));
}

// -- lines ------------------------------------------------------------------------------------------------------------

std::optional<std::string> file_lines::take(std::size_t end, std::size_t with_break) {
  std::size_t length = end - begin_;
  if (with_break != end && length != 0 && buffer_[end - 1] == '\r') --length;
  std::string line = buffer_.substr(begin_, length);
  begin_ = searched_ = with_break;
  return line;
}

coro<std::optional<std::string>> file_lines::next() {
  co_await checkpoint();
  while (true) {
    const std::size_t end = buffer_.find('\n', searched_);
    if (end != std::string::npos && end - begin_ <= limit_ + 1) co_return take(end, end + 1);
    if (end != std::string::npos || buffer_.size() - begin_ > limit_ + 1)
      throw limit_overrun_error("a line of " + file_->path.string(), limit_);
    searched_ = buffer_.size();
    if (ended_) {
      if (begin_ == buffer_.size()) co_return std::nullopt;
      co_return take(buffer_.size(), buffer_.size());
    }
    buffer_.erase(0, begin_);
    searched_ -= std::exchange(begin_, 0);
    const std::size_t before = buffer_.size();
    buffer_.resize(before + file::default_limit);
    struct trim {  // also when the read is cancelled: what is there stays
      std::string& text;
      std::size_t size;
      ~trim() { text.resize(size); }
    } at_end{buffer_, before};
    const std::size_t count = co_await transfer_operation(file_, file_call::read, buffer_.data() + before,
                                                          file::default_limit, transfer_operation::at_position);
    at_end.size = before + count;
    ended_ = count == 0;
  }
}

detail::transfer_operation file::read_some(std::span<std::byte> out) noexcept {
  return {core_, detail::file_call::read, out.data(), out.size(), detail::transfer_operation::at_position};
}

detail::transfer_operation file::read_some(std::span<char> out) noexcept {
  return read_some(std::as_writable_bytes(out));
}

coro<> file::read_exactly(std::span<char> out) { return read_exactly(std::as_writable_bytes(out)); }

coro<> file::write(std::string_view text) { return write(std::as_bytes(std::span(text))); }

coro<std::size_t> file::read_at(std::uint64_t offset, std::span<char> out) {
  return read_at(offset, std::as_writable_bytes(out));
}

coro<> file::write_at(std::uint64_t offset, std::string_view text) {
  return write_at(offset, std::as_bytes(std::span(text)));
}

}  // namespace eddy
