// SPDX-License-Identifier: BSL-1.0
#include "eddy/net/tls/identity.hpp"

#include <utility>

#include "eddy/net/tls/detail/identity_source.hpp"

namespace eddy::tls {

namespace detail {

identity_source::parts identity_source::read() const {
  parts made;
  made.chain = read_certificates(chain_);
  made.key = read_key(key_, passphrase_);
  if (X509_check_private_key(made.chain.front().get(), made.key.get()) != 1)
    throw_configuration("the key in " + key_.name() + " is not that of the certificate in " + chain_.name() + " (\"" +
                        describe(made.chain.front().get()).subject + "\")");
  return made;
}

void use(SSL_CTX* context, const identity_source::parts& shown) {
  clear_errors();
  require(SSL_CTX_use_certificate(context, shown.chain.front().get()), "this certificate cannot be used");
  SSL_CTX_clear_chain_certs(context);
  for (std::size_t i = 1; i < shown.chain.size(); ++i)
    require(SSL_CTX_add1_chain_cert(context, shown.chain[i].get()), "this chain cannot be used");
  require(SSL_CTX_use_PrivateKey(context, shown.key.get()), "this key cannot be used");
}

}  // namespace detail

identity::identity(std::shared_ptr<const detail::identity_source> source) : source_(std::move(source)) {
  source_->read();  // says now what is wrong
}

identity identity::from_files(std::string chain, std::string key, std::string passphrase) {
  return identity(std::make_shared<detail::identity_source>(
      detail::pem_source::file(std::move(chain)), detail::pem_source::file(std::move(key)), std::move(passphrase)));
}

identity identity::from_pem(std::string chain, std::string key, std::string passphrase) {
  return identity(std::make_shared<detail::identity_source>(
      detail::pem_source::text(std::move(chain), "the certificate's text"),
      detail::pem_source::text(std::move(key), "the key's text"), std::move(passphrase)));
}

}  // namespace eddy::tls
