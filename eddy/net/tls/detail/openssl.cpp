// SPDX-License-Identifier: BSL-1.0
#include "eddy/net/tls/detail/openssl.hpp"

#include <openssl/err.h>

namespace eddy::tls::detail {

namespace {

constexpr int no_reason = ERR_PACK(ERR_LIB_SSL, 0, ERR_R_INTERNAL_ERROR);

bool is_ssl_reason(int code, int reason) noexcept {
  const auto packed = static_cast<unsigned long>(code);
  return ERR_GET_LIB(packed) == ERR_LIB_SSL && ERR_GET_REASON(packed) == reason;
}

}  // namespace

std::optional<int> alert_of(int code) noexcept {
  const auto packed = static_cast<unsigned long>(code);
  if (ERR_GET_LIB(packed) != ERR_LIB_SSL) return std::nullopt;
  const int number = ERR_GET_REASON(packed) - SSL_AD_REASON_OFFSET;
  if (number < 0 || number > 255) return std::nullopt;
  return number;
}

// Errors of the system have a form of their own, which does not fit into what streams pass on; none comes from a BIO
// that makes no system calls.
int take_error() noexcept {
  const unsigned long first = ERR_get_error();
  ERR_clear_error();
  if (first == 0 || ERR_SYSTEM_ERROR(first)) return no_reason;
  return static_cast<int>(ERR_PACK(ERR_GET_LIB(first), 0, ERR_GET_REASON(first)));
}

void clear_errors() noexcept { ERR_clear_error(); }

trouble trouble_of(int code) noexcept {
  if (alert_of(code)) return trouble::alert;
  if (is_ssl_reason(code, SSL_R_UNEXPECTED_EOF_WHILE_READING)) return trouble::truncated;
  if (is_ssl_reason(code, SSL_R_CERTIFICATE_VERIFY_FAILED) ||
      is_ssl_reason(code, SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE))
    return trouble::certificate;
  for (const int plain : {SSL_R_HTTP_REQUEST, SSL_R_HTTPS_PROXY_REQUEST, SSL_R_WRONG_VERSION_NUMBER,
                          SSL_R_PACKET_LENGTH_TOO_LONG, SSL_R_UNKNOWN_PROTOCOL}) {
    if (is_ssl_reason(code, plain)) return trouble::plain_text;
  }
  return trouble::protocol;
}

void throw_code(int code, const char* doing) {
  trouble kind = trouble_of(code);
  if (kind == trouble::plain_text) kind = trouble::protocol;  // not once a handshake has been
  throw error(kind, code, doing);
}

void throw_configuration(const std::string& what) { throw error(trouble::configuration, take_error(), what); }

void require(long ok, const std::string& what) {
  if (ok <= 0) throw_configuration(what);
}

}  // namespace eddy::tls::detail
