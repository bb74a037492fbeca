// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstddef>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "eddy/base/outcome.hpp"
#include "eddy/base/owned.hpp"
#include "eddy/coro/coro.hpp"
#include "eddy/net/stream_reader.hpp"
#include "eddy/net/stream_writer.hpp"
#include "eddy/os/detail/command_settings.hpp"
#include "eddy/os/exit_status.hpp"

namespace eddy {

class process;

namespace detail {

class running_programs;

/// What programs are run for, which decides where their stdin, stdout and stderr go when nobody said so.
enum class run_purpose { output, status, spawn };

}  // namespace detail

/// Which of a child's streams something was written to.
enum class output_stream { out, err };

/// A line that a child has written, without its end, and where it wrote it.
struct process_line {
  std::string text;
  output_stream from = output_stream::out;

  operator std::string_view() const noexcept { return text; }
  friend std::ostream& operator<<(std::ostream& to, const process_line& line);
};

/// The lines of a child's stdout and stderr, labelled, as they arrive.
///
/// Each stream's own order is kept; between the two it is that of their arrival here. For the order of writing ask for
/// command::merged(), by which both go to one pipe (and count as stdout). No stream starves the other.
///
/// **Cancellation.** A line comes whole or stays whole (L12): cancelled or timed out, call next() again.
/// **In asyncio.** Two tasks with `async for line in stream` and a queue.
class process_lines {
 public:
  process_lines(process& from, std::size_t limit) noexcept : process_(&from), limit_(limit) {}

  /// The next line; empty when both streams have ended. The last line of a stream may lack its end.
  ///
  /// @throws limit_overrun_error  A line is longer than the limit; its bytes stay in the reader.
  coro<std::optional<process_line>> next();

 private:
  process* process_;
  std::size_t limit_;
  output_stream first_ = output_stream::out;  // who is looked at first: not the one that came last
};

/// A child that runs, or several in a pipeline: what the body of `with(command(...).spawn(), body)` gets.
///
/// For "run it and give me all" choose command::output().
///
/// **Lifetime.** Lives as long as the body. After it everything has ended: the child, its group, their pipes.
/// **Thread safety.** Only on its loop's thread.
/// **In asyncio.** `Process`.
class process {
 public:
  explicit process(std::shared_ptr<detail::running_programs> running) noexcept : running_(std::move(running)) {}
  process(const process&) = delete;
  process& operator=(const process&) = delete;

  /// The (last) child's number. A zombie keeps it until the body is left, so that it is not another's meanwhile.
  int pid() const noexcept;

  /// What the (first) child reads. `write_eof()` lets it read the end. A child that does not read any more is an error
  /// of the write (EPIPE). @throws misuse_error  It is no pipe: say `.stdin(stdio::pipe)`.
  stream_writer& stdin() const;
  /// What the (last) child writes. @throws misuse_error  They are no pipes.
  ///
  /// They end when the last that holds them has gone, and at the latest command::linger() after the end of the child.
  stream_reader& stdout() const;
  stream_reader& stderr() const;

  /// The lines of both. @param limit  Bytes of a line.
  [[nodiscard]] process_lines lines(std::size_t limit = stream_reader::default_limit) noexcept {
    return process_lines(*this, limit);
  }

  /// Waits until it has ended (of a pipeline: all of them), and tells how, as process_result::status.
  ///
  /// Read its pipes meanwhile, or it may wait for you. May be called as often as one likes.
  ///
  /// **Cancellation.** A cancellation point; atomic: the child does not notice.
  /// **In asyncio.** `Process.wait()`.
  coro<exit_status> wait();
  /// How it ended; empty while it runs. **In asyncio.** `Process.returncode`.
  std::optional<exit_status> status() const;
  /// One for each program of a pipeline that has ended; all of them after wait().
  std::vector<exit_status> statuses() const;

  /// Sends a signal to the child alone (of a pipeline: to each). @returns whether any was there to get it.
  bool send_signal(int number) noexcept;
  /// SIGKILL to it and its group. It is reaped when the body is left. **In asyncio.** `Process.kill()`.
  void kill() noexcept;
  /// Ends it and its group: TERM, at most `grace`, KILL; waits until they have gone.
  ///
  /// @param grace  Time between TERM and KILL. Default: what command::grace() says.
  ///
  /// **Cancellation.** A cancellation point while it waits; KILL comes all the same.
  /// **In asyncio.** `Process.terminate()`, which does no more than send SIGTERM.
  coro<exit_status> terminate(std::optional<std::chrono::nanoseconds> grace = std::nullopt);

 private:
  friend class process_lines;
  std::shared_ptr<detail::running_programs> running_;
};

/// What command::spawn() gives: for `with`, or anything else that enters resources.
///
/// Entering starts the programs: all of them, or none and an error. Leaving ends what still runs, with its group, as
/// process::terminate() does, after value, exception and cancellation alike. A body that ends with a value and has read
/// everything gives a child up to command::linger() to end by itself: one that closes its stdout is about to.
class spawned {
 public:
  explicit spawned(detail::run_settings settings, detail::run_purpose why = detail::run_purpose::spawn) noexcept;
  spawned(spawned&&) noexcept;
  spawned& operator=(spawned&&) noexcept;
  ~spawned();

  /// Waits for its turn: a loop starts one command in each of its turns, so that many starts hold nothing up.
  /// @throws spawn_error
  coro<process&> aenter();
  /// @throws process_failed  check() was asked for, and a child ended by itself other than with 0.
  /// @throws process_timeout  command::timeout() was over, so that everything was ended; the result has no output.
  coro<> aexit(const outcome<>& how);

  /// For output() and status().
  detail::running_programs& running() const noexcept { return *running_; }

 private:
  detail::run_settings settings_;
  detail::run_purpose purpose_;
  std::shared_ptr<detail::running_programs> running_;
  detail::owned<process> process_;
};

}  // namespace eddy
