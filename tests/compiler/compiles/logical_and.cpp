// SPDX-License-Identifier: BSL-1.0
// G9: `x && co_await y` in a condition with temporaries on the left.
#include <string>

#include "tests/compiler/lazy.hpp"

using compiler_test::lazy;

lazy<bool> is_long(std::string text) { co_return text.size() > 3; }
lazy<int> pattern(std::string text) {
  if (text + "x" == "longx" && co_await is_long(text + "y")) co_return 1;
  co_return 0;
}
