// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "eddy/http/fields.hpp"

#include <string_view>

namespace eddy::http::detail {

/// Checks one line of a header or trailer section and appends its field to `to`.
///
/// @param line  As line_reader gives it: without control characters, CR LF behind it in memory.
/// @returns     The field; its views point into `line`.
/// @throws parse_error  folded_line, whitespace_before_colon, empty_field_name or invalid_field_name.
field append_field_line(std::string_view line, fields& to);

}  // namespace eddy::http::detail
