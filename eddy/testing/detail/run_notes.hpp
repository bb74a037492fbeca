// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>

namespace eddy::detail {

/// What objects of a test's body find wrong while they go: collected, and reported at the end of the run.
///
/// **Thread safety.** One thread at a time, as the test's body.
void note_problem(std::string sentence);

/// Everything that was noted since the last call, a line each; empty when all is well.
std::string take_problems();

}  // namespace eddy::detail
