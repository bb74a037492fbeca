// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <ctime>
#include <string>
#include <string_view>

namespace eddy::http::detail {

/// Appends a time as HTTP writes it: "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 section 5.6.7).
void append_http_date(std::string& out, std::time_t when);

/// The present time as a whole field, `Date: ... CR LF`, and the empty line that ends a head behind it.
///
/// Made once a second and thread; valid until the thread's next call.
std::string_view date_and_end_now();
/// The field alone.
inline std::string_view date_line_now() {
  const std::string_view both = date_and_end_now();
  return both.substr(0, both.size() - 2);
}

}  // namespace eddy::http::detail
