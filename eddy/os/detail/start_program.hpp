// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace eddy::detail {

/// Everything that a child does between its start and the program: made whole by the parent, since the child, which
/// runs in the parent's memory until then, must not allocate.
struct start_plan {
  std::vector<std::string> candidates;  // paths to try, in order
  std::vector<char*> arguments;         // ends with null
  std::vector<char*> environment;       // ends with null
  std::optional<std::string> cwd;
  /// Descriptors that the child gets: (here, there), each `there` once, in rising order. All others are closed in it.
  std::vector<std::pair<int, int>> files;
  bool own_group = false;
  bool own_session = false;
  int death_signal = 0;  // comes when the thread that starts it ends; 0: none
  std::optional<unsigned> umask;
  std::optional<int> nice;
};

/// What the child was doing when it failed.
enum class start_step { clone, parent_died, session, group, nice, cwd, descriptors, exec };

struct start_failure {
  start_step step = start_step::clone;
  int error = 0;              // errno; 0: nothing has failed
  std::size_t candidate = 0;  // of exec: whose error it is
};

struct started_program {
  int pid = -1;
  int pidfd = -1;  // closed on exec, blocking
  start_failure failure;
};

/// Starts a program as vfork does: the calling thread stands still until the child has begun with the program or has
/// failed, nothing of the parent's memory is copied, and the parent's size does not matter.
///
/// The child has no signal blocked, and none ignored but SIGHUP where the parent does (nohup). It has been reaped when
/// this reports a failure.
started_program start_program(const start_plan& plan) noexcept;

}  // namespace eddy::detail
