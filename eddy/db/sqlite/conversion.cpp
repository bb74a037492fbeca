// SPDX-License-Identifier: BSL-1.0
#include "eddy/db/sqlite/conversion.hpp"

#include <cmath>

#include "eddy/db/sqlite/error.hpp"

namespace eddy::sqlite::detail {

void refuse_parameter(std::string_view why) { throw usage_error(std::string(why)); }

value unsigned_to_value(std::uint64_t whole) {
  if (!std::in_range<std::int64_t>(whole))
    refuse_parameter(std::to_string(whole) + " does not fit into SQLite's signed 64 bit integers");
  return value(static_cast<std::int64_t>(whole));
}

value real_to_value(double real) {
  if (std::isnan(real))
    refuse_parameter("SQLite cannot hold NaN, it would become null: bind std::nullopt if that is meant");
  return value(real);
}

value bytes_to_value(std::span<const std::byte> bytes) { return value(blob(bytes.begin(), bytes.end())); }

value c_string_to_value(const char* text) { return text ? value(std::string(text)) : value(); }

float to_float(const cell& source) {
  const auto exact = source.real();
  if (std::isfinite(exact) && std::abs(exact) > double{std::numeric_limits<float>::max()})
    source.refuse(std::to_string(exact) + " is out of range for a float");
  return static_cast<float>(exact);
}

}  // namespace eddy::sqlite::detail

namespace eddy::sqlite {

value conversion<blob>::to(blob bytes) noexcept { return value(std::move(bytes)); }
blob conversion<blob>::from(const cell& source) { return source.take_bytes(); }
std::span<const std::byte> conversion<std::span<const std::byte>>::from(const cell& source) { return source.bytes(); }

}  // namespace eddy::sqlite
