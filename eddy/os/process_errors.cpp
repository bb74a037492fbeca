// SPDX-License-Identifier: BSL-1.0
#include "eddy/os/process_errors.hpp"

#include <utility>

namespace eddy {

spawn_error::spawn_error(int error, std::string program, std::string operation, const std::string& text)
    : std::system_error(error, std::generic_category(), text),
      program_(std::move(program)),
      operation_(std::move(operation)) {}

process_failed::process_failed(const std::string& text, process_result result)
    : error(text), result_(std::move(result)) {}

process_timeout::process_timeout(const timeout_error& what, process_result partial)
    : timeout_error(what), result_(std::move(partial)) {}

output_limit_error::output_limit_error(const std::string& text, process_result partial)
    : error(text), result_(std::move(partial)) {}

}  // namespace eddy
