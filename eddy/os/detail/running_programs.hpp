// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "eddy/net/stream.hpp"
#include "eddy/os/detail/child.hpp"
#include "eddy/os/detail/command_settings.hpp"
#include "eddy/os/detail/pipe_transport.hpp"
#include "eddy/os/process.hpp"
#include "eddy/os/process_errors.hpp"

namespace eddy::detail {

/// The programs of one run, with the pipes to this side: everything that `with` leaves behind, whatever happens.
///
/// Invariants: (1) either all programs have been started or the constructor throws and none is left; (2) once all have
/// ended, the pipes from them end, at the latest after `linger`; (3) the destructor kills what has not been finished.
class running_programs final : private child_owner {
 public:
  /// @throws spawn_error, misuse_error
  running_programs(run_settings settings, run_purpose why);
  ~running_programs();
  running_programs(const running_programs&) = delete;
  running_programs& operator=(const running_programs&) = delete;

  const run_settings& settings() const noexcept { return settings_; }
  int pid() const noexcept { return children_.back()->pid(); }
  stream* in() noexcept { return in_ ? &*in_ : nullptr; }
  stream* out() noexcept { return out_ ? &*out_ : nullptr; }
  stream* err() noexcept { return err_ ? &*err_ : nullptr; }

  event& first_ended() noexcept { return children_.front()->end(); }
  event& all_ended() noexcept { return all_ended_; }
  bool expired() const noexcept { return expired_; }
  /// As process_result::status, and one for each.
  exit_status status() const;
  std::vector<exit_status> statuses() const;
  /// Whether there are pipes from the programs, and the ends of all have been read.
  bool outputs_read() const noexcept;

  /// From now on the limit of the settings counts.
  void start_limit();
  bool send(int signal) noexcept;
  void send_group(int signal) noexcept;
  void begin_end(std::chrono::nanoseconds grace) noexcept;
  /// Ends all, and waits until they and their groups have gone.
  coro<> finish(std::chrono::nanoseconds grace);

 private:
  /// Calls a function of its owner when it is due.
  class alarm final : public timer {
   public:
    alarm(running_programs& owner, void (running_programs::*action)() noexcept) : owner_(owner), action_(action) {}
    void arm(std::chrono::nanoseconds delay);
    void disarm() noexcept;

   private:
    void due() noexcept override { (owner_.*action_)(); }
    running_programs& owner_;
    void (running_programs::*action_)() noexcept;
  };
  class starting;

  void child_ended() noexcept override;
  void end_pipes() noexcept;
  void expire() noexcept;

  run_settings settings_;
  scheduler& scheduler_;
  std::vector<std::unique_ptr<child>> children_;
  event all_ended_{"the end of child processes"};
  // The pipes lie in their streams.
  pipe_transport* out_pipe_ = nullptr;
  pipe_transport* err_pipe_ = nullptr;
  std::optional<stream> in_, out_, err_;
  alarm linger_{*this, &running_programs::end_pipes};
  alarm limit_{*this, &running_programs::expire};
  bool expired_ = false;
  bool all_started_ = false;
};

/// What check() throws.
process_failed failure_of(const run_settings& settings, process_result result);
/// The place in `statuses` that counts, as process_result::status says.
std::size_t deciding(const std::vector<exit_status>& statuses) noexcept;

}  // namespace eddy::detail
