// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <source_location>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "eddy/coro/coro.hpp"
#include "eddy/coro/leaf.hpp"
#include "eddy/loop/backend.hpp"
#include "eddy/net/inherited_socket.hpp"
#include "eddy/net/resolver.hpp"
#include "eddy/net/socket_address.hpp"
#include "eddy/net/socket_options.hpp"

namespace eddy {

/// A datagram that has come into the caller's memory.
struct datagram_info {
  datagram_info(std::size_t s, std::size_t r, socket_address f) : size(s), real_size(r), from(std::move(f)) {}
  /// Whether less than all of it had room: the rest is lost.
  bool truncated() const noexcept { return real_size > size; }
  std::size_t size;       // bytes that are there, in the front of the memory; may be 0
  std::size_t real_size;  // bytes that were sent
  socket_address from;    // none for a Unix socket that was not bound
};

/// A datagram with its bytes.
struct datagram {
  datagram(std::string b, std::size_t r, socket_address f) : bytes(std::move(b)), real_size(r), from(std::move(f)) {}
  bool truncated() const noexcept { return real_size > bytes.size(); }
  std::string bytes;
  std::size_t real_size;
  socket_address from;
};

namespace detail {

class datagram_core;

/// Sends or receives one datagram. Atomic: a cancelled receive leaves it in the kernel, a cancelled send has sent
/// nothing.
class message_operation : public leaf<message_operation>, public io_request {
 public:
  message_operation(message_operation&&) = default;

  bool try_complete();
  void begin() const noexcept {}  // started by try_complete()
  bool take_back() noexcept;
  std::string describe() const override;

 protected:
  message_operation(std::shared_ptr<datagram_core> core, io_kind what) noexcept : core_(std::move(core)) {
    kind = what;
  }
  ~message_operation() = default;
  /// @throws what went wrong. @returns bytes.
  std::size_t checked_result() const;

  iovec part_{};           // the bytes; without memory when they are borrowed from the loop
  socket_address to_;      // for a send: where to; none: to whom the socket is connected
  std::string bytes_;      // for a receive into a string
  std::size_t room_ = 0;   // of it: the most that is kept
  sockaddr_storage name_;  // NOLINT: the sender's, or the receiver's as the system has it; written before it is used
  msghdr message_{};

 private:
  friend class datagram_core;
  void completed() noexcept override;
  void collect() noexcept;

  std::shared_ptr<datagram_core> core_;
  bool closed_ = false;  // this side closed the socket first
};

class receive_into_operation final : public message_operation {
 public:
  receive_into_operation(std::shared_ptr<datagram_core> core, std::span<std::byte> out) noexcept;
  datagram_info await_resume() const;
};

class receive_datagram_operation final : public message_operation {
 public:
  receive_datagram_operation(std::shared_ptr<datagram_core> core, std::size_t most) noexcept;
  datagram await_resume();
};

class send_datagram_operation final : public message_operation {
 public:
  send_datagram_operation(std::shared_ptr<datagram_core> core, std::span<const std::byte> bytes,
                          socket_address to) noexcept;
  /// @returns false when there was no room, and the system has no way to tell when there is.
  bool await_resume() const;
};

}  // namespace detail

/// A socket for datagrams: UDP or Unix. Each comes whole, or not at all; they may get lost, come twice or out of order
/// (UDP), and nothing holds a sender back but a full buffer of his own system.
///
/// **Cancellation.** Every receive and send is a cancellation point, and atomic: a datagram that was not returned is
/// what the next receive gives.
/// **Thread safety.** Only on its loop's thread. One receive at a time; several tasks may send, in the order of the
/// calls.
/// **Lifetime.** Move-only. The destructor closes.
/// **In asyncio.** The transport and protocol of `create_datagram_endpoint`; there received datagrams pile up in
/// callbacks, here they wait in the kernel until they are asked for.
class datagram_socket {
 public:
  static constexpr std::size_t default_room = 64 * 1024;  // bytes; no UDP datagram is larger

  /// Receives one datagram.
  ///
  /// @param room  Bytes that are kept of it; the rest is lost, as `truncated()` tells.
  /// @throws std::system_error  What the network said about an earlier one, such as connection_refused: once, on a
  ///                            connected socket; the next receive waits again.
  /// @throws closed_error       close() was called.
  [[nodiscard]] detail::receive_datagram_operation receive(std::size_t room = default_room) const;
  /// The same into the caller's memory, which is borrowed and has to outlive the await.
  [[nodiscard]] detail::receive_into_operation receive_from(std::span<std::byte> out) const;
  [[nodiscard]] detail::receive_into_operation receive_from(std::span<char> out) const;
  /// As receive(), and nothing once close() was called: for `while (auto d = co_await socket.next())` and `for_each`.
  coro<std::optional<datagram>> next();

  /// Sends one datagram; empty ones too. Waits while the system has no room for it.
  ///
  /// @param bytes  Borrowed: has to outlive the await.
  /// @throws std::system_error  As when it is too large (message_size), or what the network said about an earlier one.
  coro<> send_to(std::span<const std::byte> bytes, socket_address to);
  coro<> send_to(std::string_view text, socket_address to);
  /// The same to whom the socket is connected.
  coro<> send(std::span<const std::byte> bytes);
  coro<> send(std::string_view text);

