// SPDX-License-Identifier: BSL-1.0
#include "eddy/net/tls/errors.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <utility>

#include "eddy/net/tls/detail/openssl.hpp"

namespace eddy::tls {

namespace {

const char* name_of_alert(int number) noexcept {
  // OpenSSL 3.0 knows these numbers, but not their names.
  if (number == SSL_AD_MISSING_EXTENSION) return "missing extension";
  if (number == SSL_AD_CERTIFICATE_REQUIRED) return "certificate required";
  return SSL_alert_desc_string_long(number);
}

class openssl_category final : public std::error_category {
 public:
  const char* name() const noexcept override { return "tls"; }
  std::string message(int code) const override {
    const auto packed = static_cast<unsigned long>(code);
    if (const auto alert = detail::alert_of(code))
      return std::string("the peer ended the connection with the alert \"") + name_of_alert(*alert) + '"';
    if (ERR_GET_LIB(packed) == ERR_LIB_SSL && ERR_GET_REASON(packed) == SSL_R_UNEXPECTED_EOF_WHILE_READING)
      return "the connection ended without a word (no close_notify), so what came may be only a part";
    const char* const reason = ERR_reason_error_string(packed);
    return reason == nullptr ? "TLS error" : reason;
  }
};

}  // namespace

const std::error_category& category() noexcept {
  static const openssl_category the_one;
  return the_one;
}

namespace {

std::error_code code_of(int code) {
  return code == 0 ? std::error_code(EPROTO, std::generic_category()) : std::error_code(code, category());
}

}  // namespace

error::error(trouble kind, int code, const std::string& what) : std::system_error(code_of(code), what), kind_(kind) {}

std::optional<int> error::alert() const noexcept {
  return code().category() == category() ? detail::alert_of(code().value()) : std::nullopt;
}

certificate_error::certificate_error(certificate_trouble reason, int code, const std::string& what,
                                     std::optional<certificate_info> culprit)
    : error(trouble::certificate, code, what), reason_(reason), culprit_(std::move(culprit)) {}

}  // namespace eddy::tls
