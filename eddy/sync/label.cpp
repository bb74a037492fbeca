// SPDX-License-Identifier: BSL-1.0
#include "eddy/sync/label.hpp"

#include "eddy/base/errors.hpp"

namespace eddy::detail {

std::string label::describe(const char* what) const {
  std::string text = what;
  if (name_ != nullptr) text += " \"" + std::string(name_) + "\"";
  return text + " (" + format_place(made_) + ")";
}

}  // namespace eddy::detail
