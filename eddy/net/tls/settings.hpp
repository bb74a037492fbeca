// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>

namespace eddy::tls {

/// The versions of TLS that eddy speaks. Older ones are broken.
enum class version : std::uint8_t { v1_2, v1_3 };

/// Whether a server asks its clients for certificates.
enum class client_certificates : std::uint8_t {
  none,      // not at all
  optional,  // a client may show none; what it shows has to be good
  required,  // a client without a good one is refused
};

/// How the handshakes of a context went so far.
class handshake_counts {
 public:
  std::uint64_t completed = 0;
  std::uint64_t resumed = 0;  // of the completed ones: without a new exchange of certificates
  std::uint64_t failed = 0;   // also those that took too long
};

}  // namespace eddy::tls
