// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <system_error>
#include <vector>

#include "eddy/base/errors.hpp"
#include "eddy/os/exit_status.hpp"

namespace eddy {

/// What a child has done: how it ended, and what was captured.
///
/// **In asyncio.** What `communicate()` gives, with `returncode`.
class process_result {
 public:
  /// Of a pipeline: of the last program that failed (one that SIGPIPE ended because its reader had enough has not), or
  /// else of the last program.
  exit_status status;
  /// What it wrote to stdout and to stderr (of a pipeline: the last one's stdout, and everybody's stderr). Empty where
  /// it did not go to a pipe.
  std::string out;
  std::string err;
  /// One for each program of a pipeline.
  std::vector<exit_status> statuses;
};

/// A program could not be started. The text says which, what was being done, and what to do about it.
///
/// **In asyncio.** `FileNotFoundError`, `PermissionError` and other `OSError`s out of `create_subprocess_exec`.
class spawn_error : public std::system_error {
 public:
  spawn_error(int error, std::string program, std::string operation, const std::string& text);

  const std::string& program() const noexcept { return program_; }
  /// "exec", "cwd", "pipe", "descriptors", "file", "start", ...
  const std::string& operation() const noexcept { return operation_; }

 private:
  std::string program_;
  std::string operation_;
};

/// check() was asked for, and the program did not end with 0. The text quotes the command, says how it ended, and shows
/// the end of what it wrote to stderr.
///
/// **In asyncio.** `subprocess.CalledProcessError`.
class process_failed : public error {
 public:
  process_failed(const std::string& text, process_result result);
  const process_result& result() const noexcept { return result_; }

 private:
  process_result result_;
};

/// The time that timeout() gave was over. The program and its group have been ended; the result has what was captured
/// until then.
///
/// **In asyncio.** `TimeoutError` out of `wait_for(process.communicate(), ...)`, where the output is lost and the
/// program runs on.
class process_timeout : public timeout_error {
 public:
  process_timeout(const timeout_error& what, process_result partial);
  const process_result& result() const noexcept { return result_; }

 private:
  process_result result_;
};

/// A program wrote more than output() was to keep. It has been ended; the result has what fitted.
class output_limit_error : public error {
 public:
  output_limit_error(const std::string& text, process_result partial);
  const process_result& result() const noexcept { return result_; }

 private:
  process_result result_;
};

}  // namespace eddy
