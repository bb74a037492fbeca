// SPDX-License-Identifier: BSL-1.0
#include "tests/http/differential/oracle.hpp"

#include "eddy/http/detail/characters.hpp"

#include <algorithm>

namespace eddy::testing::http {

void normalize(plain_message& message) {
  for (auto& [name, value] : message.fields) {
    std::transform(name.begin(), name.end(), name.begin(), eddy::http::detail::to_lower);
    value = std::string(eddy::http::detail::trim(value));  // llhttp leaves trailing spaces to its caller
  }
  // Beast keeps fields of one name together, so that only their order among themselves can be compared: a stable sort
  // by name (std::stable_sort warns with clang over libstdc++ 12).
  const auto by_name = [](const auto& a, const auto& b) { return a.first < b.first; };
  for (auto at = message.fields.begin(); at != message.fields.end(); ++at)
    std::rotate(std::upper_bound(message.fields.begin(), at, *at, by_name), at, at + 1);
}

}  // namespace eddy::testing::http
