// SPDX-License-Identifier: BSL-1.0
#pragma once

// The few macros that eddy needs: what the compiler is, and what it can do.

#if defined(__SANITIZE_ADDRESS__)
#define EDDY_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define EDDY_ASAN 1
#endif
#endif
#ifndef EDDY_ASAN
#define EDDY_ASAN 0
#endif

#if defined(__SANITIZE_THREAD__)
#define EDDY_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define EDDY_TSAN 1
#endif
#endif
#ifndef EDDY_TSAN
#define EDDY_TSAN 0
#endif

#define EDDY_NOINLINE [[gnu::noinline]]

// g++ 12 to 14 destroy a closure that is made inside a co_await expression twice (GCC PR 101367 and its family).
#if defined(__GNUC__) && !defined(__clang__)
#define EDDY_CLOSURES_IN_AWAIT_BROKEN 1
#else
#define EDDY_CLOSURES_IN_AWAIT_BROKEN 0
#endif

/// Stands behind a parameter that the result refers to: clang then warns when the result outlives it.
#if defined(__clang__)
#define EDDY_LIFETIMEBOUND [[clang::lifetimebound]]
#else
#define EDDY_LIFETIMEBOUND
#endif

/// Checks a rule of use, also in release builds; `sentence` tells the caller what to do instead. For places that cannot
/// throw.
#define EDDY_ASSERT(condition, sentence) \
  do {                                   \
    if (!(condition)) [[unlikely]]       \
      ::eddy::detail::fatal(sentence);   \
  } while (false)

namespace eddy::detail {

/// Prints "eddy: <sentence>" to stderr and ends the program with std::terminate().
[[noreturn]] void fatal(const char* sentence) noexcept;

}  // namespace eddy::detail
