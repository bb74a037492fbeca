// SPDX-License-Identifier: BSL-1.0
#include "eddy/net/tls/certificate_info.hpp"

#include <arpa/inet.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <array>
#include <ctime>
#include <string_view>

#include "eddy/net/tls/detail/pem.hpp"

namespace eddy::tls::detail {

namespace {

using bio_ptr = std::unique_ptr<BIO, freed_by<BIO_free_all>>;

std::string text_of(BIO* memory) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory, &data);
  return {data, static_cast<std::size_t>(size)};
}

std::string name_text(const X509_NAME* name) {
  const bio_ptr memory(BIO_new(BIO_s_mem()));
  // UTF-8 as it is, control characters escaped.
  const unsigned long how = XN_FLAG_RFC2253 & ~static_cast<unsigned long>(ASN1_STRFLGS_ESC_MSB);
  if (!memory || X509_NAME_print_ex(memory.get(), name, 0, how) < 0) return {};
  return text_of(memory.get());
}

std::string hexadecimal(const unsigned char* bytes, std::size_t count) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < count; ++i) {
    text += digits[bytes[i] >> 4U];
    text += digits[bytes[i] & 15U];
  }
  return text;
}

certificate_info::time_point time_of(const ASN1_TIME* at) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(at, &parts) != 1) return {};
  return std::chrono::system_clock::from_time_t(timegm(&parts));
}

std::string string_of(const ASN1_STRING* text) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<std::size_t>(ASN1_STRING_length(text))};
}

std::string address_of(const ASN1_OCTET_STRING* bytes) {
  const int size = ASN1_STRING_length(bytes);
  if (size != 4 && size != 16) return {};
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(size == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(bytes), text.data(), text.size());
  return text.data();
}

void add_alternative_names(certificate_info& into, const X509* certificate) {
  const std::unique_ptr<GENERAL_NAMES, freed_by<GENERAL_NAMES_free>> all(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; i < sk_GENERAL_NAME_num(all.get()); ++i) {
    const GENERAL_NAME* const each = sk_GENERAL_NAME_value(all.get(), i);
    if (each->type == GEN_DNS) into.names.push_back(string_of(each->d.dNSName));
    if (each->type == GEN_EMAIL) into.emails.push_back(string_of(each->d.rfc822Name));
    if (each->type == GEN_URI) into.uris.push_back(string_of(each->d.uniformResourceIdentifier));
    if (each->type == GEN_IPADD) into.addresses.push_back(address_of(each->d.iPAddress));
  }
}

std::string serial_of(const X509* certificate) {
  const std::unique_ptr<BIGNUM, freed_by<BN_free>> number(
      ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nullptr));
  if (!number) return {};
  std::string bytes(static_cast<std::size_t>(BN_num_bytes(number.get())), '\0');
  auto* const raw = reinterpret_cast<unsigned char*>(bytes.data());
  BN_bn2bin(number.get(), raw);
  return hexadecimal(raw, bytes.size());
}

}  // namespace

certificate_info describe(const X509* certificate) {
  certificate_info made;
  made.subject = name_text(X509_get_subject_name(certificate));
  made.issuer = name_text(X509_get_issuer_name(certificate));
  add_alternative_names(made, certificate);
  made.serial = serial_of(certificate);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (X509_digest(certificate, EVP_sha256(), digest.data(), &size) == 1)
    made.fingerprint = hexadecimal(digest.data(), size);
  made.not_before = time_of(X509_get0_notBefore(certificate));
  made.not_after = time_of(X509_get0_notAfter(certificate));
  const bio_ptr memory(BIO_new(BIO_s_mem()));
  if (memory && PEM_write_bio_X509(memory.get(), const_cast<X509*>(certificate)) == 1) made.pem = text_of(memory.get());
  clear_errors();
  return made;
}

}  // namespace eddy::tls::detail
