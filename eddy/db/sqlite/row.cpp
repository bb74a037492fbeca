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

row::row(std::shared_ptr<const sqlite::columns> columns, std::vector<value> values, std::size_t number) noexcept
    : columns_(std::move(columns)), values_(std::move(values)), number_(number) {}
row::row(const row& other) = default;
row::row(row&& other) noexcept = default;
row& row::operator=(const row& other) = default;
row& row::operator=(row&& other) noexcept = default;
row::~row() = default;

const value& row::operator[](std::string_view name) const { return values_[columns_->index_of(name)]; }

}  // namespace eddy::sqlite
