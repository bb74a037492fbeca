// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <system_error>

#include "eddy/net/tls/certificate_info.hpp"

namespace eddy::tls {

/// What went wrong between two peers, roughly.
enum class trouble : std::uint8_t {
  protocol,       // the peer broke the rules, or the two have no version, cipher or protocol in common
  alert,          // the peer ended the connection and said why: see error::alert()
  certificate,    // the peer's certificate is not accepted: see certificate_error
  truncated,      // the connection ended without a word: what came may be a part of the whole
  plain_text,     // the peer does not speak TLS
  configuration,  // a certificate, key or setting of this side is of no use
};

/// A TLS connection could not be made, or has failed; or a context could not be made.
///
/// Reads and writes of a secure stream throw it as they throw errors of the system.
/// **In asyncio.** `ssl.SSLError`.
class error : public std::system_error {
 public:
  /// @param code  As OpenSSL packs its errors; 0 where there is none.
  error(trouble kind, int code, const std::string& what);

  trouble kind() const noexcept { return kind_; }
  /// The number of the alert that the peer sent (RFC 8446, section 6), when it sent one.
  std::optional<int> alert() const noexcept;

 private:
  trouble kind_;
};

/// What is wrong with a certificate.
enum class certificate_trouble : std::uint8_t {
  expired,
  not_yet_valid,
  self_signed,     // it vouches for itself
  unknown_issuer,  // who vouches for it is not trusted here, or the peer left a link of the chain out
  wrong_host,      // it is for others
  wrong_purpose,   // it may not be used by such a peer
  missing,         // the peer has shown none
  other,
};

/// The peer's certificate is not accepted; what() says in words why, and what to do.
///
/// **In asyncio.** `ssl.SSLCertVerificationError`.
class certificate_error : public error {
 public:
  certificate_error(certificate_trouble reason, int code, const std::string& what,
                    std::optional<certificate_info> culprit);

  certificate_trouble reason() const noexcept { return reason_; }
  /// The one that is not accepted: the peer's, or one above it in the chain.
  const std::optional<certificate_info>& certificate() const noexcept { return culprit_; }

 private:
  certificate_trouble reason_;
  std::optional<certificate_info> culprit_;
};

/// Of the codes that tls::error has: OpenSSL's.
const std::error_category& category() noexcept;

}  // namespace eddy::tls
