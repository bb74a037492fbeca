// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <openssl/opensslv.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <cerrno>
#include <memory>
#include <optional>
#include <string>

#include "eddy/net/tls/errors.hpp"

#if OPENSSL_VERSION_MAJOR < 3
#error "eddy::tls needs OpenSSL 3.0 or newer"
#endif

namespace eddy::tls::detail {

template <auto Free>
struct freed_by {
  template <class T>
  void operator()(T* object) const noexcept {
    Free(object);
  }
};
using ssl_ptr = std::unique_ptr<SSL, freed_by<SSL_free>>;
using certificate_ptr = std::unique_ptr<X509, freed_by<X509_free>>;
using key_ptr = std::unique_ptr<EVP_PKEY, freed_by<EVP_PKEY_free>>;
using session_ptr = std::unique_ptr<SSL_SESSION, freed_by<SSL_SESSION_free>>;
using ctx_ptr = std::shared_ptr<SSL_CTX>;

/// The number of the alert that made an error of OpenSSL.
std::optional<int> alert_of(int code) noexcept;

/// The first error that OpenSSL noted on this thread since clear_errors(), as a code of ours: never 0. Forgets it.
int take_error() noexcept;
void clear_errors() noexcept;

trouble trouble_of(int code) noexcept;

/// Throws what the streams' code means: set as eddy::detail::layer_thrower.
[[noreturn]] void throw_code(int code, const char* doing);

/// A setting of this side is of no use; with OpenSSL's reason.
[[noreturn]] void throw_configuration(const std::string& what);
/// @param ok  What a function of OpenSSL returned: throws unless it is positive.
void require(long ok, const std::string& what);

}  // namespace eddy::tls::detail
