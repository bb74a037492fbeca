// SPDX-License-Identifier: BSL-1.0
#include "eddy/base/exception_group.hpp"

namespace eddy {

namespace {

std::string group_text(const std::string& message, const std::vector<std::exception_ptr>& errors,
                       const std::vector<std::string>& names) {
  std::string text = message + " (" + std::to_string(errors.size()) + (errors.size() == 1 ? " error)" : " errors)");
  for (std::size_t i = 0; i < errors.size(); ++i) {
    const std::string whose = i < names.size() ? names[i] + ": " : "";
    text += "\n  - " + whose + detail::indent_further_lines(detail::describe_exception(errors[i]), 4);
  }
  return text;
}

}  // namespace

exception_group::exception_group(const std::string& message, std::vector<std::exception_ptr> errors)
    : exception_group(message, std::move(errors), {}) {}

exception_group::exception_group(const std::string& message, std::vector<std::exception_ptr> errors,
                                 std::vector<std::string> names)
    : error(group_text(message, errors, names)), errors_(std::move(errors)), names_(std::move(names)) {
  if (errors_.empty()) throw misuse_error("exception_group: made without an error; throw it only for one or more");
}

namespace detail {

const exception_group* as_group(const std::exception_ptr& error) noexcept {
  try {
    std::rethrow_exception(error);
  } catch (const exception_group& group) {
    return &group;  // whoever holds the pointer keeps it alive
  } catch (...) {
    return nullptr;
  }
}

}  // namespace detail
}  // namespace eddy
