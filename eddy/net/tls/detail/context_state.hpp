// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <chrono>
#include <mutex>
#include <string>
#include <vector>

#include "eddy/base/function.hpp"
#include "eddy/net/tls/detail/identity_source.hpp"
#include "eddy/net/tls/detail/openssl.hpp"
#include "eddy/net/tls/detail/pem.hpp"
#include "eddy/net/tls/identity.hpp"
#include "eddy/net/tls/settings.hpp"

namespace eddy::tls::detail {

/// What both kinds of contexts are: settings, and the SSL_CTX that they make.
///
/// The settings are kept as what they do to an SSL_CTX, so that a new one can be made of them when files have changed.
/// They do not change once the context is shared; after that everything here may be called on any thread.
class context_state {
 public:
  using setting = eddy::detail::function<void(SSL_CTX*)>;

  void add(setting s) {
    settings_.push_back(std::move(s));
    made_.reset();
  }
  void add_identity(const identity& shown) {
    identities_.push_back(shown.source());
    made_.reset();
  }
  void add_protocol_bounds(version lowest, bool is_lowest);
  void add_ciphers(std::string list, bool of_1_3);
  /// Authorities to trust. @throws error, std::system_error
  void add_trust(const pem_source& authorities);

  /// The SSL_CTX for connections from here on. @throws error
  ctx_ptr current() const;
  /// Makes it anew, from files too. @throws error, std::system_error  The one before stays.
  void remake();
  /// The same, showing nothing but this from now on.
  void remake(const identity& shown);

  /// One more handshake went so.
  void count_completed(bool resumed) const noexcept;
  void count_failed() const noexcept { failed_.fetch_add(1, std::memory_order_relaxed); }
  handshake_counts counts() const noexcept;

  std::chrono::nanoseconds handshake_timeout;
  std::chrono::nanoseconds close_wait = std::chrono::seconds(1);

 protected:
  explicit context_state(std::chrono::nanoseconds timeout) : handshake_timeout(timeout) {}
  ~context_state() = default;
  /// An SSL_CTX with what the kind of context needs.
  virtual ctx_ptr make() const = 0;

 private:
  using identities = std::vector<std::shared_ptr<const identity_source>>;
  ctx_ptr build(const identities& shown) const;
  void remake(identities shown);

  std::vector<setting> settings_;
  mutable std::mutex guard_;  // of the two below
  identities identities_;
  mutable ctx_ptr made_;
  // Numbers to be looked at, which order nothing.
  mutable std::atomic<std::uint64_t> completed_{0};
  mutable std::atomic<std::uint64_t> resumed_{0};
  mutable std::atomic<std::uint64_t> failed_{0};
};

/// An SSL_CTX with what both sides have in common.
ctx_ptr make_context(const SSL_METHOD* method);

/// The protocols for ALPN as TLS wants them. @throws misuse_error  A name is empty or longer than 255 bytes.
std::string alpn_list(const std::vector<std::string>& protocols);

}  // namespace eddy::tls::detail