  /// Receives from now on what is sent to a group too; of the groups that others on this machine have joined a socket
  /// of open_datagram() hears nothing. @param interface  Its number (interface_index()); 0: the
  /// system's choice.  @throws std::system_error
  ///
  /// **In asyncio.** `setsockopt` with packed structures.
  void join(const ip_address& group, unsigned interface = 0);
  void leave(const ip_address& group, unsigned interface = 0);

  /// Also multicast_ttl, multicast_loop, multicast_interface, broadcast.
  void set_option(const socket_option& option);

  /// Its own address, with the real port.
  socket_address local_address() const;
  /// To whom it is connected; none when it is not.
  socket_address remote_address() const;
  /// For what eddy has no word for: neither read, write nor close it. -1 when it is closed.
  int native_handle() const noexcept;

  /// Whoever waits on it gets closed_error. The file of a Unix socket is removed, if it still is the one made here.
  void close() noexcept;
  bool closed() const noexcept;

  /// Takes on a datagram socket that somebody else has made. @throws misuse_error  It is something else.
  static datagram_socket from_descriptor(inherited_socket from);

  datagram_socket() noexcept = default;
  datagram_socket(datagram_socket&& other) noexcept = default;
  datagram_socket& operator=(datagram_socket&& other) noexcept;
  ~datagram_socket();
  explicit datagram_socket(std::shared_ptr<detail::datagram_core> core) noexcept : core_(std::move(core)) {}

 private:
  const std::shared_ptr<detail::datagram_core>& checked() const;
  std::shared_ptr<detail::datagram_core> core_;
};

/// A datagram socket to be made, with its settings. Made by open_datagram().
class [[nodiscard("a socket is made when this is awaited")]] datagram_request {
 public:
  /// Where it is: an endpoint (port 0 for any free one) or a Unix address; an unnamed one gets an abstract name of the
  /// system's choice, so that answers can come. Default: the system chooses at the first send.
  ///
  /// **In asyncio.** `local_addr`.
  datagram_request&& local(socket_address at) &&;
  /// Connects it: send() goes there, only what comes from there is received, and the network's errors are told.
  ///
  /// **In asyncio.** `remote_addr`.
  datagram_request&& remote(std::string host, std::uint16_t port) &&;
  datagram_request&& remote(socket_address to) &&;
  /// IPv4 or IPv6 where neither address says it. Default: as the remote host has it, or else IPv4.
  datagram_request&& family(ip_family only) &&;
  /// Sets an option before it is bound: reuse_port, broadcast, receive_buffer ... As many as there are.
  datagram_request&& option(socket_option one) &&;
  /// Of the file of a Unix socket, such as 0660. Default: as the umask says.
  datagram_request&& permissions(mode_t mode) &&;
  /// For looking up the remote host. Default 30 s.
  datagram_request&& timeout(std::chrono::nanoseconds limit) &&;

  coro<datagram_socket>::awaiter operator co_await() &&;

  explicit datagram_request(std::source_location where) noexcept;
  datagram_request(const datagram_request& other);
  datagram_request(datagram_request&& other) noexcept;
  datagram_request& operator=(const datagram_request& other);
  datagram_request& operator=(datagram_request&& other) noexcept;
  ~datagram_request();

 private:
  static coro<datagram_socket> open(datagram_request request);
  int family() const noexcept;

  socket_address local_;
  socket_address remote_;
  std::string host_;  // empty: remote_, or none
  std::uint16_t port_ = 0;
  ip_family family_ = ip_family::any;
  std::vector<socket_option> options_;
  std::optional<mode_t> permissions_;
  std::chrono::nanoseconds limit_ = std::chrono::seconds(30);
  std::source_location where_;
};

/// Makes a datagram socket: `co_await open_datagram().local(endpoint(ip_address(), 5353))`.
///
/// @returns (when awaited) a datagram_socket.
/// @throws std::system_error  As when the port is taken.  @throws resolve_error  The remote host has no address.
///
/// **Cancellation.** A cancellation point; nothing is left open.
/// **In asyncio.** `loop.create_datagram_endpoint`.
inline datagram_request open_datagram(std::source_location where = std::source_location::current()) {
  return datagram_request(where);
}

/// The number of a network interface such as "eth0". @throws std::system_error  There is none of this name.
unsigned interface_index(const std::string& name);

namespace socket_options {

/// How many routers a multicast datagram may pass: 0 to 255, 1 by default.
socket_option multicast_ttl(int hops);
/// Whether members on this machine receive it too: on by default.
socket_option multicast_loop(bool on);
/// Through which interface multicast datagrams leave. @param interface  See interface_index(); 0: the system's choice.
socket_option multicast_interface(unsigned interface);
/// Several sockets are bound to one address and port, as members of a group on one machine are.
socket_option reuse_address(bool on);

}  // namespace socket_options
}  // namespace eddy
