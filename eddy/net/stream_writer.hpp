// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <sys/uio.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "eddy/base/intrusive_list.hpp"
#include "eddy/base/owned.hpp"
#include "eddy/coro/leaf.hpp"
#include "eddy/net/byte_buffer.hpp"
#include "eddy/net/errors.hpp"
#include "eddy/net/transport.hpp"

namespace eddy {

class stream_writer;

namespace detail {

class connection;

/// Waits for its turn to write, or until everything written before has gone. Writers stand in line, first in, first
/// out.
class write_operation final : public leaf<write_operation>, public list_hook {
 public:
  enum class goal : std::uint8_t { write, drain, end };

  write_operation(stream_writer& writer, iovec first, iovec second) noexcept
      : writer_(&writer), parts_{first, second} {}
  write_operation(stream_writer& writer, goal what) noexcept : writer_(&writer), goal_(what) {}
  write_operation(write_operation&&) = default;

  bool try_complete();
  void begin() noexcept;
  bool take_back() noexcept;
  void await_resume() const {
    if (failure_ != 0) throw_stream_error(failure_, "write");
  }
  std::string describe() const override;

 private:
  friend class eddy::stream_writer;

  std::size_t left() const noexcept { return parts_[0].iov_len + parts_[1].iov_len; }
  /// Drops the first `count` bytes: they were taken.
  void advance(std::size_t count) noexcept;
  void end_with(int code) noexcept {
    failure_ = code;
    context_->completed();
  }

  stream_writer* writer_;
  std::array<iovec, 2> parts_{};  // what has not been taken, in the caller's memory
  int failure_ = 0;
  goal goal_ = goal::write;
  bool begun_ = false;       // some bytes were taken: cancelling it now breaks the stream
  bool cancelling_ = false;  // it was cancelled while the system holds on to the caller's memory
};

/// A try without waiting.
struct write_request final : io_request {
  explicit write_request(std::array<iovec, 2>& parts) noexcept {
    kind = io_kind::send_parts;
    data = parts.data();
    size = parts.size();
  }
  void completed() noexcept override {}  // it is never started
};

}  // namespace detail

/// The writing side of a stream.
///
/// write() hands the bytes to the system at once as far as it takes them; what is left waits in a buffer of at most
/// `high` bytes, which the loop sends on its own. Only a write that would exceed that waits, straight from the caller's
/// memory, until at most `low` bytes are left. So memory is bounded whatever is written, and a small message needs no
/// drain().
///
/// An error stays: every later write throws it too.
///
/// **Cancellation.** Every call is a cancellation point. drain() and write_eof() are atomic. write() is progressive:
/// cancelled before any of its bytes were taken, it had no effect; cancelled after some were, the stream is broken and
/// every later write throws broken_stream_error. A write that fits into the buffer never waits, so it is never cut.
/// **Thread safety.** Only its loop's thread. Several tasks may write: each write goes out in one piece, in the order
/// of the calls.
/// **Lifetime.** Lives in its stream.
/// **In asyncio.** `StreamWriter`, whose `write` never waits and whose `drain` keeps the water marks.
class stream_writer {
 public:
  stream_writer(const stream_writer&) = delete;
  stream_writer& operator=(const stream_writer&) = delete;

  /// Writes all of `bytes`: to the system, or into the buffer.
  ///
  /// @param bytes  Borrowed: has to outlive the await. May be empty.
  /// @throws std::system_error, broken_stream_error, closed_error  The stream cannot be written to.
  ///
  /// **Complexity.** No allocation and one system call when the system takes it all.
  [[nodiscard]] detail::write_operation write(std::span<const std::byte> bytes) noexcept {
    return {*this, part_of(bytes), {}};
  }
  [[nodiscard]] detail::write_operation write(std::string_view text) noexcept {
    return {*this, part_of_text(text), {}};
  }
  /// Two pieces in one go, such as a head and a body: nothing gets between them and nothing is copied to join them.
  [[nodiscard]] detail::write_operation write(std::string_view first, std::string_view second) noexcept {
    return {*this, part_of_text(first), part_of_text(second)};
  }
  [[nodiscard]] detail::write_operation write(std::string_view first, std::span<const std::byte> second) noexcept {
    return {*this, part_of_text(first), part_of(second)};
  }

  /// Waits until everything written so far has been handed to the system.
  [[nodiscard]] detail::write_operation drain() noexcept { return {*this, detail::write_operation::goal::drain}; }

  /// Ends the outgoing direction after what was written so far: the peer reads the end of the stream. Reading goes on.
  [[nodiscard]] detail::write_operation write_eof() noexcept { return {*this, detail::write_operation::goal::end}; }

  /// Sets the water marks, in bytes, at most 4 GiB: defaults 64 KiB and 16 KiB. @throws misuse_error  `low` is above
  /// `high`.
  void set_water_marks(std::size_t high, std::size_t low);
  /// Bytes that this side holds and the system has not taken.
  std::size_t buffered() const noexcept { return backlog_ == nullptr ? 0 : backlog_->buffer.size(); }

 private:
  friend class detail::write_operation;
  friend class detail::connection;

  /// What the system has not taken, who waits for that, and the request under way. Made by the first write that is not
  /// taken at once, or for water marks: most connections never have one.
  struct backlog final : detail::runnable, detail::io_request {
    explicit backlog(stream_writer& w) noexcept : writer(w) {}
    void completed() noexcept override { writer.sent(); }
    void run() noexcept override { writer.pump_in_turn(); }
    bool empty() const noexcept { return buffer.empty() && line.empty(); }

    stream_writer& writer;
    detail::byte_buffer buffer;
    detail::intrusive_list<detail::write_operation> line;
    std::array<iovec, 3> parts{};  // of the request: the buffer, then what the first in line has left
    std::uint32_t high = 64 * 1024;
    std::uint32_t low = 16 * 1024;
    bool has_callers_memory = false;
    bool queued = false;  // stands in the ready queue, to pump
  };

  stream_writer() noexcept = default;
  detail::connection& owner() noexcept;  // whose part it is

  // An iovec serves reading too; nothing writes here.
  static iovec part_of(std::span<const std::byte> bytes) noexcept {
    return {const_cast<std::byte*>(bytes.data()), bytes.size()};
  }
  static iovec part_of_text(std::string_view text) noexcept { return {const_cast<char*>(text.data()), text.size()}; }

  bool write_now(detail::write_operation& op);
  bool write_or_wait(detail::write_operation& op);
  bool make_backlog(detail::write_operation& op) noexcept;
  void keep(detail::write_operation& op) noexcept;
  void pump() noexcept;
  bool settle_first() noexcept;
  bool withdraw_first() noexcept;
  bool under_way() const noexcept { return backlog_ != nullptr && backlog_->pending; }
  bool queued() const noexcept { return backlog_ != nullptr && backlog_->queued; }
  bool withdraw() noexcept;
  bool has_to_send() noexcept;
  void prepare() noexcept;
  void account(int result) noexcept;
  void sent() noexcept;
  void fail(int code) noexcept;
  void pump_later() noexcept;
  void pump_in_turn() noexcept;
  bool unsent() const noexcept { return backlog_ != nullptr && !backlog_->empty(); }
  /// Ends every write that waits. @returns whether nothing of it is left with the system.
  bool close() noexcept;

  detail::owned<backlog> backlog_;
  int failure_ = 0;
  bool ended_ = false;  // write_eof() has taken effect
};

inline bool detail::write_operation::try_complete() { return writer_->write_now(*this); }

}  // namespace eddy
