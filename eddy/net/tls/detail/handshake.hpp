// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "eddy/coro/coro.hpp"
#include "eddy/net/stream.hpp"
#include "eddy/net/tls/detail/context_state.hpp"
#include "eddy/net/tls/detail/openssl.hpp"

namespace eddy::tls::detail {

/// Agrees with the peer over a plain stream, within the context's time, and puts the secure transport in its place.
///
/// @param ssl  Prepared as a client or a server, with notes.  @param of  Outlives the await.
/// @throws certificate_error, error, std::system_error, timeout_error  The connection is closed; a peer that can be
/// told why has been.
coro<stream> shake_hands(stream plain, ssl_ptr ssl, const context_state& of);

}  // namespace eddy::tls::detail
