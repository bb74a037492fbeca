// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "eddy/base/config.hpp"

// Whether a test may replace operator new to count allocations. Not under AddressSanitizer, where coroutine frames come
// from the global allocator on purpose; nor under ThreadSanitizer, which brings an operator new of its own.
#define EDDY_COUNTS_ALLOCATIONS (!EDDY_ASAN && !EDDY_TSAN)

namespace eddy::testing {

/// While it is set this thread gets no memory. Where a test program that counts defines it.
extern thread_local bool refuses_memory;

}  // namespace eddy::testing
