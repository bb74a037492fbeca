// SPDX-License-Identifier: BSL-1.0
#include "eddy/base/exception_group.hpp"

namespace eddy {

namespace {

std::string group_text(const std::string& message, const std::vector<std::exception_ptr>& errors) {
  std::string text = message + " (" + std::to_string(errors.size()) + (errors.size() == 1 ? " error)" : " errors)");
  for (const std::exception_ptr& error : errors) {
    std::string line = detail::describe_exception(error);
    for (std::size_t at = 0; (at = line.find('\n', at)) != std::string::npos; at += 5) line.replace(at, 1, "\n    ");
    text += "\n  - " + line;
  }
  return text;
}

}  // namespace

exception_group::exception_group(const std::string& message, std::vector<std::exception_ptr> errors)
    : error(group_text(message, errors)), errors_(std::move(errors)) {
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
