// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <string>

#include "eddy/net/tls/detail/openssl.hpp"

namespace eddy::tls::detail {

class client_state;
class server_state;

/// What a connection's callbacks need; belongs to its SSL, which frees it.
class notes {
 public:
  // Whose connection this is. They keep what the callbacks of the SSL_CTX refer to.
  std::shared_ptr<const client_state> client;
  std::shared_ptr<const server_state> server;
  std::shared_ptr<const server_state> chosen;  // by the server name, in place of `server`

  std::string peer;         // for errors: "example.org", "a client"
  std::string session_key;  // under which a client keeps the session: empty for not at all

  // What the check of the peer's certificate found first.
  std::string objection;
  certificate_trouble reason = certificate_trouble::other;
  std::optional<certificate_info> culprit;
  std::exception_ptr thrown;  // by a callback of the user's
};

/// Gives them to an SSL. @throws std::bad_alloc
notes& attach_notes(SSL* ssl);
notes& notes_of(const SSL* ssl) noexcept;

}  // namespace eddy::tls::detail
