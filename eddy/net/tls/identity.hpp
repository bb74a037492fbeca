// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <string>

namespace eddy::tls {

namespace detail {
class identity_source;
}

/// A certificate with its key: what a side shows and proves.
///
/// Read and checked when it is made, so what is wrong with it is said then; one of files is read again by
/// server_context::reload(). Cheap to copy. Files are read on the calling thread.
class identity {
 public:
  /// @param chain       A PEM file: the certificate, then those between it and its root.
  /// @param key         A PEM file, which may be the same.
  /// @param passphrase  Of the key; empty when it is not encrypted.
  /// @throws error              The certificate or the key is of no use, or they do not belong together.
  /// @throws std::system_error  A file cannot be read.
  static identity from_files(std::string chain, std::string key, std::string passphrase = {});
  /// The same from PEM texts.
  static identity from_pem(std::string chain, std::string key, std::string passphrase = {});

  /// For contexts.
  const std::shared_ptr<const detail::identity_source>& source() const noexcept { return source_; }

 private:
  explicit identity(std::shared_ptr<const detail::identity_source> source);
  std::shared_ptr<const detail::identity_source> source_;
};

}  // namespace eddy::tls
