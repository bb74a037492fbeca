// SPDX-License-Identifier: BSL-1.0
#include "eddy/os/detail/process_frame.hpp"

#include <cstring>
#include <utility>

namespace eddy::detail {

std::vector<std::byte> seal_frame(frame_kind kind, msgpack::writer&& out) {
  frame_header header;
  header.kind = kind;
  header.size = out.size() - sizeof header;
  std::memcpy(out.bytes().data(), &header, sizeof header);
  return std::move(out).take();
}

std::span<const std::byte> received_frame::body() const noexcept { return {data.get(), size}; }

}  // namespace eddy::detail
