// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace eddy::testing {

/// What a throw-away certificate shall say: `leaf("localhost").and_for("127.0.0.1").expired()`.
///
/// By default: for a server, valid for a day around now, with an ECDSA key on P-256, which is made in a fraction of a
/// millisecond.
class leaf {
 public:
  using time_point = std::chrono::system_clock::time_point;

  /// @param host  A DNS name (also with a wildcard) or an address; the subject's common name as well.
  explicit leaf(std::string host) : hosts_{std::move(host)} {}

  /// One more name or address.
  leaf& and_for(std::string host) {
    hosts_.push_back(std::move(host));
    return *this;
  }
  leaf& valid(time_point from, time_point until) {
    from_ = from;
    until_ = until;
    return *this;
  }
  /// It was valid until an hour ago.
  leaf& expired();
  /// It will be valid from an hour from now on.
  leaf& not_yet_valid();
  /// For a client, which shows it to a server.
  leaf& for_client() {
    purpose_ = "clientAuth";
    return *this;
  }
  /// For signing programs: no use to a server or a client.
  leaf& for_nothing_here() {
    purpose_ = "codeSigning";
    return *this;
  }
  /// An RSA key: takes some tenths of a second.
  leaf& rsa(int bits = 2048) {
    rsa_bits_ = bits;
    return *this;
  }
  /// The key is encrypted with it.
  leaf& passphrase(std::string secret) {
    passphrase_ = std::move(secret);
    return *this;
  }

 private:
  friend class authority;
  std::vector<std::string> hosts_;
  time_point from_ = std::chrono::system_clock::now() - std::chrono::hours(12);
  time_point until_ = std::chrono::system_clock::now() + std::chrono::hours(12);
  std::string purpose_ = "serverAuth";
  int rsa_bits_ = 0;
  std::string passphrase_;
};

/// A certificate and its key, each as PEM text.
class issued_certificate {
 public:
  std::string certificate;
  std::string chain;  // the certificate and the authorities above it, without the root: what a server shows
  std::string key;
};

/// A certificate authority for tests: makes certificates for any name, good ones and bad ones, at once and in memory.
///
/// Nobody trusts it but who is given certificate().
/// **Thread safety.** Distinct ones are independent; issuing only reads.
class authority {
 public:
  /// A root. @throws std::runtime_error  OpenSSL refuses something.
  explicit authority(const std::string& name = "eddy test authority");
  authority(authority&&) noexcept;
  authority& operator=(authority&&) noexcept;
  ~authority();

  /// Its own certificate, PEM: for who shall trust it.
  const std::string& certificate() const noexcept { return certificate_; }

  issued_certificate issue(const leaf& wanted) const;
  /// An authority below this one.
  authority intermediate(const std::string& name) const;

  /// A certificate that vouches for itself, of no authority.
  static issued_certificate self_signed(const leaf& wanted);

 private:
  class parts;
  authority(const std::string& name, const authority* above);

  std::unique_ptr<parts> parts_;
  std::string certificate_;
  std::string chain_;  // of the authorities between the root and what it issues, PEM
};

/// The files that a certificate is usually read from, in a directory that goes away with this object.
class certificate_files {
 public:
  /// @param root  PEM, for ca().  @throws std::system_error
  certificate_files(const issued_certificate& shown, const std::string& root);
  certificate_files(const certificate_files&) = delete;
  certificate_files& operator=(const certificate_files&) = delete;
  ~certificate_files();

  const std::string& directory() const noexcept { return directory_; }
  std::string chain() const { return directory_ + "/chain.pem"; }
  std::string key() const { return directory_ + "/key.pem"; }
  std::string ca() const { return directory_ + "/ca.pem"; }

  /// Puts others in place of the first two.
  void replace(const issued_certificate& shown) const;

 private:
  std::string directory_;
};

}  // namespace eddy::testing
