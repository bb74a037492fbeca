// SPDX-License-Identifier: BSL-1.0
#include "eddy/db/sqlite/row_reader.hpp"

#include <string>

#include "eddy/db/sqlite/error.hpp"

namespace eddy::sqlite::detail {

void expect_column_count(const columns& all, std::size_t expected) {
  if (all.size() == expected) return;
  throw column_error("", "expected " + std::to_string(expected) + " columns, the result has " +
                             std::to_string(all.size()) + " (" + all.names() + ")");
}

}  // namespace eddy::sqlite::detail
