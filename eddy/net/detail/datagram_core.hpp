// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <utility>

#include "eddy/base/owned.hpp"
#include "eddy/net/datagram.hpp"
#include "eddy/net/detail/unix_socket_file.hpp"
#include "eddy/net/socket.hpp"
#include "eddy/sync/mutex.hpp"

namespace eddy::detail {

/// What a datagram socket and the operations on it share.
///
/// Invariant: `socket_` is there until close(), and until what waited on it then has reported back (L4).
class datagram_core {
 public:
  explicit datagram_core(owned<socket> s) noexcept : socket_(std::move(s)) {}
  datagram_core(const datagram_core&) = delete;
  datagram_core& operator=(const datagram_core&) = delete;

  socket& carrier() noexcept { return *socket_; }
  bool closed() const noexcept { return closed_; }
  void close() noexcept;

  unix_socket_file file;
  mutex sending;  // one send waits with the system at a time; others in line, first in, first out

 private:
  friend class message_operation;

  /// Who waits with the system on this side.
  message_operation*& place_of(const message_operation& op) noexcept { return reads(op.kind) ? receiving_ : sending_; }
  bool withdraw(message_operation*& waiting) noexcept;
  void reported_back() noexcept {
    if (closed_ && receiving_ == nullptr && sending_ == nullptr) socket_.reset();
  }

  owned<socket> socket_;
  message_operation* receiving_ = nullptr;
  message_operation* sending_ = nullptr;
  bool closed_ = false;
};

}  // namespace eddy::detail
