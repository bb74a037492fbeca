// SPDX-License-Identifier: BSL-1.0
#include "eddy/db/sqlite/cell.hpp"

#include <utility>

#include "eddy/db/sqlite/error.hpp"

namespace eddy::sqlite {

std::int64_t cell::integer(std::string_view wanted) const {
  if (const auto* integer = held_->integer()) return *integer;
  refuse_kind(wanted);
}

const std::string& cell::text() const {
  if (const auto* text = held_->text()) return *text;
  refuse_kind("text");
}

const blob& cell::bytes() const {
  if (const auto* bytes = held_->bytes()) return *bytes;
  refuse_kind("blob");
}

// NOTE: `movable_ ? std::move(x) : y` with a const y would copy: its common type is const.
value cell::take_value() const {
  if (movable_) return std::move(*movable_);
  return *held_;
}

std::string cell::take_text() const {
  const auto& kept = text();
  if (movable_) return std::move(*movable_->text());
  return kept;
}

blob cell::take_bytes() const {
  const auto& kept = bytes();
  if (movable_) return std::move(*movable_->bytes());
  return kept;
}

double cell::real() const {
  if (const auto* real = held_->real()) return *real;
  const auto whole = integer("real");
  constexpr std::int64_t exact_limit = std::int64_t{1} << 53;
  if (whole < -exact_limit || whole > exact_limit)
    refuse("the integer " + std::to_string(whole) + " has no exact value as a double");
  return static_cast<double>(whole);
}

std::int64_t cell::integer_within(std::int64_t lowest, std::int64_t highest) const {
  const auto whole = integer();
  if (whole < lowest || whole > highest) {
    refuse(std::to_string(whole) + " is out of range, " + std::to_string(lowest) + " to " + std::to_string(highest) +
           " fit");
  }
  return whole;
}

std::uint64_t cell::unsigned_integer() const {
  const auto whole = integer();
  if (whole < 0) refuse(std::to_string(whole) + " is out of range, the type is unsigned");
  return static_cast<std::uint64_t>(whole);
}

void cell::refuse_kind(std::string_view wanted) const {
  refuse("expected " + std::string(wanted) + ", got " + std::string(held_->type_name()) +
         (is_null() ? " (use std::optional where null may come)" : ""));
}

void cell::refuse(std::string_view why) const {
  const auto& column = (*columns_)[index_];
  std::string message = "column \"" + column.name + "\"";
  if (!column.declared_type.empty()) message += " (declared " + column.declared_type + ")";
  message += ", row " + std::to_string(row_number_) + ": " + std::string(why);
  throw column_error(column.name, std::move(message));
}

}  // namespace eddy::sqlite
