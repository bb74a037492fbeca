// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "eddy/net/tls/detail/openssl.hpp"
#include "eddy/net/tls/detail/pem.hpp"

namespace eddy::tls::detail {

/// Where a certificate and its key come from.
class identity_source {
 public:
  identity_source(pem_source chain, pem_source key, std::string passphrase)
      : chain_(std::move(chain)), key_(std::move(key)), passphrase_(std::move(passphrase)) {}

  /// A certificate, those above it, and its key: read, and belonging together.
  class parts {
   public:
    std::vector<certificate_ptr> chain;
    key_ptr key;
  };
  /// Reads them, again each time. @throws error, std::system_error
  parts read() const;

 private:
  pem_source chain_;
  pem_source key_;
  std::string passphrase_;
};

/// Lets an SSL_CTX show it, beside those of other kinds of keys.
void use(SSL_CTX* context, const identity_source::parts& shown);

}  // namespace eddy::tls::detail
