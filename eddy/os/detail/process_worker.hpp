// SPDX-License-Identifier: BSL-1.0
#pragma once

namespace eddy::detail {

/// Whether this process was started as a worker and has not begun to serve.
bool is_process_worker() noexcept;

/// Serves jobs until the pool closes the socket. @returns the status to exit with.
int serve_process_worker();

/// Does nothing; a use of it links what turns a program into a worker before its main.
void link_process_entry() noexcept;

}  // namespace eddy::detail
