// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "eddy/net/stream.hpp"

namespace eddy {

/// How a memory_pipe behaves.
class memory_pipe_options {
 public:
  /// Bytes under way in each direction before a write waits. Default 64 KiB; at least 1.
  memory_pipe_options& capacity(std::size_t bytes) {
    capacity_ = bytes;
    return *this;
  }
  /// The most that one receive gets: 1 delivers byte by byte. Default: no limit.
  memory_pipe_options& chunk(std::size_t bytes) {
    chunk_ = bytes;
    return *this;
  }

 private:
  friend std::pair<stream, stream> memory_pipe(memory_pipe_options options);
  std::size_t capacity_ = 64 * 1024;
  std::size_t chunk_ = SIZE_MAX;
};

/// Two streams that are connected in memory: what one writes the other reads. For tests of whatever speaks over a
/// stream.
///
/// They behave as a connection does: half-close, resets, back-pressure, EPIPE after the other side has closed. No
/// descriptor and no clock are involved, so a run is the same every time. Both ends belong to the current loop.
std::pair<stream, stream> memory_pipe(memory_pipe_options options = {});

}  // namespace eddy
