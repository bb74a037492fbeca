// SPDX-License-Identifier: BSL-1.0
#include "eddy/net/tls/detail/pem.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <system_error>

namespace eddy::tls::detail {

namespace {

using bio_ptr = std::unique_ptr<BIO, freed_by<BIO_free_all>>;

bio_ptr over(const std::string& text) {
  bio_ptr made(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  if (!made) throw std::bad_alloc();
  return made;
}

/// What a reader of keys asks for a passphrase.
struct passphrase_answer {
  const std::string* secret;
  bool asked = false;
};

int give_passphrase(char* out, int size, int, void* answer) {
  auto& given = *static_cast<passphrase_answer*>(answer);
  given.asked = true;
  const std::size_t count = std::min(given.secret->size(), static_cast<std::size_t>(size));
  given.secret->copy(out, count);
  return count == 0 ? -1 : static_cast<int>(count);
}

}  // namespace

std::string read_file(const std::string& path) {
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  std::string content((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  if (!in.is_open() || in.bad()) throw std::system_error(errno, std::generic_category(), "cannot read " + path);
  return content;
}

std::vector<certificate_ptr> read_certificates(const pem_source& from) {
  const std::string pem = from.read();
  clear_errors();
  const bio_ptr text = over(pem);
  std::vector<certificate_ptr> all;
  while (certificate_ptr next{PEM_read_bio_X509(text.get(), nullptr, nullptr, nullptr)}) all.push_back(std::move(next));
  if (all.empty()) throw_configuration("there is no certificate in " + from.name() + " (it has to be PEM)");
  if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
    throw_configuration("a certificate in " + from.name() + " is damaged");
  clear_errors();
  return all;
}

key_ptr read_key(const pem_source& from, const std::string& passphrase) {
  const std::string pem = from.read();
  clear_errors();
  const bio_ptr text = over(pem);
  passphrase_answer answer{&passphrase};
  key_ptr key(PEM_read_bio_PrivateKey(text.get(), nullptr, give_passphrase, &answer));
  if (key) return key;
  if (answer.asked && passphrase.empty())
    throw_configuration("the key in " + from.name() + " is encrypted: give its passphrase");
  if (answer.asked) throw_configuration("the passphrase does not open the key in " + from.name());
  throw_configuration("there is no private key in " + from.name() + " (it has to be PEM)");
}

}  // namespace eddy::tls::detail
