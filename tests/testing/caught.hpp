// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "eddy/testing/explore.hpp"
#include "eddy/testing/explore_orders.hpp"

// For tests of the proof harness itself: what it finds, as text.

namespace eddy::testing {

inline std::string text_of(const explore_result& result) {
  std::string text;
  for (const std::string& failure : result.failures) text += failure + "\n";
  return text;
}

/// What explore finds wrong; empty when nothing.
inline std::string found_by_explore(const std::function<coro<>()>& body, explore_options options = {}) {
  return text_of(explore(body, options.report(false)));
}

/// What explore_orders finds wrong; empty when nothing.
inline std::string found_by_orders(const std::function<coro<>()>& body, order_options options = {}) {
  return text_of(explore_orders(body, options.report(false)));
}

inline void expect_part(const std::string& text, const std::string& part) {
  EXPECT_NE(text.find(part), std::string::npos) << "\"" << part << "\" is missing in: \"" << text << "\"";
}

}  // namespace eddy::testing
