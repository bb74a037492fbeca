// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <string_view>

namespace eddy {

/// Which way a loop's file operations go when they cannot be done at once, and why.
struct file_engine_info {
  std::string name;    // "io_uring" or "threads"
  std::string reason;  // a few words: who asked for it, or what is in the way of the other
};

/// What the current loop uses: io_uring where the kernel offers all that is needed, else four threads of the loop's
/// own. EDDY_FILES=io_uring or EDDY_FILES=threads in the environment chooses for every loop.
///
/// Both give the same results and errors. Whichever it is works beside either backend of the loop.
file_engine_info file_engine();

/// Chooses for the current loop, before its first use of files. @param name  "io_uring" or "threads".
///
/// @throws std::system_error  The system refuses io_uring.  @throws misuse_error  There is no such engine, or the loop
/// uses the other one already.
void use_file_engine(std::string_view name);

}  // namespace eddy
