// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>
#include <string>

namespace eddy {

/// How a child process ended: by itself with a code, or by a signal.
///
/// **Thread safety.** As a plain value.
/// **In asyncio.** `Process.returncode`, where a signal is a negative number.
class exit_status {
 public:
  /// Unknown: somebody else has reaped the child, or SIGCHLD is ignored in this program, and the system (Linux before
  /// 6.15) does not tell any more.
  exit_status() noexcept = default;
  static exit_status from_code(int code) noexcept { return {kind::exited, code, false}; }
  static exit_status from_signal(int number, bool core_dumped = false) noexcept {
    return {kind::killed, number, core_dumped};
  }
  /// From what wait(2) gives.
  static exit_status from_wait_status(int status) noexcept;

  /// Whether it ended by itself with 0.
  bool success() const noexcept { return how_ == kind::exited && number_ == 0; }
  /// Whether the system has told how it ended.
  bool known() const noexcept { return how_ != kind::unknown; }
  /// 0 ... 255; empty when a signal ended it, or it is unknown.
  std::optional<int> code() const noexcept { return how_ == kind::exited ? std::optional(number_) : std::nullopt; }
  /// The signal that ended it; empty when it ended by itself, or it is unknown.
  std::optional<int> signal() const noexcept { return how_ == kind::killed ? std::optional(number_) : std::nullopt; }
  bool core_dumped() const noexcept { return core_dumped_; }

  /// "exited with 3", "killed by SIGKILL", "killed by SIGSEGV (core dumped)", "status unknown".
  std::string to_string() const;

  friend bool operator==(const exit_status&, const exit_status&) noexcept = default;

 private:
  enum class kind : unsigned char { unknown, exited, killed };
  exit_status(kind how, int number, bool core_dumped) noexcept
      : number_(number), how_(how), core_dumped_(core_dumped) {}

  int number_ = 0;  // the code, or the signal
  kind how_ = kind::unknown;
  bool core_dumped_ = false;
};

}  // namespace eddy
