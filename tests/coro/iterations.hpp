// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdlib>

#include "eddy/base/config.hpp"

/// How often the loops that prove constant stack go round: ten million where the compiler makes no tail calls, so that
/// a leak of stack cannot hide (law L8); otherwise enough for the same. EDDY_TEST_ITERATIONS overrides it.
inline long test_iterations() {
  if (const char* wanted = std::getenv("EDDY_TEST_ITERATIONS")) return std::atol(wanted);
#if !defined(__OPTIMIZE__) || defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
  return 10'000'000;
#else
  return EDDY_ASAN ? 10'000'000 : 200'000;
#endif
}
