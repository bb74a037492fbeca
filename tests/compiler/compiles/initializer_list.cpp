// SPDX-License-Identifier: BSL-1.0
// G5: `co_await f({a, b})` for an initializer_list ("array used as initializer", GCC PR 109227).
#include <cstddef>
#include <initializer_list>
#include <string>

#include "tests/compiler/lazy.hpp"

using compiler_test::lazy;

lazy<std::size_t> count(std::initializer_list<std::string> words) { co_return words.size(); }
lazy<std::size_t> pattern() { co_return co_await count({"one", "two"}); }
