// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string_view>

#include "eddy/net/tls/detail/openssl.hpp"
#include "eddy/net/transport.hpp"

namespace eddy::tls::detail {

class session;

/// What a secure stream stands on: a session, which may outlive it by what the system still holds.
class secure_transport final : public eddy::detail::transport {
 public:
  /// @param early  What came behind the handshake.  @param close_wait  For the peer's answer to a close_notify.
  secure_transport(ssl_ptr ssl, std::string_view early, std::chrono::nanoseconds close_wait);
  secure_transport(const secure_transport&) = delete;
  secure_transport& operator=(const secure_transport&) = delete;
  ~secure_transport() override;

  /// Before anything else.
  void stand_on(std::unique_ptr<transport> lower) noexcept;

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
