// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <sys/socket.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "eddy/base/owned.hpp"

namespace eddy::detail {

class backend;
struct io_request;

/// A descriptor that a backend watches. Belongs to one loop; closed by `backend::close`, after its last request has
/// completed.
///
/// At most one request that reads (receive, accept, wait for readable) and one that writes (send, connect, wait for
/// writable) are pending at a time.
struct descriptor {
  int fd = -1;
  // What the backend knows: set by edges, cleared when the system says that it would block. New descriptors count as
  // ready for writing, not for reading: the first read waits for an edge instead of asking the system in vain.
  bool readable = false;
  bool writable = true;
  bool hung_up : 1 = false;  // the end of the stream is in the kernel and no edge will tell: `readable` stays set
  bool attached : 1 = false;
  bool no_socket : 1 = false;  // the system said so: it is read and written, not received from and sent to
  // The backend's own: an index, and which use of that index this is.
  std::uint32_t slot = 0;
  std::uint32_t generation = 0;
  io_request* reading = nullptr;  // the pending request of either side
  io_request* writing = nullptr;
};

enum class io_kind : std::uint8_t {
  receive,
  send,
  send_parts,
  accept,
  connect,
  wait_readable,
  wait_writable,
  receive_message,  // a datagram with its sender
  send_message
};

constexpr bool reads(io_kind kind) noexcept {
  return kind == io_kind::receive || kind == io_kind::accept || kind == io_kind::wait_readable ||
         kind == io_kind::receive_message;
}

/// One operation of the system: described by its owner, started and completed by a backend.
///
/// What it points to stays valid until it has completed, also when it was withdrawn.
struct io_request {
  io_kind kind = io_kind::receive;
  // The backend's own: how far a pending request has come, and where it stands in a queue.
  std::uint8_t stage = 0;
  std::uint32_t place = 0;
  descriptor* target = nullptr;
  // receive, send: the bytes; send_parts: an array of iovec, which stays valid too; connect: the address. A receive
  // without data borrows the backend's buffer: once it has completed, `data` points to the bytes until completed()
  // returns or, when start() said true, until the backend is called again. So a connection that waits holds no buffer.
  // receive_message, send_message: a msghdr with one iovec. A receive_message whose iovec has no memory borrows in the
  // same way; its name has room for a sockaddr_storage, and its result is the datagram's real size, also when less
  // fitted.
  void* data = nullptr;
  std::size_t size = 0;  // bytes of `data`; send_parts: elements. A receive that borrows: the most it wants, 0 for any
  int result = 0;        // bytes, or the accepted descriptor, or 0; negative: -errno
  bool pending = false;  // between start() and completed()
  // Set by the backend: `data` is the front of a byte_block, which may be taken while `data` is valid, in place of a
  // copy. Cleared by who starts a receive.
  bool may_take = false;
  // Set by who starts a receive: it need not be done in poll(). A backend that only learns there that it can be done
  // then says ready() in place of doing it.
  bool in_step = false;

  /// Called by the backend on the loop's thread, from poll() or withdraw(): never from start(). It must not run user
  /// code.
  virtual void completed() noexcept = 0;
  /// Called by poll() when a request with `in_step` can be tried; maybe several times. It is still pending: its owner
  /// calls backend::finish() in a step of the loop, or withdraws it. It must not run user code.
  virtual void ready() noexcept {}

 protected:
  io_request() = default;
  ~io_request() = default;
  io_request(const io_request&) = default;
  io_request& operator=(const io_request&) = default;
};

/// What shall go wrong with a request: an error of the system, or a count of one byte.
struct io_fault {
  int error = 0;       // errno; 0: it moves one byte at most
  bool later = false;  // the error comes by a completion instead of at once
};

/// Makes requests go wrong on purpose: set by `explore` only. Asked once for each request that is started or tried.
class io_faults {
 public:
  virtual ~io_faults() = default;
  virtual std::optional<io_fault> strike(const io_request& request) = 0;
};

/// The system's side of a loop: requests go in, completions come out.
///
/// The interface is completions, so that io_uring is at home and epoll imitates it by trying first. **Thread safety.**
/// Only the loop's thread, except for wake().
class backend {
 public:
  virtual ~backend() = default;
  virtual std::string_view name() const noexcept = 0;

  /// Begins to watch `d.fd`, which the caller owns and which must be non-blocking. @throws std::system_error
  virtual void attach(descriptor& d) = 0;
  /// Stops watching and closes `d.fd` (now, or when the system has let go of it). No request may be pending, and none
  /// may be withdrawn without having completed.
  virtual void close(descriptor& d) noexcept = 0;
  /// Stops watching and hands `d.fd` back open. No request may be pending.
  virtual int detach(descriptor& d) noexcept = 0;

  /// Starts a request. @returns true when it completed at once: `result` is set, and completed() is not called.
  virtual bool start(io_request& request) = 0;
  /// Completes a request now or not at all. @returns true when `result` is set; false when it would have to wait, and
  /// then nothing was started.
  virtual bool try_now(io_request& request) = 0;
  /// Tries a pending request that was told ready(). @returns true when it has completed: `result` is set, and
  /// completed() is not called. False: it goes on waiting.
  virtual bool finish(io_request& request) noexcept = 0;
  /// Takes a pending request back. @returns true when it is gone without an effect: completed() is not called any more.
  /// False: it will complete, with what it did or with -ECANCELED.
  virtual bool withdraw(io_request& request) noexcept = 0;

  /// Completes what is ready, waiting up to `limit` for something (nothing: for ever; zero: not at all).
  virtual void poll(std::optional<std::chrono::nanoseconds> limit) = 0;
  /// Makes a poll() that waits return, now or the next one. Any thread, also a signal handler.
  virtual void wake() noexcept = 0;

  /// Requests that were started and have not completed, and descriptors whose close waits for the system.
  std::size_t pending() const noexcept { return pending_; }
  /// Of these the ones that were withdrawn or closed: the system will let go of them by itself. While there are any a
  /// loop goes on polling before it ends.
  std::size_t leaving() const noexcept { return leaving_; }
  /// Whether poll() can find anything: descriptors are attached, or wait to be closed.
  bool watching() const noexcept { return attached_ != 0; }

 protected:
  std::size_t pending_ = 0;
  std::size_t leaving_ = 0;
  std::size_t attached_ = 0;
};

/// A backend, and in a few words why it is this one.
struct chosen_backend {
  owned<backend> io;
  std::string reason;
};

/// Makes the backend called `names`: one of known_backends(), or several with commas between them, of which the first
/// that the system allows is taken. Empty: what EDDY_BACKEND says, or else the default.
/// @throws misuse_error for an unknown name; std::system_error when the system refuses the only or the last one.
chosen_backend choose_backend(std::string_view names);

/// The same without the reason.
owned<backend> make_backend(std::string_view names);

/// The backends that this build has, the default first.
std::span<const std::string_view> known_backends() noexcept;

}  // namespace eddy::detail
