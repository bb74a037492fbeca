// SPDX-License-Identifier: BSL-1.0
#include "eddy/testing/tls/authority.hpp"

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <system_error>

namespace eddy::testing {

namespace {

template <auto Free>
struct freed {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
using key_ptr = std::unique_ptr<EVP_PKEY, freed<EVP_PKEY_free>>;
using certificate_ptr = std::unique_ptr<X509, freed<X509_free>>;
using bio_ptr = std::unique_ptr<BIO, freed<BIO_free_all>>;

[[noreturn]] void refused(const char* what) {
  std::array<char, 256> text{};
  ERR_error_string_n(ERR_get_error(), text.data(), text.size());
  throw std::runtime_error(std::string("test authority: ") + what + ": " + text.data());
}

void need(int ok, const char* what) {
  if (ok <= 0) refused(what);
}

key_ptr make_key(int rsa_bits) {
  key_ptr made(rsa_bits == 0 ? EVP_EC_gen("P-256") : EVP_RSA_gen(static_cast<unsigned>(rsa_bits)));
  if (!made) refused("a key");
  return made;
}

std::string text_of(BIO* memory) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory, &data);
  return {data, static_cast<std::size_t>(size)};
}

std::string pem_of(X509* certificate) {
  const bio_ptr memory(BIO_new(BIO_s_mem()));
  need(PEM_write_bio_X509(memory.get(), certificate), "PEM");
  return text_of(memory.get());
}

std::string pem_of(EVP_PKEY* key, const std::string& passphrase) {
  const bio_ptr memory(BIO_new(BIO_s_mem()));
  const bool plain = passphrase.empty();
  need(PEM_write_bio_PKCS8PrivateKey(memory.get(), key, plain ? nullptr : EVP_aes_128_cbc(),
                                     plain ? nullptr : passphrase.data(), static_cast<int>(passphrase.size()), nullptr,
                                     nullptr),
       "PEM of a key");
  return text_of(memory.get());
}

void set_time(ASN1_TIME* at, leaf::time_point when) {
  if (ASN1_TIME_set(at, std::chrono::system_clock::to_time_t(when)) == nullptr) refused("a time");
}

void add_extension(X509* to, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX about{};
  X509V3_set_ctx_nodb(&about);
  X509V3_set_ctx(&about, issuer, to, nullptr, nullptr, 0);
  X509_EXTENSION* made = X509V3_EXT_conf_nid(nullptr, &about, kind, value.c_str());
  if (made == nullptr) refused(value.c_str());
  const int added = X509_add_ext(to, made, -1);
  X509_EXTENSION_free(made);
  need(added, "an extension");
}

certificate_ptr begin(const std::string& name, EVP_PKEY* key, leaf::time_point from, leaf::time_point until) {
  certificate_ptr made(X509_new());
  if (!made) refused("a certificate");
  X509_set_version(made.get(), X509_VERSION_3);
  std::array<unsigned char, 8> serial{};
  need(RAND_bytes(serial.data(), static_cast<int>(serial.size())), "a serial number");
  std::uint64_t number = 0;
  for (const unsigned char byte : serial) number = number << 8U | byte;
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(made.get()), number >> 1U | 1U);
  set_time(X509_getm_notBefore(made.get()), from);
  set_time(X509_getm_notAfter(made.get()), until);
  need(X509_set_pubkey(made.get(), key), "a public key");
  need(X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_UTF8,
                                  reinterpret_cast<const unsigned char*>(name.data()), static_cast<int>(name.size()),
                                  -1, 0),
       "a name");
  return made;
}

void sign(X509* certificate, X509* issuer, EVP_PKEY* issuers_key) {
  need(X509_set_issuer_name(certificate, X509_get_subject_name(issuer)), "an issuer");
  add_extension(certificate, issuer, NID_subject_key_identifier, "hash");
  if (issuer != certificate) add_extension(certificate, issuer, NID_authority_key_identifier, "keyid");
  need(X509_sign(certificate, issuers_key, EVP_sha256()), "a signature");
}

bool is_address(const std::string& host) {
  std::array<unsigned char, 16> unused{};
  return inet_pton(AF_INET, host.c_str(), unused.data()) == 1 || inet_pton(AF_INET6, host.c_str(), unused.data()) == 1;
}

