// SPDX-License-Identifier: BSL-1.0
#include "eddy/db/sqlite/columns.hpp"

#include <algorithm>
#include <utility>

#include "eddy/db/sqlite/error.hpp"

namespace eddy::sqlite {
namespace {

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool same_name(std::string_view a, std::string_view b) noexcept {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

}  // namespace

columns::columns(std::vector<column> list) noexcept : list_(std::move(list)) {}

std::optional<std::size_t> columns::find(std::string_view name) const {
  std::optional<std::size_t> found;
  for (std::size_t i = 0; i < list_.size(); ++i) {
    if (!same_name(list_[i].name, name)) continue;
    if (found) {
      throw column_error(std::string(name), "column \"" + std::string(name) + "\" is ambiguous: columns " +
                                                std::to_string(*found + 1) + " and " + std::to_string(i + 1) +
                                                " of the result have this name; rename one with \"as\"");
    }
    found = i;
  }
  return found;
}

std::size_t columns::index_of(std::string_view name) const {
  if (const auto index = find(name)) return *index;
  throw column_error(std::string(name),
                     "no column \"" + std::string(name) + "\" in the result (it has: " + names() + ")");
}

std::string columns::names() const {
  std::string text;
  for (const auto& each : list_) text += (text.empty() ? "" : ", ") + each.name;
  return text;
}

}  // namespace eddy::sqlite
