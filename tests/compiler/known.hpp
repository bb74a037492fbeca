// SPDX-License-Identifier: BSL-1.0
// Which rule of docs/howto/compilers.md each compiler still needs, as these tests have seen it.
//
// A rule's test runs the broken pattern and compares what happens with this table, so that a compiler
// which gets better (or worse) says so. A compiler that is not in the table only reports: look at the
// lines that it prints, add its column, and drop the rules that no supported compiler needs.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <iostream>
#include <optional>
#include <string_view>

namespace compiler_test {

struct known_state {
  std::string_view rule;
  bool gcc12_broken;
  bool clang16_broken;
  bool clang19_broken;
};

inline constexpr std::array known_states = {
    known_state{"G1", true, false, false},    // closures that own, made inside a co_await expression
    known_state{"G2", true, false, false},    // a capturing lambda called and awaited on the spot
    known_state{"G3", true, false, false},    // aggregates made inside a co_await expression
    known_state{"G4", true, false, false},    // an aggregate as awaiter
    known_state{"G6", true, false, false},    // ?: over co_await, co_await over ?:
    known_state{"G7", true, false, false},    // co_await inside an aggregate's braces
    known_state{"G12", false, false, false},  // a structured binding straight from co_await
    known_state{"G13", false, false, false},  // destroying the frame inside await_suspend
    known_state{"G15", true, false, false},   // co_await inside a capture list, an array's braces
    known_state{"X1", true, true, true},      // co_await inside a new-expression
    known_state{"C4", true, true, true},      // over-aligned locals in a frame
};

/// Whether the table says that this compiler breaks the pattern; nothing for a compiler it does not know.
inline std::optional<bool> known_broken(std::string_view rule) {
  for (const known_state& state : known_states) {
    if (state.rule != rule) continue;
#if defined(__clang__) && __clang_major__ == 16
    return state.clang16_broken;
#elif defined(__clang__) && __clang_major__ == 19
    return state.clang19_broken;
#elif !defined(__clang__) && __GNUC__ == 12
    return state.gcc12_broken;
#endif
  }
  return std::nullopt;
}

/// Compares what a pattern did here with what the table says about this compiler.
inline void expect_known(std::string_view rule, std::string_view pattern, bool broken) {
  if (const auto known = known_broken(rule)) {
    EXPECT_EQ(broken, *known) << rule << ", " << pattern << ": the table in known.hpp says otherwise";
  } else {
    std::cout << rule << ", " << pattern << ": " << (broken ? "still broken" : "right") << " in " << __VERSION__
              << '\n';
  }
}

}  // namespace compiler_test