std::string alternative_names(const std::vector<std::string>& hosts) {
  std::string all;
  for (const std::string& host : hosts) {
    if (!all.empty()) all += ',';
    all += (is_address(host) ? "IP:" : "DNS:") + host;
  }
  return all;
}

void write_file(const std::string& path, const std::string& text) {
  std::ofstream out(path + ".new", std::ios::binary);
  out << text;
  out.close();
  if (!out) throw std::system_error(errno, std::generic_category(), path);
  std::filesystem::rename(path + ".new", path);
}

}  // namespace

leaf& leaf::expired() {
  const auto now = std::chrono::system_clock::now();
  return valid(now - std::chrono::hours(48), now - std::chrono::hours(1));
}

leaf& leaf::not_yet_valid() {
  const auto now = std::chrono::system_clock::now();
  return valid(now + std::chrono::hours(1), now + std::chrono::hours(48));
}

class authority::parts {
 public:
  key_ptr key;
  certificate_ptr certificate;
};

authority::authority(const std::string& name) : authority(name, nullptr) {}

authority::authority(const std::string& name, const authority* above) : parts_(std::make_unique<parts>()) {
  const auto now = std::chrono::system_clock::now();
  parts_->key = make_key(0);
  parts_->certificate =
      begin(name, parts_->key.get(), now - std::chrono::hours(24 * 30), now + std::chrono::hours(24 * 30));
  X509* const self = parts_->certificate.get();
  X509* const issuer = above == nullptr ? self : above->parts_->certificate.get();
  add_extension(self, issuer, NID_basic_constraints, "critical,CA:TRUE");
  add_extension(self, issuer, NID_key_usage, "critical,keyCertSign,cRLSign");
  sign(self, issuer, (above == nullptr ? *this : *above).parts_->key.get());
  certificate_ = pem_of(self);
  if (above != nullptr) chain_ = certificate_ + above->chain_;
}

authority::authority(authority&&) noexcept = default;
authority& authority::operator=(authority&&) noexcept = default;
authority::~authority() = default;

authority authority::intermediate(const std::string& name) const { return {name, this}; }

namespace {

issued_certificate finish(X509* certificate, X509* issuer, EVP_PKEY* issuers_key, EVP_PKEY* key,
                          const std::vector<std::string>& hosts, const std::string& purpose,
                          const std::string& passphrase) {
  add_extension(certificate, issuer, NID_basic_constraints, "critical,CA:FALSE");
  add_extension(certificate, issuer, NID_key_usage, "critical,digitalSignature");
  add_extension(certificate, issuer, NID_ext_key_usage, purpose);
  add_extension(certificate, issuer, NID_subject_alt_name, alternative_names(hosts));
  sign(certificate, issuer, issuers_key);
  issued_certificate made;
  made.certificate = pem_of(certificate);
  made.chain = made.certificate;
  made.key = pem_of(key, passphrase);
  return made;
}

}  // namespace

issued_certificate authority::issue(const leaf& wanted) const {
  const key_ptr key = make_key(wanted.rsa_bits_);
  const certificate_ptr begun = begin(wanted.hosts_.front(), key.get(), wanted.from_, wanted.until_);
  issued_certificate made = finish(begun.get(), parts_->certificate.get(), parts_->key.get(), key.get(), wanted.hosts_,
                                   wanted.purpose_, wanted.passphrase_);
  made.chain += chain_;
  return made;
}

issued_certificate authority::self_signed(const leaf& wanted) {
  const key_ptr key = make_key(wanted.rsa_bits_);
  const certificate_ptr begun = begin(wanted.hosts_.front(), key.get(), wanted.from_, wanted.until_);
  return finish(begun.get(), begun.get(), key.get(), key.get(), wanted.hosts_, wanted.purpose_, wanted.passphrase_);
}

certificate_files::certificate_files(const issued_certificate& shown, const std::string& root) {
  std::string name = (std::filesystem::temp_directory_path() / "eddy-tls-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw std::system_error(errno, std::generic_category(), name);
  directory_ = name;
  replace(shown);
  write_file(ca(), root);
}

certificate_files::~certificate_files() {
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

void certificate_files::replace(const issued_certificate& shown) const {
  write_file(chain(), shown.chain);
  write_file(key(), shown.key);
}

}  // namespace eddy::testing
