// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace bench {

// Each gives the bytes that were read.

/// With libuv's four threads, `at_once` files at a time.
std::size_t uv_small(const std::vector<std::string>& paths, std::size_t at_once);
/// With libuv, one read of `step` bytes at a time.
std::size_t uv_large(const std::string& path, std::size_t step);

/// With liburing alone: open, read and close in one chain, `at_once` chains in flight. The limit: it takes for granted
/// that all are regular files of at most 4 KiB.
std::size_t ring_small(const std::vector<std::string>& paths, std::size_t at_once);

}  // namespace bench
