// SPDX-License-Identifier: BSL-1.0
#include "eddy/net/stream_security.hpp"

#include <system_error>

#include "eddy/base/errors.hpp"

namespace eddy {

namespace {

void check(const stream& plain, bool security) {
  if (!security) throw misuse_error("start_tls: there is no context; give it a tls::client_context or server_context");
  const std::size_t unread = plain.reader().buffered().size();
  if (unread != 0)
    throw std::system_error(std::make_error_code(std::errc::protocol_error),
                            "start_tls: " + std::to_string(unread) +
                                " bytes that came in plain text are unread, and whoever sent them need not be the peer "
                                "that proves itself now: this connection is closed");
}

}  // namespace

coro<stream> start_tls(stream plain, client_security_ref with, std::string host) {
  check(plain, with != nullptr);
  co_return co_await with->secure(std::move(plain), std::move(host));
}

coro<stream> start_tls(stream plain, server_security_ref with) {
  check(plain, with != nullptr);
  co_return co_await with->secure(std::move(plain));
}

}  // namespace eddy
