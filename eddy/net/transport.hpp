// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cerrno>
#include <chrono>
#include <optional>

#include "eddy/loop/backend.hpp"
#include "eddy/net/address.hpp"
#include "eddy/net/socket_address.hpp"

namespace eddy::detail {

/// Where a stream's bytes come from and go to: a socket, memory, a secure channel over another transport.
///
/// Speaks in the backend's requests: `receive` (which may borrow a buffer) and `send_parts`, at most one of each
/// pending.
class transport {
 public:
  virtual ~transport() = default;

  /// As backend::start, try_now and withdraw. completed() may also be called from inside of another request's start.
  virtual bool start(io_request& request) = 0;
  virtual bool try_now(io_request& request) = 0;
  virtual bool withdraw(io_request& request) noexcept = 0;

  /// The peer reads the end of the stream after what was sent. @throws std::system_error
  virtual void shut_down_sending() = 0;
  /// No request may be pending. @param reset  The peer gets an error in place of an orderly end.
  virtual void close(bool reset) noexcept = 0;

  /// Whether it holds bytes that it has taken and the system has not: it sends them by itself, and a send of no parts
  /// completes when they have gone.
  virtual bool has_unsent() const noexcept { return false; }
  /// How long an orderly close waits for the peer's own end after having told it of this side's; zero: there is nothing
  /// to say.
  virtual std::chrono::nanoseconds goodbye() const noexcept { return std::chrono::nanoseconds(0); }

  virtual std::optional<endpoint> local_endpoint() const { return std::nullopt; }
  virtual std::optional<endpoint> remote_endpoint() const { return std::nullopt; }
  /// The same of any family: what stands at the end of all layers.
  virtual socket_address local_address() const;
  virtual socket_address remote_address() const;
  /// The descriptor at the end of all layers; -1 when there is none.
  virtual int native_handle() const noexcept { return -1; }
  /// Hands the descriptor over, open; no request is pending. @throws misuse_error  There is none to be had.
  virtual int release();
  virtual void set_nodelay(bool) {}
};

/// Beside errno's numbers: why a stream's operation failed.
inline constexpr int stream_closed = -1;
inline constexpr int stream_broken = -2;

/// Codes from here on are no errno: a layer above the system gives them, and throws what they mean.
inline constexpr int first_layer_code = 1 << 20;
using layer_thrower = void (*)(int code, const char* doing);
/// There is one such layer, TLS, which eddy::net knows by this alone. Any thread.
void set_layer_thrower(layer_thrower thrower) noexcept;

/// @param code  errno, or one of the above.  @param doing  "read" or "write".
[[noreturn]] void throw_stream_error(int code, const char* doing);

}  // namespace eddy::detail
