// SPDX-License-Identifier: BSL-1.0
#include "eddy/net/transport.hpp"

#include <atomic>
#include <string>
#include <system_error>

#include "eddy/net/errors.hpp"

namespace eddy::detail {

namespace {

std::atomic<layer_thrower> thrower_of_layer{nullptr};

}  // namespace

// Whoever has such a code has it from a transport that was made after this: no order is needed.
void set_layer_thrower(layer_thrower thrower) noexcept { thrower_of_layer.store(thrower, std::memory_order_relaxed); }
socket_address transport::local_address() const {
  const auto at = local_endpoint();
  return at ? socket_address(*at) : socket_address();
}

socket_address transport::remote_address() const {
  const auto at = remote_endpoint();
  return at ? socket_address(*at) : socket_address();
}

int transport::release() {
  throw misuse_error(
      "this stream has no descriptor of its own to hand over: it is in memory, or a layer above another");
}

void throw_stream_error(int code, const char* doing) {
  if (code == stream_broken) throw broken_stream_error();
  if (code == stream_closed) throw closed_error(std::string("cannot ") + doing + ": this side has closed the stream");
  if (code >= first_layer_code) thrower_of_layer.load(std::memory_order_relaxed)(code, doing);
  throw std::system_error(code, std::generic_category(), doing);
}

}  // namespace eddy::detail
