// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string_view>

#include "eddy/base/owned.hpp"
#include "eddy/net/tls/detail/openssl.hpp"
#include "eddy/net/transport.hpp"

namespace eddy::tls::detail {

class session;

/// What a secure stream stands on: a session, which may outlive it by what the system still holds.
class secure_transport final : public eddy::detail::transport {
 public:
  /// @param early  What came behind the handshake.  @param late  What is still to be sent of it.
  /// @param close_wait  For the peer's answer to a close_notify.
  secure_transport(ssl_ptr ssl, std::string_view early, std::string_view late, std::chrono::nanoseconds close_wait);
  secure_transport(const secure_transport&) = delete;
  secure_transport& operator=(const secure_transport&) = delete;
  ~secure_transport() override;

  /// Before anything else. @throws std::system_error  What is still to be sent cannot be.
  void stand_on(eddy::detail::owned<transport> lower);

  bool start(eddy::detail::io_request& request) override;
  bool try_now(eddy::detail::io_request& request) override;
  bool withdraw(eddy::detail::io_request& request) noexcept override;
  void shut_down_sending() override;
  void close(bool reset) noexcept override;
  bool has_unsent() const noexcept override;
  std::chrono::nanoseconds goodbye() const noexcept override;
  std::optional<endpoint> local_endpoint() const override;
  std::optional<endpoint> remote_endpoint() const override;
  void set_nodelay(bool on) override;

  SSL* ssl() const noexcept;
  /// How many secure transports this one stands on, and itself.
  unsigned depth() const noexcept;

 private:
  session* session_;
};

}  // namespace eddy::tls::detail
