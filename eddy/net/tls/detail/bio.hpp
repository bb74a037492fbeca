// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <openssl/bio.h>

#include <cstddef>

namespace eddy::tls::detail {

/// Where OpenSSL gets what the peer has sent, and puts what is for the peer: no calls of the system, no copies of their
/// own.
class bio_ends {
 public:
  /// Up to `count` bytes of what has come. @returns 0 when there are none now.
  virtual std::size_t pull(char* out, std::size_t count) noexcept = 0;
  /// Whether none will come any more.
  virtual bool at_end() const noexcept = 0;
  /// @returns false: not now (or no memory).
  virtual bool push(const char* bytes, std::size_t count) noexcept = 0;

 protected:
  ~bio_ends() = default;
};

/// A BIO over them; OpenSSL's owner frees it. @throws std::bad_alloc
BIO* make_bio(bio_ends& ends);
/// From here on it works on others.
void set_ends(BIO* bio, bio_ends& ends) noexcept;

}  // namespace eddy::tls::detail
