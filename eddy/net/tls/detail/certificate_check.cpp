// SPDX-License-Identifier: BSL-1.0
#include "eddy/net/tls/detail/certificate_check.hpp"

#include <openssl/x509v3.h>

#include <array>
#include <ctime>

#include "eddy/net/address.hpp"
#include "eddy/net/tls/detail/notes.hpp"
#include "eddy/net/tls/detail/pem.hpp"

namespace eddy::tls::detail {

namespace {

std::string date(certificate_info::time_point when) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(when);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 40> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S UTC", &parts)};
}

std::string list_of(const certificate_info& certificate) {
  std::string all;
  for (const auto* names : {&certificate.names, &certificate.addresses}) {
    for (const std::string& name : *names) all += (all.empty() ? "" : ", ") + name;
  }
  return all.empty() ? "nobody in particular (it has no alternative names)" : all;
}

certificate_trouble reason_of(int code) noexcept {
  switch (code) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return certificate_trouble::expired;
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return certificate_trouble::not_yet_valid;
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
      return certificate_trouble::self_signed;
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      return certificate_trouble::unknown_issuer;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return certificate_trouble::wrong_host;
    case X509_V_ERR_INVALID_PURPOSE:
      return certificate_trouble::wrong_purpose;
    default:
      return certificate_trouble::other;
  }
}

std::string explain(certificate_trouble reason, int code, const certificate_info& c, const notes& of) {
  const bool of_server = of.client != nullptr;
  switch (reason) {
    case certificate_trouble::expired:
      return "it expired on " + date(c.not_after) + "; its owner has to renew it";
    case certificate_trouble::not_yet_valid:
      return "it is not valid before " + date(c.not_before) + "; is this machine's clock right?";
    case certificate_trouble::self_signed:
      return "it is self-signed; if you trust it, give it to ca_file()";
    case certificate_trouble::unknown_issuer:
      if (code == X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN)
        return "its chain ends at an authority that is not trusted here; give that to ca_file()";
      return "it was issued by \"" + c.issuer + "\", which is unknown here; give its root to ca_file(), or let " +
             (of_server ? "the server" : "the client") + " send the certificates in between";
    case certificate_trouble::wrong_host:
      return "it is for " + list_of(c) + ", not for " + of.peer;
    case certificate_trouble::wrong_purpose:
      return std::string("its purpose is another than to be used by a ") + (of_server ? "server" : "client");
    default:
      return X509_verify_cert_error_string(code);
  }
}

}  // namespace

void expect_host(SSL* ssl, const std::string& host) {
  X509_VERIFY_PARAM* const wanted = SSL_get0_param(ssl);
  const std::string plain = host.substr(0, host.find('%'));  // the certificate knows nothing of scopes
  if (ip_address::parse(plain)) {
    require(X509_VERIFY_PARAM_set1_ip_asc(wanted, plain.c_str()), "cannot expect the address " + host);
    return;
  }
  X509_VERIFY_PARAM_set_hostflags(wanted, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  require(X509_VERIFY_PARAM_set1_host(wanted, host.data(), host.size()), "cannot expect the host " + host);
}

int note_objection(int accepted, X509_STORE_CTX* store) {
  if (accepted == 1) return 1;
  const auto* const ssl =
      static_cast<const SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  notes& of = notes_of(ssl);
  if (!of.objection.empty()) return 0;
  const int code = X509_STORE_CTX_get_error(store);
  of.reason = reason_of(code);
  try {
    if (const X509* const culprit = X509_STORE_CTX_get_current_cert(store)) of.culprit = describe(culprit);
    const certificate_info c = of.culprit.value_or(certificate_info());
    const std::string whose = X509_STORE_CTX_get_error_depth(store) == 0
                                  ? "its certificate (\"" + c.subject + "\")"
                                  : "the certificate \"" + c.subject + "\" above its own";
    of.objection = whose + " is not accepted: " + explain(of.reason, code, c, of);
  } catch (const std::bad_alloc&) {
  }
  return 0;
}

}  // namespace eddy::tls::detail
