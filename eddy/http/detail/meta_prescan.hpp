// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <string_view>

namespace eddy::http::detail {

/// The charset's label that a `<meta>` element names, or nothing: HTML's "prescan a byte stream", over the first
/// bytes of a document whose charset is not known yet. Comments are passed over.
std::string meta_charset_label(std::string_view head);

}  // namespace eddy::http::detail
