// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "eddy/base/function.hpp"
#include "eddy/net/stream_security.hpp"
#include "eddy/net/tls/detail/context_state.hpp"
#include "eddy/net/tls/server_context.hpp"

namespace eddy::tls::detail {

/// A server_context's inside.
class server_state final : public context_state,
                           public server_security,
                           public std::enable_shared_from_this<server_state> {
 public:
  server_state();

  coro<stream> secure(stream plain) const override;
  void report_failure(const std::exception_ptr& error) const noexcept override;

  /// Asks for certificates from clients, of these authorities. @throws error
  void ask_clients(client_certificates wanted, const pem_source& authorities);

  bool resumes = true;
  client_certificates asks = client_certificates::none;
  std::string alpn;  // as TLS wants it
  eddy::detail::function<std::optional<server_context>(std::string_view)> choose;
  eddy::detail::function<void(const std::exception_ptr&)> failure_handler;

 private:
  ctx_ptr make() const override;
  int verify_mode() const noexcept;
  /// Takes a connection over from the context that began it.
  bool take_over(SSL* ssl) const;

  static int choose_by_name(SSL* ssl, int* alert, void*);
  static int choose_protocol(SSL* ssl, const unsigned char** out, unsigned char* out_size, const unsigned char* offered,
                             unsigned offered_size, void*);

  std::array<unsigned char, 80> ticket_keys_{};  // stay when certificates are reloaded
  std::array<unsigned char, 16> id_{};           // sessions of another server are none of this one's
};

}  // namespace eddy::tls::detail
