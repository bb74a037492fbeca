// SPDX-License-Identifier: BSL-1.0
#include "eddy/db/sqlite/value.hpp"

namespace eddy::sqlite {

std::string_view value::type_name() const noexcept {
  constexpr std::string_view names[] = {"null", "integer", "real", "text", "blob"};
  return names[held_.index()];
}

std::size_t value::size_bytes() const noexcept {
  if (const auto* held = text()) return held->size();
  if (const auto* held = bytes()) return held->size();
  return is_null() ? 0 : sizeof(std::int64_t);
}

}  // namespace eddy::sqlite
