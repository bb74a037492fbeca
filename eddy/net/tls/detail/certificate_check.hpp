// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>

#include "eddy/net/tls/detail/openssl.hpp"

namespace eddy::tls::detail {

/// Whom the peer has to prove to be: a name, or an address. @throws error
void expect_host(SSL* ssl, const std::string& host);

/// OpenSSL's hook for each certificate of the peer's: writes down in words what is wrong with the first that is not
/// accepted.
int note_objection(int accepted, X509_STORE_CTX* store);

}  // namespace eddy::tls::detail
