// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <signal.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <source_location>
#include <string>
#include <utility>
#include <vector>

#include "eddy/coro/coro.hpp"

namespace eddy {

class stream_writer;

/// Where a child's stdin comes from, or its stdout and stderr go to, beside bytes, files and streams.
enum class stdio {
  inherit,  // what this program has
  null,     // /dev/null
  pipe,     // a pipe to this program: output() collects it, a process reads and writes it
  merged,   // stderr only: the same as stdout, in the order written
};

namespace detail {

/// One of a child's three.
struct stdio_choice {
  enum class kind { usual, plain, file, append } how = kind::usual;  // usual: as the way of running it has it
  stdio which = stdio::null;
  std::string path;
};

/// Writes a child's stdin.
class input_feed {
 public:
  virtual ~input_feed() = default;
  /// Called once for each run. @throws misuse_error  It has been used up.
  virtual coro<> write_to(stream_writer& out) = 0;
};

/// One program of a pipeline, as its builder was told.
///
/// Its special members, and those of run_settings, are in a source: the header need not know how to copy the
/// containers.
struct program_settings {
  program_settings();
  program_settings(const program_settings& other);
  program_settings(program_settings&& other) noexcept;
  program_settings& operator=(const program_settings& other);
  program_settings& operator=(program_settings&& other) noexcept;
  ~program_settings();

  std::vector<std::string> arguments;                                           // the program first
  std::vector<std::pair<std::string, std::optional<std::string>>> environment;  // changes, in order; empty: unset
  bool clear_environment = false;
  std::optional<std::string> cwd;
  stdio_choice in, out, err;
  std::shared_ptr<input_feed> feed;
  std::vector<std::pair<int, int>> passed;  // (here, there)
  bool own_group = true;
  bool own_session = false;
  int death_signal = 0;
  bool subreaper = false;
  std::optional<unsigned> umask;
  std::optional<int> nice;
};

/// What a run of one or more programs is told.
struct run_settings {
  run_settings();
  run_settings(const run_settings& other);
  run_settings(run_settings&& other) noexcept;
  run_settings& operator=(const run_settings& other);
  run_settings& operator=(run_settings&& other) noexcept;
  ~run_settings();

  std::vector<program_settings> programs;
  std::optional<std::chrono::nanoseconds> limit;
  std::source_location limit_set;
  std::size_t capture_limit = std::size_t{64} << 20;          // bytes of each stream
  std::size_t pipe_size = std::size_t{1} << 20;               // bytes
  std::chrono::nanoseconds grace = std::chrono::seconds(5);   // between TERM and KILL
  std::chrono::nanoseconds linger = std::chrono::seconds(1);  // for pipes that others hold, after the end
  bool check = false;
};

/// The command line as one would type it, cut where it gets long.
std::string describe_command(const program_settings& program);
std::string describe_command(const run_settings& run);

}  // namespace detail
}  // namespace eddy
