// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <span>

#include "eddy/loop/backend.hpp"

namespace eddy::testing {

/// What can go wrong with a request of this kind: the errors that every program has to bear, at once or by a later
/// completion, and counts of a single byte, which nothing may be lost by.
///
/// Interrupted calls (EINTR) are none of them: the backends repeat those themselves.
std::span<const detail::io_fault> declared_faults(detail::io_kind kind) noexcept;

}  // namespace eddy::testing
