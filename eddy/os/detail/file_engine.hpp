// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "eddy/base/owned.hpp"
#include "eddy/coro/leaf.hpp"
#include "eddy/os/detail/file_request.hpp"
#include "eddy/sync/semaphore.hpp"

namespace eddy::detail {

/// Makes file requests elsewhere than on the loop's thread: a ring, or threads.
class file_driver {
 public:
  virtual ~file_driver() = default;
  virtual std::string_view name() const noexcept = 0;
  /// Begins; `done()` is called later, never from here. @throws std::system_error
  virtual void start(file_request& request) = 0;
  /// @returns true when it is gone without an effect, and done() is not called. False: it will be, with what it did or
  /// with -ECANCELED.
  virtual bool withdraw(file_request& request) noexcept = 0;
  /// Waits for what is under way: nobody waits for it but the system.
  virtual void shut_down() noexcept = 0;
};

/// Makes file requests go wrong on purpose. Asked once for each.
class file_faults {
 public:
  virtual ~file_faults() = default;
  virtual std::optional<io_fault> strike(const file_request& request) = 0;
};

/// The files of a loop: what cannot wait is done at once, the rest by its driver, and what a ring cannot do by threads.
///
/// **Thread safety.** Only on its loop's thread.
class file_engine final : public loop_service {
 public:
  static constexpr std::size_t most_threads = 4;
  static constexpr std::size_t most_whole_files = 64;  // that the helpers for whole files hold open at a time

  explicit file_engine(event_loop& loop);
  ~file_engine() override;
  void shut_down() noexcept override;
  static file_engine& of(scheduler& s);

  /// Tries what cannot wait. `limits` are the descriptor's, or null. @returns whether `result` is set.
  bool try_at_once(file_request& request, file_limits* limits);
  void start(file_request& request) { driver().start(request); }
  bool withdraw(file_request& request) noexcept { return driver_->withdraw(request); }
  /// Closes without anybody waiting for it.
  void close_later(int fd) noexcept;
  thread_pool& threads();

  /// Chooses by name, before anything was begun: "io_uring", "threads", or empty for EDDY_FILES or else the first that
  /// works. @throws misuse_error; std::system_error
  void choose(std::string_view name);
  file_driver& driver();
  const std::string& reason() const noexcept { return reason_; }

  /// Room for what is read at once and copied. 64 KiB; the loop's thread alone, and only within a step.
  std::span<char> scratch();

  semaphore whole_files{most_whole_files};
  file_faults* faults = nullptr;  // set by tests only

 private:
  event_loop& loop_;
  std::string reason_;
  owned<thread_pool> threads_;
  owned<file_driver> driver_;
  owned<char[]> scratch_;
};

/// @throws std::system_error  The system refuses it, or it lacks operations.
owned<file_driver> make_ring_driver(event_loop& loop, file_engine& engine);

/// One request as something to await. Atomic: cancelled means that nothing was done; what was done is delivered.
class file_operation final : public leaf<file_operation>, public file_request {
 public:
  /// @param text  For listings; lives for ever.
  file_operation(file_engine& engine, file_call what, const char* text) noexcept : engine_(&engine), text_(text) {
    call = what;
  }
  file_operation(file_operation&&) = default;

  bool try_complete() { return engine_->try_at_once(*this, nullptr); }
  void begin() { engine_->start(*this); }
  bool take_back() noexcept { return engine_->withdraw(*this); }
  /// As the system's; negative: -errno.
  std::int64_t await_resume() const noexcept { return result; }
  std::string describe() const override { return text_; }

 private:
  void done() noexcept override {
    if (result == -ECANCELED && context_->cancel_requested())
      context_->withdrawn();
    else
      context_->completed();
  }

  file_engine* engine_;
  const char* text_;
};

file_operation open_operation(file_engine& engine, const char* path, int flags, unsigned mode);

}  // namespace eddy::detail
