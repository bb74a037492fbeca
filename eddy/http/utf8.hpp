// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace eddy::http {

/// U+FFFD, what stands for bytes that are no text.
inline constexpr std::string_view replacement_character = "\xef\xbf\xbd";

/// The size of the valid UTF-8 at the front: text.size() when all of it is. Surrogates and overlong forms are
/// not valid.
std::size_t valid_utf8_prefix(std::string_view text) noexcept;

/// Replaces what is no UTF-8 by U+FFFD, one for each maximal part of a sequence, as browsers and Python do.
/// Valid text is moved through.
std::string repair_utf8(std::string text);

}  // namespace eddy::http
