// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <vector>

#include "eddy/os/detail/command_settings.hpp"
#include "eddy/os/detail/start_program.hpp"
#include "eddy/os/process_errors.hpp"

namespace eddy::detail {

/// A program's settings made into what starting it takes: paths to try, environment, group.
class program_start {
 public:
  /// @param marker  One more variable for the environment, `NAME=value`; empty for none.
  program_start(const program_settings& settings, const std::string& marker);
  program_start(const program_start&) = delete;
  program_start& operator=(const program_start&) = delete;

  /// Puts a descriptor of this program where the child shall have it, in place of what was there.
  void give(int here, int there);
  /// @throws spawn_error
  started_program start();

 private:
  void make_environment(const std::string& marker);
  void find_candidates();
  [[noreturn]] void fail(const start_failure& how) const;
  std::string as_seen_here(const std::string& path) const;
  std::string explain_exec(const start_failure& how) const;

  const program_settings& settings_;
  std::vector<std::string> variables_;  // those that are not this program's own
  std::string path_;                    // where the program is looked for
  start_plan plan_;
};

}  // namespace eddy::detail
