// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

// The same work by libuv, in a file of its own that only a system with libuv builds.

namespace bench {

#if EDDY_BENCH_UV
inline constexpr bool has_uv = true;
/// Opens, reads and closes each file, `at_once` at a time. @returns bytes.
std::size_t uv_small(const std::vector<std::string>& paths, std::size_t at_once);
/// Reads one file from its beginning to its end. @returns bytes.
std::size_t uv_large(const std::string& path, std::size_t step);
#else
inline constexpr bool has_uv = false;
inline std::size_t uv_small(const std::vector<std::string>&, std::size_t) { return 0; }
inline std::size_t uv_large(const std::string&, std::size_t) { return 0; }
#endif

}  // namespace bench
