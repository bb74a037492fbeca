// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>

namespace eddy::http::detail {

/// What a header or trailer section may still take.
struct section_budget {
  std::size_t bytes = 0;  ///< with the line ends, without the empty line that closes the section
  std::size_t fields = 0;

  /// The longest line, without its end, that still fits. An empty line always does.
  std::size_t line_limit() const noexcept { return bytes < 2 ? 0 : bytes - 2; }
  /// @pre  line_size <= line_limit() and fields > 0
  void spend(std::size_t line_size) noexcept {
    bytes -= line_size + 2;
    --fields;
  }
};

}  // namespace eddy::http::detail
