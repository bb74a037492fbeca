// SPDX-License-Identifier: BSL-1.0
#include "eddy/net/transport.hpp"

#include <string>
#include <system_error>

#include "eddy/net/errors.hpp"

namespace eddy::detail {

void throw_stream_error(int code, const char* doing) {
  if (code == stream_broken) throw broken_stream_error();
  if (code == stream_closed) throw closed_error(std::string("cannot ") + doing + ": this side has closed the stream");
  throw std::system_error(code, std::generic_category(), doing);
}

}  // namespace eddy::detail
