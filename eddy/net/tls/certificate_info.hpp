// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace eddy::tls {

/// What a certificate says.
///
/// **In asyncio.** `SSLSocket.getpeercert()`.
class certificate_info {
 public:
  using time_point = std::chrono::system_clock::time_point;

  std::string subject;                 // "CN=example.org,O=Example": as RFC 2253, the most specific first
  std::string issuer;                  // the same of who vouches for it
  std::vector<std::string> names;      // the DNS names that it is for
  std::vector<std::string> addresses;  // the IP addresses that it is for
  std::vector<std::string> emails;     // and the mail addresses, as client certificates have
  std::vector<std::string> uris;       // and the URIs, as in SPIFFE
  std::string serial;                  // in hexadecimal
  std::string fingerprint;             // SHA-256 of the whole: 64 digits in lower case
  time_point not_before;
  time_point not_after;
  std::string pem;

  friend bool operator==(const certificate_info&, const certificate_info&) = default;
};

}  // namespace eddy::tls
