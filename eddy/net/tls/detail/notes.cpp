// SPDX-License-Identifier: BSL-1.0
#include "eddy/net/tls/detail/notes.hpp"

#include <new>

#include "eddy/net/tls/detail/client_state.hpp"
#include "eddy/net/tls/detail/server_state.hpp"

namespace eddy::tls::detail {

namespace {

void free_notes(void*, void* given, CRYPTO_EX_DATA*, int, long, void*) { delete static_cast<notes*>(given); }

int place() noexcept {
  static const int the_one = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, free_notes);
  return the_one;
}

}  // namespace

notes& attach_notes(SSL* ssl) {
  auto made = std::make_unique<notes>();
  if (SSL_set_ex_data(ssl, place(), made.get()) != 1) throw std::bad_alloc();
  return *made.release();
}

notes& notes_of(const SSL* ssl) noexcept { return *static_cast<notes*>(SSL_get_ex_data(ssl, place())); }

}  // namespace eddy::tls::detail
