// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace crawler {

/// How a page ended. The names are what the database, the tables and the demo's comparison show.
enum class error_kind {
  none,           ///< stored
  http_status,    ///< answered with an error status, after all retries
  timeout,        ///< no complete answer in time
  too_large,      ///< beyond the limit on a body
  expansion,      ///< a compressed body that expands beyond reason
  truncated,      ///< the connection ended in the middle of the answer
  redirect_loop,  ///< too many redirects
  connect,        ///< no connection: refused, unreachable, unknown host
  protocol,       ///< the answer is no HTTP
  decode,         ///< a content coding that is unknown or corrupt
  robots,         ///< robots.txt forbids it: skipped, which is no error
  other,
};

inline constexpr std::array<std::string_view, 12> error_kind_names{
    "",        "http_status", "timeout", "too_large", "expansion", "truncated", "redirect_loop",
    "connect", "protocol",    "decode",  "robots",    "other"};

constexpr std::string_view name_of(error_kind kind) { return error_kind_names[static_cast<std::size_t>(kind)]; }

}  // namespace crawler
