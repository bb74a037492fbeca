// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "eddy/db/sqlite/error.hpp"

namespace eddy::sqlite::detail {

/// Throws the subclass of sqlite::error that fits the code; std::bad_alloc when memory ran out.
[[noreturn]] void throw_failure(error_details details);

}  // namespace eddy::sqlite::detail
