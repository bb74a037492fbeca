// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "eddy/net/tls/detail/openssl.hpp"

namespace eddy::tls::detail {

/// A file's content. @throws std::system_error  naming the file.
std::string read_file(const std::string& path);

/// Text, or the file that it is read from each time it is needed.
class pem_source {
 public:
  static pem_source file(std::string path) { return {std::move(path), true}; }
  static pem_source text(std::string pem, std::string name) { return {std::move(pem), false, std::move(name)}; }

  std::string read() const { return is_file_ ? read_file(content_) : content_; }
  /// What it is, for errors.
  const std::string& name() const noexcept { return is_file_ ? content_ : name_; }

 private:
  pem_source(std::string content, bool is_file, std::string name = {})
      : content_(std::move(content)), name_(std::move(name)), is_file_(is_file) {}
  std::string content_;
  std::string name_;
  bool is_file_;
};

/// All certificates in a PEM text. @throws error  There are none, or one is damaged. @throws std::system_error
std::vector<certificate_ptr> read_certificates(const pem_source& from);

/// The key in a PEM text. @param passphrase  Empty for a key that is not encrypted. @throws error, std::system_error
key_ptr read_key(const pem_source& from, const std::string& passphrase);

certificate_info describe(const X509* certificate);

}  // namespace eddy::tls::detail
