// SPDX-License-Identifier: BSL-1.0
#include "eddy/db/sqlite/row.hpp"

#include <string>

#include "eddy/db/sqlite/error.hpp"

namespace eddy::sqlite {

const value& row::operator[](std::size_t index) const {
  if (index < values_.size()) return values_[index];
  throw column_error("", "no column " + std::to_string(index) + " in the result, which has " +
                             std::to_string(values_.size()) + " (" + columns_->names() + "), counted from 0");
}

}  // namespace eddy::sqlite
