// SPDX-License-Identifier: BSL-1.0
#include "eddy/net/tls/detail/bio.hpp"

#include <new>

namespace eddy::tls::detail {

namespace {

bio_ends& ends_of(BIO* bio) noexcept { return *static_cast<bio_ends*>(BIO_get_data(bio)); }

int read_from(BIO* bio, char* out, std::size_t count, std::size_t* read) {
  BIO_clear_retry_flags(bio);
  *read = ends_of(bio).pull(out, count);
  if (*read != 0) return 1;
  if (!ends_of(bio).at_end()) BIO_set_retry_read(bio);
  return 0;
}

int write_to(BIO* bio, const char* bytes, std::size_t count, std::size_t* written) {
  BIO_clear_retry_flags(bio);
  *written = 0;
  if (!ends_of(bio).push(bytes, count)) {
    BIO_set_retry_write(bio);
    return 0;
  }
  *written = count;
  return 1;
}

long control(BIO* bio, int command, long, void*) {
  if (command == BIO_CTRL_FLUSH) return 1;  // what was pushed is sent without being asked
  if (command == BIO_CTRL_EOF) return ends_of(bio).at_end() ? 1 : 0;
  return 0;
}

const BIO_METHOD* method() {
  static BIO_METHOD* const the_one = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "eddy stream");
    if (made == nullptr) throw std::bad_alloc();
    BIO_meth_set_read_ex(made, read_from);
    BIO_meth_set_write_ex(made, write_to);
    BIO_meth_set_ctrl(made, control);
    return made;
  }();
  return the_one;
}

}  // namespace

BIO* make_bio(bio_ends& ends) {
  BIO* const made = BIO_new(method());
  if (made == nullptr) throw std::bad_alloc();
  set_ends(made, ends);
  BIO_set_init(made, 1);
  return made;
}

void set_ends(BIO* bio, bio_ends& ends) noexcept { BIO_set_data(bio, &ends); }

}  // namespace eddy::tls::detail
