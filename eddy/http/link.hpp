// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <string_view>

namespace eddy::http {

/// Makes a valid RFC 3986 reference of a link as people write it and browsers accept it.
///
/// - Spaces and control characters at both ends go, tabs and line breaks go everywhere.
/// - Characters that may not stand in a URL (spaces, quotes, `<>`, bytes of UTF-8, ...) are percent-encoded;
///   so are a `%` without two hex digits, a second `#`, and brackets outside an IPv6 address.
/// - Backslashes before the query become slashes.
/// - A colon in the first segment of what cannot be a scheme (`1:2.html`) makes no scheme.
///
/// Host names outside ASCII are percent-encoded as RFC 3986 says; there is no IDNA here.
///
/// @param link  The link's text, in UTF-8; what is not stays the same bytes, encoded.
/// @returns     A reference for url::parse() and url::resolve(). A valid one comes back as it was.
std::string escape_link(std::string_view link);

}  // namespace eddy::http
