// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <string>

#include "eddy/net/stream_security.hpp"
#include "eddy/net/tls/detail/context_state.hpp"
#include "eddy/net/tls/detail/session_cache.hpp"

namespace eddy::tls::detail {

/// A client_context's inside.
class client_state final : public context_state,
                           public client_security,
                           public std::enable_shared_from_this<client_state> {
 public:
  client_state() : context_state(std::chrono::seconds(30)) {}

  coro<stream> secure(stream plain, std::string host) const override;

  /// The trust that it has by default is not wanted: somebody gives another.
  void begin_own_trust();

  bool checks_certificate = true;
  bool checks_host = true;
  bool trusts_system = true;
  bool resumes = true;
  bool own_trust = false;

 private:
  ctx_ptr make() const override;
  ssl_ptr prepare(const stream& plain, const std::string& host) const;
  static int keep_session(SSL* ssl, SSL_SESSION* session);

  mutable session_cache sessions_;
};

}  // namespace eddy::tls::detail
