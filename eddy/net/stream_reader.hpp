// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "eddy/coro/coro.hpp"
#include "eddy/coro/leaf.hpp"
#include "eddy/net/byte_buffer.hpp"
#include "eddy/net/errors.hpp"
#include "eddy/net/transport.hpp"

namespace eddy {

class stream_reader;

namespace detail {

class connection;

/// Waits for bytes: straight into the caller's memory, or into the reader's buffer until it holds `at_least`. Atomic:
/// what has been received stays in the buffer.
///
/// Everything that await_resume needs is kept in the operation: it may be resumed after the stream has gone.
class receive_operation : public leaf<receive_operation>, public io_request {
 public:
  receive_operation(stream_reader& reader, void* out, std::size_t room) noexcept
      : reader_(&reader), wanted_(room), direct_(true) {
    data = out;  // kept in the request: a connection that waits is to cost little
  }
  receive_operation(stream_reader& reader, std::size_t at_least) noexcept : reader_(&reader), wanted_(at_least) {}
  receive_operation(receive_operation&&) = default;

  bool try_complete();
  void begin() const noexcept {}  // started by try_complete()
  bool take_back() noexcept;
  bool try_in_step() noexcept final;
  std::string describe() const override { return "stream_reader::read"; }

 protected:
  /// Bytes that were copied to the caller; for a fill the bytes that are buffered. @throws what went wrong.
  std::size_t checked_count() const {
    if (failure_ != 0) throw_stream_error(failure_, "read");
    return count_;
  }
  bool enough() const { return checked_count() >= wanted_; }

 private:
  friend class eddy::stream_reader;

  void completed() noexcept override;
  void ready() noexcept override { context_->can_try(); }
  void leave_closed() noexcept;
  bool settle() noexcept;  // from what is there already
  bool absorb() noexcept;  // from the request's result
  bool start();            // true: it is over
  void fail(int code) noexcept {
    failure_ = code;
    count_ = 0;
  }

  stream_reader* reader_;
  std::size_t wanted_;
  std::size_t count_ = 0;
  int failure_ = 0;
  bool direct_ = false;
};

class read_some_operation final : public receive_operation {
 public:
  using receive_operation::receive_operation;
  std::size_t await_resume() const { return checked_count(); }
};

class fill_operation final : public receive_operation {
 public:
  using receive_operation::receive_operation;
  bool await_resume() const { return enough(); }
};

}  // namespace detail

/// The lines of a stream, one at a time.
///
/// **Cancellation.** A line comes whole or stays whole in the stream: cancelled or timed out, call next() again (L12).
/// **In asyncio.** `async for line in reader`.
class stream_lines {
 public:
  explicit stream_lines(stream_reader& reader, std::size_t limit) noexcept : reader_(&reader), limit_(limit) {}
  /// As stream_reader::readline().
  coro<std::optional<std::string>> next();

 private:
  stream_reader* reader_;
  std::size_t limit_;
};

/// The reading side of a stream.
///
/// | what to read | with |
/// |---|---|
/// | whatever has come, into your memory | `read_some` |
/// | whatever has come, as a string | `read` |
/// | an exact number of bytes | `read_exactly` |
/// | up to a delimiter; a line; line by line | `read_until`; `readline`; `lines` |
/// | everything | `read_all` |
/// | feed a parser without a copy of your own | `fill`, `buffered`, `consume` |
///
/// Nothing is read ahead of a request, and a reader that waits with nothing buffered holds no buffer: it receives into
/// one that all connections of a loop share, and keeps what was not asked for. After an error of the system what had
/// come before can still be read; then every read throws it.
///
/// **Cancellation.** Every read is a cancellation point, also when the bytes are there, and atomic: bytes that were
/// received and not returned are what the next read starts with.
/// **Thread safety.** Distinct readers are independent. One reader: one read at a time, on its own loop's thread.
/// **Lifetime.** Lives in its stream.
/// **In asyncio.** `StreamReader`.
class stream_reader {
 public:
  static constexpr std::size_t default_limit = 64 * 1024;  // bytes of a line

  stream_reader(const stream_reader&) = delete;
  stream_reader& operator=(const stream_reader&) = delete;

