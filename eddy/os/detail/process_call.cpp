// SPDX-License-Identifier: BSL-1.0
#include "eddy/os/detail/process_call.hpp"

namespace eddy::detail {

void pack_call_head(msgpack::writer& out, std::uint64_t limit, process_stub stub, code_address function) {
  out.put_unsigned(limit);
  pack_code(out, reinterpret_cast<code_address>(stub));
  if (function == nullptr)
    out.put_nil();
  else
    pack_code(out, function);
}

}  // namespace eddy::detail
