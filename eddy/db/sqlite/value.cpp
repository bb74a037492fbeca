// SPDX-License-Identifier: BSL-1.0
#include "eddy/db/sqlite/value.hpp"

namespace eddy::sqlite {

value::value(blob bytes) noexcept : kind_(kind::bytes), bytes_(std::move(bytes)) {}

value::value(const value& other) : kind_(other.kind_) {
  if (kind_ == kind::text)
    new (&text_) std::string(other.text_);
  else if (kind_ == kind::bytes)
    new (&bytes_) blob(other.bytes_);
  else if (kind_ == kind::real)
    real_ = other.real_;
  else
    integer_ = other.integer_;
}

void value::take_bytes(value& other) noexcept { new (&bytes_) blob(std::move(other.bytes_)); }
void value::drop_bytes() noexcept { bytes_.~vector(); }

bool operator==(const value& a, const value& b) noexcept {
  if (a.kind_ != b.kind_) return false;
  switch (a.kind_) {
    case value::kind::null:
      return true;
    case value::kind::integer:
      return a.integer_ == b.integer_;
    case value::kind::real:
      return a.real_ == b.real_;
    case value::kind::text:
      return a.text_ == b.text_;
    case value::kind::bytes:
      return a.bytes_ == b.bytes_;
  }
  return false;
}

std::string_view value::type_name() const noexcept {
  constexpr std::string_view names[] = {"null", "integer", "real", "text", "blob"};
  return names[static_cast<std::size_t>(kind_)];
}

std::size_t value::size_bytes() const noexcept {
  if (const auto* held = text()) return held->size();
  if (const auto* held = bytes()) return held->size();
  return is_null() ? 0 : sizeof(std::int64_t);
}

}  // namespace eddy::sqlite
