// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "eddy/net/stream.hpp"
#include "eddy/net/tls/certificate_info.hpp"

namespace eddy::tls {

/// What two peers have agreed on.
class connection_info {
 public:
  std::string version;                   // "TLSv1.2", "TLSv1.3"
  std::string cipher;                    // "TLS_AES_256_GCM_SHA384"
  std::string alpn;                      // the protocol; empty when none was agreed on
  std::string server_name;               // whom the client asked for (SNI); empty when it did not say
  bool resumed = false;                  // an earlier session goes on: no new exchange of certificates
  std::optional<certificate_info> peer;  // the peer's certificate; nothing when it has shown none
  // The peer's certificate and those above it, as they were sent; of a resumed session at most the first.
  std::vector<certificate_info> chain;
};

/// Facts of a secure stream. @throws misuse_error  It is none.
///
/// **In asyncio.** `writer.get_extra_info("ssl_object")`.
connection_info info(const stream& of);

/// Whether a stream is secure.
bool is_secure(const stream& which) noexcept;

/// Changes the keys that this side writes with, and asks the peer to do the same: for connections that live for days or
/// carry terabytes. TLS 1.3 only; happens with the next write. @throws misuse_error  Not a TLS 1.3 stream.
/// @throws error  The stream has failed.
void update_keys(const stream& of);

}  // namespace eddy::tls
