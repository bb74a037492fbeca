// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <utility>

#include "eddy/flow/gather.hpp"
#include "eddy/net/memory_pipe.hpp"
#include "eddy/net/tls/client_context.hpp"
#include "eddy/net/tls/connection_info.hpp"
#include "eddy/net/tls/server_context.hpp"
#include "eddy/testing/tls/authority.hpp"
#include "tests/net/pairs.hpp"

namespace eddy::testing {

/// The authority that the tests' clients trust, made once.
inline const authority& test_authority() {
  static const authority the_one;
  return the_one;
}

inline tls::identity identity_of(const issued_certificate& shown) {
  return tls::identity::from_pem(shown.chain, shown.key);
}

/// A server with a certificate of the tests' authority, for localhost.
inline tls::server_context test_server() {
  static const tls::identity shown = identity_of(test_authority().issue(leaf("localhost").and_for("127.0.0.1")));
  return tls::server_context(shown);
}

/// A client that trusts the tests' authority and nobody else.
inline tls::client_context test_client() { return tls::client_context().ca_pem(test_authority().certificate()); }

/// Without resumption: each run is the same.
inline std::pair<tls::client_context, tls::server_context> steady_contexts() {
  static const std::pair<tls::client_context, tls::server_context> the_two(test_client().resumption(false),
                                                                           test_server().resumption(false));
  return the_two;
}

/// Makes both ends of a connection secure: the first is the client.
inline coro<std::pair<stream, stream>> secure_pair(std::pair<stream, stream> plain, client_security_ref client,
                                                   server_security_ref server) {
  auto both = co_await gather(start_tls(std::move(plain.first), client, "localhost"),
                              start_tls(std::move(plain.second), server));
  co_return std::pair(std::move(std::get<0>(both)), std::move(std::get<1>(both)));
}

/// The same in memory, or over TCP, with the usual contexts.
inline coro<std::pair<stream, stream>> secure_memory(memory_pipe_options options = {}) {
  auto contexts = steady_contexts();
  co_return co_await secure_pair(memory_pipe(options), contexts.first, contexts.second);
}
inline coro<std::pair<stream, stream>> secure_tcp() {
  auto contexts = steady_contexts();
  auto plain = co_await tcp_pair();
  co_return co_await secure_pair(std::move(plain), contexts.first, contexts.second);
}

/// What a coroutine throws, as text; empty when it throws nothing.
template <class T>
coro<std::string> complaint_of(coro<T> body) {
  try {
    co_await std::move(body);
  } catch (const std::exception& e) {
    co_return std::string(e.what());
  }
  co_return std::string();
}

}  // namespace eddy::testing
