// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "eddy/base/owned.hpp"
#include "eddy/os/msgpack/writer.hpp"

namespace eddy::detail {

/// What pool and worker send each other: a header, then MessagePack.
///
/// ```
///   worker -> pool   hello      protocol, the program's fingerprint
///   pool -> worker   call       most bytes of an answer, code of the stub, code of the function or nil, arguments
///   worker -> pool   value      the result
///                    exception  its type, its text
/// ```
/// A worker that finds its socket closed ends.
enum class frame_kind : std::uint32_t { hello = 1, call, value, exception };

struct frame_header {
  static constexpr std::uint32_t expected_magic = 0x79646465;  // "eddy"

  std::uint32_t magic = expected_magic;
  frame_kind kind = frame_kind::hello;
  std::uint64_t size = 0;  // bytes that follow
};

inline constexpr std::uint64_t frame_protocol = 1;

/// The environment variable that makes a program a worker: `<parent's pid>:<name>`.
inline constexpr const char* worker_variable = "EDDY_PROCESS_WORKER";
/// The descriptor that a worker finds its socket at.
inline constexpr int worker_socket = 3;

/// Completes a frame: `out` was made with room for the header.
std::vector<std::byte> seal_frame(frame_kind kind, msgpack::writer&& out);

/// A frame that has come: its kind, and the MessagePack.
struct received_frame {
  frame_kind kind = frame_kind::hello;
  std::size_t size = 0;
  owned<std::byte[]> data;

  std::span<const std::byte> body() const noexcept;
};

}  // namespace eddy::detail
