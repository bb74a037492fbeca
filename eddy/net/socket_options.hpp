// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace eddy {

/// One option of a socket with its value, to be set before a socket is bound or connected, or at any time.
///
/// Made by the functions of `socket_options`. What a listener has been given its connections inherit. A plain value.
///
/// **In asyncio.** `sock.setsockopt(level, name, value)`.
class socket_option {
 public:
  /// @param name  As error messages call it.
  explicit socket_option(std::string name);
  socket_option(const socket_option& other);
  socket_option(socket_option&& other) noexcept;
  socket_option& operator=(const socket_option& other);
  socket_option& operator=(socket_option&& other) noexcept;
  ~socket_option();
  /// Adds a value that the system has to be given.
  socket_option&& set(int level, int option, int value) &&;
  socket_option&& set(int level, int option, std::string_view bytes) &&;
  /// The same with another number for IPv6 sockets.
  socket_option&& set_by_family(int level4, int option4, int level6, int option6, int value) &&;
  socket_option&& set_by_family(int level4, int option4, std::string_view bytes4, int level6, int option6,
                                std::string_view bytes6) &&;

  /// Sets it. @throws std::system_error  The system refuses; names the option.
  void apply(int fd) const;
  const std::string& name() const noexcept { return name_; }

 private:
  struct setting {
    int level = 0;
    int option = 0;
    int level6 = 0;
    int option6 = 0;
    std::string bytes;
    std::string bytes6;
  };
  std::string name_;
  std::vector<setting> values_;
};

/// Options by name, for `open_connection(...).option(...)`, servers, datagram sockets and `stream::set_option`.
namespace socket_options {

/// Small writes leave at once. eddy's connections have it on; off collects them (Nagle).
socket_option nodelay(bool on);
/// The system asks a silent peer from time to time whether it is there; off by default.
socket_option keepalive(bool on);
/// The same with times: asks after `idle`, then each `interval`; after `count` without an answer the connection has
/// failed. Whole seconds, at least 1.
socket_option keepalive(std::chrono::seconds idle, std::chrono::seconds interval, int count);
/// How long sent bytes may stay unconfirmed until the connection has failed; 0 for the system's choice.
socket_option user_timeout(std::chrono::milliseconds limit);
/// Bytes that the kernel keeps for sending or receiving. The system doubles and limits what is asked for.
socket_option send_buffer(int bytes);
socket_option receive_buffer(int bytes);
/// What the system's close does with unsent bytes; 0 s: drops them and resets the connection.
socket_option linger(std::chrono::seconds limit);
/// Type of service (IPv4) or traffic class (IPv6): 0 to 255.
socket_option tos(int value);
/// Binds to an address that this machine does not have (yet).
socket_option ip_freebind(bool on);
/// An IPv6 socket takes no IPv4. eddy's listeners have it on.
socket_option v6only(bool on);
/// Only through this interface. Needs a privilege on some systems.
socket_option bind_to_device(std::string_view interface);
/// Several sockets share a port.
socket_option reuse_port(bool on);
/// TCP Fast Open: for a listener, how many such connections may be half open; 0 for off.
socket_option fast_open(int queue);
/// TCP Fast Open for a connection: the first bytes go with the first packet, so connecting "succeeds" at once and an
/// error comes with the first write or read.
socket_option fast_open_connect(bool on);
/// Datagrams may be sent to a network's broadcast address.
socket_option broadcast(bool on);
/// Anything else. @param name  As error messages call it.
socket_option raw(int level, int option, int value, std::string name);

}  // namespace socket_options
}  // namespace eddy
