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
  // Beast keeps fields of one name together, so that only their order among themselves can be compared.
  std::stable_sort(message.fields.begin(), message.fields.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
}

}  // namespace eddy::testing::http
