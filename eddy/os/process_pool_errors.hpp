// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>
#include <string>

#include "eddy/base/errors.hpp"

namespace eddy {

/// A worker process ended before it had answered: it crashed, was killed, or left.
///
/// What its job had done by then is unknown. It concerns the job's caller alone: the worker is replaced.
///
/// **In asyncio.** `BrokenProcessPool`, which there breaks the pool for everybody.
class broken_process_pool : public error {
 public:
  /// How a worker ended.
  struct end {
    int pid = 0;
    std::optional<int> signal;  // that ended it
    std::optional<int> status;  // with which it exited; neither is there when nobody can know
    std::string last_lines;     // of its stderr
  };

  /// @param what  What was to be done.
  broken_process_pool(const std::string& what, end how);

  int pid() const noexcept { return end_.pid; }
  /// The signal that ended the worker, as SIGSEGV; nothing when it exited.
  std::optional<int> signal() const noexcept { return end_.signal; }
  /// The status that it exited with; nothing when a signal ended it.
  std::optional<int> exit_status() const noexcept { return end_.status; }
  /// The last lines that it wrote to stderr: at most 4 KiB, and none of an earlier job.
  const std::string& last_lines() const noexcept { return end_.last_lines; }

 private:
  end end_;
};

/// A function threw in a worker process: what its exception was.
///
/// Exceptions do not travel themselves, since their types may hold anything.
///
/// **In asyncio.** The exception itself with a `_RemoteTraceback` as its cause.
class remote_error : public error {
 public:
  remote_error(std::string type, std::string text)
      : error(type + " in a worker process: " + text), type_(std::move(type)), text_(std::move(text)) {}

  /// The exception's type: `std::out_of_range`.
  const std::string& type_name() const noexcept { return type_; }
  /// Its what(); empty when it is no std::exception.
  const std::string& text() const noexcept { return text_; }

 private:
  std::string type_;
  std::string text_;
};

}  // namespace eddy
