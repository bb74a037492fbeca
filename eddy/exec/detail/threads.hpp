// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <thread>

#include "eddy/base/function.hpp"

namespace eddy::detail {

/// Starts a thread that takes no signals: those belong to the threads that the program itself has made.
///
/// @param name  What it is called, cut to 15 characters.  @throws std::system_error
std::thread start_thread(const std::string& name, detail::function<void()> body);

}  // namespace eddy::detail
