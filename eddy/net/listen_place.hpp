// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "eddy/net/inherited_socket.hpp"
#include "eddy/net/socket_address.hpp"

namespace eddy {

/// One place of those that a server listens on: a host with a port, an endpoint, a Unix address, or a socket that
/// listens already.
class listen_place {
 public:
  /// All addresses of a host; empty for every address of this machine. @param port  0 for any free one.
  listen_place(std::string host, std::uint16_t port);
  listen_place(const endpoint& at);     // NOLINT(google-explicit-constructor)
  listen_place(unix_address at);        // NOLINT(google-explicit-constructor)
  listen_place(inherited_socket from);  // NOLINT(google-explicit-constructor)
  listen_place(const listen_place& other);
  listen_place(listen_place&& other) noexcept;
  listen_place& operator=(const listen_place& other);
  listen_place& operator=(listen_place&& other) noexcept;
  ~listen_place();

  bool is_host() const noexcept { return is_host_; }
  const std::string& host() const noexcept { return host_; }
  std::uint16_t port() const noexcept { return port_; }
  const socket_address& address() const noexcept { return address_; }
  /// Null when it is none.
  inherited_socket* inherited() const noexcept { return inherited_.get(); }

 private:
  std::string host_;
  std::uint16_t port_ = 0;
  bool is_host_ = false;
  socket_address address_;
  std::shared_ptr<inherited_socket> inherited_;  // shared, so that places can be listed in braces
};

}  // namespace eddy
