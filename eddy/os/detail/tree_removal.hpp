// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <filesystem>

#include "eddy/os/detail/file_job.hpp"

namespace eddy::detail {

/// Removes a file, or a folder with all that is in it; on the calling thread. @returns how many names.
/// @throws std::filesystem::filesystem_error; stop_flag::stopped
std::uint64_t remove_tree(const char* operation, const std::filesystem::path& path, const stop_flag& stop);

}  // namespace eddy::detail
