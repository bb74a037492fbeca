// SPDX-License-Identifier: BSL-1.0
#include "eddy/db/sqlite/parameters.hpp"

#include <string>

#include "eddy/db/sqlite/error.hpp"

namespace eddy::sqlite::detail {

void rethrow_for_parameter(std::size_t number) {
  try {
    throw;
  } catch (const usage_error& refusal) {
    throw usage_error("parameter " + std::to_string(number) + ": " + refusal.message());
  }
}

}  // namespace eddy::sqlite::detail
