// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <functional>
#include <ostream>
#include <span>
#include <string_view>
#include <utility>

#include "eddy/coro/coro.hpp"
#include "eddy/net/stream.hpp"
#include "eddy/testing/run_test.hpp"

namespace eddy::testing {

/// Makes two connected streams: what one writes the other reads. Called anew for each case, on a running loop.
using stream_maker = std::function<coro<std::pair<stream, stream>>()>;

/// What a kind of stream cannot do; the defaults are right for a TCP connection.
class stream_traits {
 public:
  /// The clock of every case. Default: real; virtual for streams that touch no descriptor.
  stream_traits& clock(test_clock which) {
    clock_ = which;
    return *this;
  }
  /// Whether one direction can end while the other goes on. Default: yes. (Not with TLS 1.2.)
  stream_traits& half_close(bool can) {
    half_close_ = can;
    return *this;
  }
  /// Whether a stream that was aborted in the middle of a write looks different to its peer from one that was closed.
  /// Default: yes. (Not with pipes.)
  stream_traits& tells_aborts(bool can) {
    tells_aborts_ = can;
    return *this;
  }
  /// The most that is under way between two ends while nobody reads, in bytes. Default 16 MiB.
  stream_traits& capacity(std::size_t bytes) {
    capacity_ = bytes;
    return *this;
  }

  test_clock clock() const noexcept { return clock_; }
  bool half_close() const noexcept { return half_close_; }
  bool tells_aborts() const noexcept { return tells_aborts_; }
  std::size_t capacity() const noexcept { return capacity_; }

 private:
  test_clock clock_ = test_clock::real_time;
  bool half_close_ = true;
  bool tells_aborts_ = true;
  std::size_t capacity_ = std::size_t{16} << 20;
};

/// One promise of streams, as a test.
struct stream_case {
  std::string_view name;  // a sentence in snake_case, the law in front
  void (*run)(const stream_maker& make, const stream_traits& traits);

  friend std::ostream& operator<<(std::ostream& out, const stream_case& c) { return out << c.name; }
};

/// All of them: to make a GoogleTest case of each, with INSTANTIATE_TEST_SUITE_P.
std::span<const stream_case> stream_cases() noexcept;

/// Checks that a kind of stream keeps what `stream` promises: runs every one of stream_cases(), the last of them
/// through explore(), which cancels a conversation at each of its awaits. For whoever implements a transport, or wraps
/// one.
///
/// Failures are GoogleTest's, with the name of the case. Call it in a plain TEST.
/// @returns how many cases were run.
std::size_t check_stream(const stream_maker& make, const stream_traits& traits = {});

}  // namespace eddy::testing
