// SPDX-License-Identifier: BSL-1.0
// G10: co_await inside the statement expression of a macro (GCC PR 115851).
#include <string>

#include "tests/compiler/lazy.hpp"

using compiler_test::lazy;

lazy<bool> is_long(std::string text) { co_return text.size() > 3; }
lazy<std::string> pattern() {
  std::string result = ({
    std::string text("long");
    bool known = co_await is_long(text);
    text + (known ? "1" : "0");
  });
  co_return result;
}
