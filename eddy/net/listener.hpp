// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "eddy/base/owned.hpp"
#include "eddy/coro/leaf.hpp"
#include "eddy/net/address.hpp"
#include "eddy/net/detail/unix_socket_file.hpp"
#include "eddy/net/inherited_socket.hpp"
#include "eddy/net/socket.hpp"
#include "eddy/net/socket_address.hpp"
#include "eddy/net/socket_options.hpp"
#include "eddy/net/stream.hpp"

namespace eddy {

class listener;

namespace detail {

/// Waits for a connection. Atomic: one that was taken from the kernel is delivered.
class accept_operation final : public leaf<accept_operation>, public io_request {
 public:
  explicit accept_operation(listener& l) noexcept : listener_(&l) {}
  accept_operation(accept_operation&&) = default;

  bool try_complete();
  void begin() const noexcept {}  // started by try_complete()
  bool take_back() noexcept;
  stream await_resume();
  std::string describe() const override { return "listener::accept"; }

 private:
  friend class eddy::listener;
  void completed() noexcept override;
  void leave_closed() noexcept;

  listener* listener_;
  owned<socket> socket_;  // the listener's, when that was closed while the system held this request
  bool closed_ = false;   // the listener was closed, and may be gone
};

}  // namespace detail

/// A socket that takes connections, one at a time. For a task a connection and a graceful end choose start_server().
///
/// **Thread safety.** Only on its loop's thread; one accept() at a time.
/// **Lifetime.** Stays where it is while somebody awaits accept().
/// **In asyncio.** `loop.sock_accept` on a listening socket.
class listener {
 public:
  /// What to listen with.
  struct settings {
    settings() noexcept {}
    int backlog = 1024;                  // connections that wait in the kernel
    bool reuse_port = false;             // several listeners share a port
    std::optional<mode_t> permissions;   // of a Unix socket's file, such as 0660; nothing: as the umask says
    std::vector<socket_option> options;  // set before it is bound; connections inherit them
  };

  /// Listens at once, on an endpoint or a Unix address.
  ///
  /// The file of a Unix socket is removed by close(), if it still is the one that was made. A file that a dead server
  /// has left behind is replaced; one whose server lives is not.
  ///
  /// @param at  Port 0 takes any free one.  @throws std::system_error  As when the port is taken.
  explicit listener(const socket_address& at, const settings& how = settings());
  /// Takes a socket on that listens already. Its options and a Unix socket's file stay as they are.
  /// @throws misuse_error  It is no listening stream socket; it is closed then.
  explicit listener(inherited_socket from);
  listener(listener&& other) noexcept;
  listener& operator=(listener&&) = delete;
  ~listener() { close(); }

  /// Waits for a connection.
  ///
  /// @returns a stream, with nodelay set.
  /// @throws std::system_error  Out of descriptors (EMFILE, ENFILE) or memory: the connection waits in the kernel, so
  /// pause
  ///                            before the next try.  @throws closed_error  close() was called.
  ///
  /// **Cancellation.** A cancellation point, atomic: a cancelled accept has taken no connection (L12).
  [[nodiscard]] detail::accept_operation accept() noexcept { return detail::accept_operation(*this); }

  /// Stops listening; connections that wait in the kernel are reset. Whoever waits in accept() gets closed_error.
  void close() noexcept;
  bool closed() const noexcept { return socket_ == nullptr; }

  /// Where it listens, with the real port. @throws closed_error  @throws misuse_error  On a Unix address.
  endpoint local_endpoint() const;
  /// The same of any kind. @throws closed_error
  socket_address local_address() const;
  std::uint16_t port() const { return local_endpoint().port(); }

 private:
  friend class detail::accept_operation;

  detail::owned<detail::socket> socket_;
  detail::unix_socket_file file_;
  detail::accept_operation* waiting_ = nullptr;
};

}  // namespace eddy
