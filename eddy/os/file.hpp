// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "eddy/coro/coro.hpp"
#include "eddy/net/errors.hpp"
#include "eddy/os/detail/transfer_operation.hpp"
#include "eddy/os/file_info.hpp"

namespace eddy {

/// The lines of a file, one at a time: made by file::lines().
///
/// It reads ahead, 64 KiB at a time, and the file's position with it: end the lines before you read otherwise.
///
/// **Cancellation.** A line comes whole or stays: cancelled or timed out, call next() again (L12).
/// **In asyncio.** `async for line in f` of aiofiles.
class file_lines {
 public:
  file_lines(detail::file_ref file, std::size_t limit) noexcept : file_(std::move(file)), limit_(limit) {}

  /// The next line without its "\n" or "\r\n"; nothing at the end. The last one may lack its end.
  ///
  /// @throws limit_overrun_error  It is longer than the limit.  @throws std::filesystem::filesystem_error
  coro<std::optional<std::string>> next();

 private:
  std::optional<std::string> take(std::size_t end, std::size_t with_break);

  detail::file_ref file_;
  std::size_t limit_;
  std::string buffer_;
  std::size_t begin_ = 0;     // of what was not handed out
  std::size_t searched_ = 0;  // there is no "\n" before
  bool ended_ = false;
};

/// An open file, made by open_file(). For a whole file in one step use read_file() and its neighbours.
///
/// | what | with |
/// |---|---|
/// | some bytes where the file stands | `read_some`, `read`, `write_some` |
/// | all that was asked for | `read_exactly`, `read_all`, `write` |
/// | at an offset, from as many tasks as you like | `read_at`, `write_at` |
/// | line by line | `lines` |
///
/// What the page cache has is read at once, without a thread or a ring. Pipes, FIFOs and terminals wait for readiness
/// on the loop, whoever takes how long; a FIFO that no writer has opened yet is no end of the file, the first read
/// waits for one.
///
/// **Cancellation.** Every read, and every single write, is a cancellation point and atomic: cancelled means that the
/// position has not moved; what has been written is reported as done. An operation that the disk is busy with is waited
/// for. write(), write_at() and read_exactly() of more than one step may be cancelled between two; the position tells
/// how far they have come.
/// **Thread safety.** On its own loop's thread. One task at a time where the file stands; any number at offsets.
/// **Lifetime.** The destructor closes without blocking the loop; an error of the system is known to close() alone.
/// Operations under way keep the file open until they have ended.
/// **In asyncio.** The files of aiofiles.
class file {
 public:
  static constexpr std::size_t default_limit = 64 * 1024;  // bytes of a line, or of a read()

  /// A closed one; only to be assigned to.
  file() noexcept = default;
  file(file&&) noexcept = default;
  file& operator=(file&&) noexcept = default;
  ~file() = default;

  /// Takes over a descriptor that was opened elsewhere; it is closed also when this throws. One that can be polled has
  /// to be non-blocking. @param name  For errors.  @throws std::system_error
  static file adopt(int fd, std::filesystem::path name);

  bool is_open() const noexcept { return core_ && !core_->closed; }
  explicit operator bool() const noexcept { return is_open(); }
  const std::filesystem::path& path() const noexcept { return core_->path; }
  int native_handle() const noexcept { return core_->target.fd; }
  /// Whether it has a position: a regular file, not a pipe, FIFO or terminal.
  bool seekable() const noexcept { return core_ && !core_->watched(); }

  /// Reads what there is, at least 1 byte.
  ///
  /// @param out  Borrowed: it has to outlive the await.
  /// @returns bytes, in the front of `out`; 0 at the end of the file (and for an empty `out`).
  /// @throws std::filesystem::filesystem_error  @throws closed_error  It was closed.
  [[nodiscard]] detail::transfer_operation read_some(std::span<std::byte> out) noexcept;
  [[nodiscard]] detail::transfer_operation read_some(std::span<char> out) noexcept;
  /// Reads what there is, at most `max` bytes; empty at the end of the file.
  ///
  /// **In asyncio.** `await f.read(n)`.
  coro<std::string> read(std::size_t max = default_limit);
  /// Reads until `out` is full. @throws incomplete_read_error  The file ended first; `partial()` is what there was.
  coro<> read_exactly(std::span<std::byte> out);
  coro<> read_exactly(std::span<char> out);
  /// Reads up to the end of the file, whatever size it is said to have (those in /proc have none).
  ///
  /// @param limit  Bytes.  @throws limit_overrun_error  There are more; the position is behind what was read.
  ///
  /// **In asyncio.** `await f.read()`.
  coro<std::string> read_all(std::size_t limit = std::numeric_limits<std::size_t>::max());
  /// The lines from where the file stands: `auto lines = f.lines(); while (auto line = co_await lines.next()) ...`
  ///
  /// @param limit  Bytes of a line without its end.
  [[nodiscard]] file_lines lines(std::size_t limit = default_limit) { return {usable("lines"), limit}; }

  /// Writes some of `bytes`, at least 1. @returns how many.
  [[nodiscard]] detail::transfer_operation write_some(std::span<const std::byte> bytes) noexcept {
    return {core_, detail::file_call::write, const_cast<std::byte*>(bytes.data()), bytes.size(),
            detail::transfer_operation::at_position};
  }
  /// Writes all of `bytes`, which have to outlive the await; in mode "a" at the end of the file.
  ///
  /// **In asyncio.** `await f.write(data)`.
  coro<> write(std::span<const std::byte> bytes);
  coro<> write(std::string_view text);

  /// Reads at an offset until `out` is full or the file ends. The file's position stays. @returns bytes.
  coro<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out);
  coro<std::size_t> read_at(std::uint64_t offset, std::span<char> out);
  /// Writes all of `bytes` at an offset, which may lie beyond the end; in mode "a" the system appends all the same.
  coro<> write_at(std::uint64_t offset, std::span<const std::byte> bytes);
  coro<> write_at(std::uint64_t offset, std::string_view text);

  /// Where the next read or write begins; bytes from the beginning. @throws std::filesystem::filesystem_error  ESPIPE
  std::uint64_t tell() const;
  /// Moves there. Beyond the end of the file is allowed.
  void seek(std::uint64_t position);
  /// Moves relative to where the file stands, or to its end. @returns where that is.
  std::uint64_t seek_by(std::int64_t distance);
  coro<std::uint64_t> seek_end(std::int64_t distance = 0);

  /// Returns when the system has brought content and status to the disk, or the content with what it takes to find it.
  ///
  /// **In asyncio.** `os.fsync`, `os.fdatasync` on a thread.
  coro<> sync();
  coro<> sync_data();
  /// Cuts the file to `size` bytes, or lengthens it by a hole. The position stays.
  coro<> truncate(std::uint64_t size);
  coro<file_info> status() const;

  /// Closes, and tells what went wrong with late writes. Idempotent. @throws misuse_error  A read or write of another
  /// task is under way: cancel or await it first.
  ///
  /// **Cancellation.** A cancellation point before it begins; then the file stays open. Once begun it closes.
  coro<> close();
  /// For `with`: close().
  coro<> aexit() { return close(); }

  /// For open_file.
  explicit file(detail::file_ref core) noexcept : core_(std::move(core)) {}

 private:
  /// @throws closed_error
  const detail::file_ref& usable(const char* what) const;
  const detail::file_ref& with_position(const char* what) const;

  detail::file_ref core_;
};

}  // namespace eddy
