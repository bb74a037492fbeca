// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <utility>

#include "eddy/base/detail/exchanged.hpp"
#include "eddy/base/frame_pool.hpp"
#include "eddy/base/owned.hpp"
#include "eddy/net/stream_reader.hpp"
#include "eddy/net/stream_writer.hpp"
#include "eddy/net/transport.hpp"

namespace eddy::detail {

class server_core;

/// What a stream's handle stands for: both sides and what carries them. Counted, not atomic: it lives on its loop's
/// thread.
///
/// Held by the stream, by a server that will finish it, and by what still has to report back (L4).
///
/// The sides are its bases, not members: so they find it without a pointer, and an idle connection is 64 bytes.
class connection : public stream_reader, public stream_writer {
 public:
  explicit connection(owned<transport> carrier) noexcept : transport_(std::move(carrier)) {}
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;

  stream_reader& reader() noexcept { return *this; }
  stream_writer& writer() noexcept { return *this; }
  transport& carrier() noexcept { return *transport_; }
  bool closed() const noexcept { return closed_; }
  /// Whether bytes that were written have not been handed to the system, nor given up.
  bool has_unsent() const noexcept { return unsent() || transport_->has_unsent(); }
  /// Whether an orderly close still has something to do.
  bool owes_finish() const noexcept { return has_unsent() || transport_->goodbye().count() > 0; }

  /// Ends both sides now: what waits on them fails with closed_error. Unsent bytes are dropped and the peer gets a
  /// reset then.
  void abort() noexcept;
  /// Gives what carries it to somebody else, who puts a layer over it; this object is closed then. Nothing may wait on
  /// it and nothing be unsent.
  owned<transport> hand_over() noexcept;
  /// Gives the descriptor away; both sides fail with closed_error from here on.
  /// @throws misuse_error  Bytes would be lost, or something waits.
  int release_descriptor();
  /// A server's handler has it: a stream that is dropped leaves its unsent bytes to the server. / Nobody has.
  void set_server(server_core* server) noexcept { last().server_ = server; }
  /// Whose handler has it; null when none.
  server_core* server() noexcept { return last().server_; }
  /// In a server's handler: the server will finish `next` in place of this one.
  void continue_in(connection& next) noexcept;
  /// The connection that this one was continued in, and so on; itself when it was not.
  connection& last() noexcept { return continued_ ? successor_->last() : *this; }
  /// A request that abort() could not take back has come back. It may be the last that keeps this object.
  void reported_back() noexcept;

  static void* operator new(std::size_t size) { return frame_pool::allocate(size); }
  static void operator delete(void* block, std::size_t size) noexcept { frame_pool::release(block, size); }

  void retain() noexcept { ++references_; }
  void release() noexcept {
    if (references_ == 1) abort();  // takes a reference of its own when something has to report back
    if (--references_ == 0) delete this;
  }

  // The flags fit behind the writer's last member.
  bool left_to_server : 1 = false;  // a stream that a server's handler has dropped

 private:
  bool closed_ : 1 = false;
  bool reset_ : 1 = false;
  bool continued_ : 1 = false;

  ~connection() {
    if (continued_) successor_->release();
  }
  void close_transport() noexcept;

  owned<transport> transport_;
  union {
    server_core* server_ = nullptr;
    connection* successor_;  // when continued: has a reference of this one's
  };
  unsigned references_ = 1;
  unsigned owed_ = 0;  // requests that have to report back before the transport can be closed
};

/// Shares a connection.
class connection_ref {
 public:
  connection_ref() noexcept = default;
  /// Takes over the reference of its maker.
  explicit connection_ref(connection* made) noexcept : connection_(made) {}
  connection_ref(const connection_ref& other) noexcept : connection_(other.connection_) {
    if (connection_ != nullptr) connection_->retain();
  }
  connection_ref(connection_ref&& other) noexcept : connection_(detail::exchanged(other.connection_, nullptr)) {}
  connection_ref& operator=(connection_ref other) noexcept {
    connection_ = detail::exchanged(other.connection_, connection_);
    return *this;
  }
  ~connection_ref() {
    if (connection_ != nullptr) connection_->release();
  }
  connection* operator->() const noexcept { return connection_; }
  connection& operator*() const noexcept { return *connection_; }
  explicit operator bool() const noexcept { return connection_ != nullptr; }

 private:
  connection* connection_ = nullptr;
};

}  // namespace eddy::detail