  /// Reads what has come, at least 1 byte, waiting when there is nothing.
  ///
  /// @param out  Borrowed: it has to outlive the await.
  /// @returns bytes, in the front of `out`; 0 at the end of the stream (and for an empty `out`).
  /// @throws std::system_error  The transport failed.  @throws closed_error  This side closed the stream.
  ///
  /// **Complexity.** No allocation; one system call when nothing is buffered and something has come.
  [[nodiscard]] detail::read_some_operation read_some(std::span<std::byte> out) noexcept {
    return {*this, out.data(), out.size()};
  }
  [[nodiscard]] detail::read_some_operation read_some(std::span<char> out) noexcept {
    return {*this, out.data(), out.size()};
  }

  /// Reads what has come, at most `max` bytes; empty at the end of the stream.
  ///
  /// **In asyncio.** `StreamReader.read(n)`.
  coro<std::string> read(std::size_t max = default_limit);

  /// Reads until `out` is full, waiting as often as needed.
  ///
  /// @param out  Borrowed: it has to outlive the await. Its content is undefined after any other end.
  /// @throws incomplete_read_error  The stream ended first; `partial()` holds the bytes that came.
  ///
  /// **Cancellation.** Nothing is lost: the next read starts with the bytes that have come.
  /// **In asyncio.** `StreamReader.readexactly(n)`.
  coro<> read_exactly(std::span<std::byte> out);
  coro<> read_exactly(std::span<char> out);
  /// The same into a string of `count` bytes.
  coro<std::string> read_exactly(std::size_t count);

  /// Reads up to and including `delimiter`, which is not empty.
  ///
  /// @param limit  Bytes before the delimiter.
  /// @throws incomplete_read_error  The stream ended first; `partial()` holds what came.
  /// @throws limit_overrun_error    The delimiter does not come within the limit; the bytes stay, so that read() can
  /// have them.
  ///
  /// **In asyncio.** `StreamReader.readuntil`.
  coro<std::string> read_until(std::string delimiter, std::size_t limit = default_limit);

  /// Reads a line, without its "\n" or "\r\n"; nothing at the end of the stream. The last line may lack its end.
  ///
  /// @param limit  Bytes of a line without its end.
  /// @throws limit_overrun_error  The line is longer; the bytes stay.
  ///
  /// **In asyncio.** `StreamReader.readline`, which leaves the line's end on.
  coro<std::optional<std::string>> readline(std::size_t limit = default_limit);

  /// The lines as an object: `auto lines = reader.lines(); while (auto line = co_await lines.next()) ...`
  [[nodiscard]] stream_lines lines(std::size_t limit = default_limit) noexcept { return stream_lines(*this, limit); }

  /// Reads everything up to the end of the stream.
  ///
  /// @param limit  Bytes.  @throws limit_overrun_error  There is more; what has come stays.
  coro<std::string> read_all(std::size_t limit);

  /// Receives what has come, at least 1 byte more, into the reader's own buffer. @returns false at the end of the
  /// stream.
  ///
  /// With buffered() and consume() for parsers. The caller bounds what it lets pile up: a call adds 64 KiB at most.
  [[nodiscard]] detail::fill_operation fill() noexcept { return {*this, buffer_.size() + 1}; }
  /// The same until `count` bytes are buffered.
  [[nodiscard]] detail::fill_operation fill_to(std::size_t count) noexcept { return {*this, count}; }
  /// What was received and not read yet. Valid until the next call of this reader.
  std::string_view buffered() const noexcept { return buffer_.view(); }
  /// Drops the first `count` bytes of buffered(). @throws misuse_error  There are fewer.
  void consume(std::size_t count);

  /// Whether the peer has ended the stream and everything was read.
  bool at_end() const noexcept { return ended_ && buffer_.empty(); }

 private:
  friend class detail::receive_operation;
  friend class detail::connection;
  class put_back;

  stream_reader() noexcept = default;
  detail::connection& owner() noexcept;  // whose part it is

  std::string take(std::size_t count);
  /// Ends a read that waits: this side closes the stream. @returns whether nothing of it is left with the system.
  bool close() noexcept;

  detail::receive_operation* waiting_ = nullptr;
  detail::byte_buffer buffer_;
  int failure_ = 0;     // errno, or stream_closed: after the buffer every read gets it
  bool ended_ = false;  // the peer's end of the stream has been received
  bool large_ = false;  // so was what came last: see receive_operation::start()
};

}  // namespace eddy
