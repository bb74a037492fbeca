// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <source_location>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "eddy/base/detail/exchanged.hpp"
#include "eddy/coro/coro.hpp"
#include "eddy/flow/for_each.hpp"
#include "eddy/os/detail/command_settings.hpp"
#include "eddy/os/process.hpp"
#include "eddy/os/process_errors.hpp"

namespace eddy {

namespace detail {

coro<process_result> run_for_output(run_settings settings);
coro<exit_status> run_for_status(run_settings settings);

/// Bytes as a child's stdin; may be used in many runs.
std::shared_ptr<input_feed> feed_of(std::string bytes);
[[noreturn]] void throw_feed_used();
std::string_view text_of(std::span<const std::byte> bytes) noexcept;

/// A stream as a child's stdin: in one run.
template <class S>
class stream_feed final : public input_feed {
 public:
  explicit stream_feed(S stream) : stream_(std::move(stream)) {}
  coro<> write_to(stream_writer& out) override {
    if (detail::exchanged(used_, true)) throw_feed_used();
    co_await for_each(std::move(stream_), [&out](const auto& item) { return out.write(bytes_of(item)); });
  }

 private:
  template <class Item>
  static auto bytes_of(const Item& item) {
    if constexpr (std::is_convertible_v<const Item&, std::string_view>)
      return std::string_view(item);
    else
      return std::as_bytes(std::span(item));
  }

  S stream_;
  bool used_ = false;
};

template <class S>
concept input_stream = requires(S& s) { s.next(); };

/// What command and pipeline have in common: how a run goes.
template <class Derived>
class run_options_of {
 public:
  /// Limits the time of output() and status(): then everything is ended, as by process::terminate(), and
  /// process_timeout carries what was captured. Default: no limit.
  Derived& timeout(std::chrono::nanoseconds limit, std::source_location where = std::source_location::current()) {
    settings_.limit = limit;
    settings_.limit_set = where;
    return self();
  }
  /// A program that ends other than with 0 is an error (process_failed). In a pipeline every program counts, but for
  /// those that SIGPIPE ended because the next one had enough. Default: no.
  Derived& check(bool on = true) {
    settings_.check = on;
    return self();
  }
  /// Bytes of each stream that output() keeps; with more the program is ended (output_limit_error). Default 64 MiB.
  Derived& limit(std::size_t bytes) {
    settings_.capture_limit = bytes;
    return self();
  }
  /// Time between TERM and KILL when something has to be ended. Default 5 s; keep it below the loop's own grace.
  Derived& grace(std::chrono::nanoseconds time) {
    settings_.grace = time;
    return self();
  }
  /// How long pipes are read that somebody else still holds when all programs have ended, such as a job that a shell
  /// has left in the background. Default 1 s; `std::chrono::nanoseconds::max()` for as long as it takes.
  Derived& linger(std::chrono::nanoseconds time) {
    settings_.linger = time;
    return self();
  }
  /// Bytes that pipes hold, as far as the system allows. A program's first sixteen pipes at a time get what is asked
  /// for, those after them less and less. Default 1 MiB. 0 for the system's usual 64 KiB.
  Derived& pipe_size(std::size_t bytes) {
    settings_.pipe_size = bytes;
    return self();
  }

  /// Runs it to its end, and gives its status and all that it wrote to those of stdout and stderr that are pipes, as
  /// they are unless told otherwise. stdin is /dev/null unless told otherwise.
  ///
  /// More output than a pipe holds, on both, with a large stdin, is no trouble. A child that does not read its stdin is
  /// none either.
  ///
  /// @throws spawn_error, process_timeout, process_failed, output_limit_error; what a stream for stdin throws
  ///
  /// **Cancellation.** A cancellation point. Remote: what the program has done is done. It and its group are ended and
  /// reaped before the cancellation goes on; what was captured is lost: use timeout() to keep it.
  /// **In asyncio.** `create_subprocess_exec` and `communicate()`.
  [[nodiscard]] coro<process_result> output() const { return run_for_output(settings_); }
  /// Runs it to its end and gives its status. stdout and stderr are this program's unless told otherwise; they may not
  /// be pipes. Otherwise as output().
  [[nodiscard]] coro<exit_status> status() const { return run_for_status(settings_); }
  /// For `with(command(...).spawn(), [&](process& p) -> coro<> { ... })`: starts it, and ends it with the body.
  ///
  /// stdout and stderr are pipes unless told otherwise, stdin is /dev/null.
  [[nodiscard]] spawned spawn() const { return spawned(settings_); }

  /// The command line, quoted as a shell would have it, cut where it is long.
  std::string to_string() const { return describe_command(settings_); }

  const run_settings& settings() const noexcept { return settings_; }

 protected:
  run_options_of() = default;
  run_settings settings_;

 private:
  Derived& self() noexcept { return static_cast<Derived&>(*this); }
};

}  // namespace detail

/// A program to be run in a child process: `co_await command("git", "status").cwd(path).output()`.
///
/// | to | with |
/// |---|---|
/// | have all that it writes | `output()` |
/// | have its status alone | `status()` |
/// | talk with it, read it as it writes, end it early | `with(c.spawn(), body)` |
/// | connect programs | `a \| b` |
///
/// The program is looked for as execvp does: in the PATH that it will have itself, unless its name has a slash; then
/// relative to cwd(). Nothing but what is asked for is inherited: no descriptor but its stdin, stdout and stderr, no
/// blocked or ignored signal (but for SIGHUP under nohup).
///
/// It leads a process group of its own, so that it can be ended with all that it has started. So a terminal's Ctrl-C
/// does not reach it (eddy's run ends it then), and it cannot read from the terminal: see same_group().
///
/// **Lifetime.** A value; running copies what it needs. May be run many times.
/// **Thread safety.** As a plain value.
/// **In asyncio.** `create_subprocess_exec`.
class command : public detail::run_options_of<command> {
 public:
  /// @param program  A name, or a path.  @param args  Text, paths, whole numbers, or ranges of those: each an argument
  /// as it is, never looked at by a shell.
  /// @throws misuse_error  An argument has a zero byte in it.
  template <class Program, class... Args>
    requires std::convertible_to<const Program&, std::string_view> || std::same_as<Program, std::filesystem::path>
  explicit command(const Program& program, const Args&... args) {
    settings_.programs.emplace_back();
    add_any(program);
    (add_any(args), ...);
  }

  /// Adds arguments.
  template <class... Args>
  command& args(const Args&... more) {
    (add_any(more), ...);
    return *this;
  }

  // -- what surrounds it
  // ------------------------------------------------------------------------------------------------------------------

  /// Sets a variable of its environment, which is this program's otherwise.
  command& env(std::string name, std::string value);
  command& unset_env(std::string name);
  /// Nothing of this program's environment is handed on; env() adds to that.
  command& clear_env();
  /// The folder it runs in. Default: this program's.
  command& cwd(const std::filesystem::path& folder);
  /// Which bits new files do not get. Default: as in this program.
  command& umask(unsigned bits);
  /// Its niceness, -20 (only with the right to) ... 19. Default: as this program's.
  command& nice(int value);
  /// Hands on a descriptor of this program, under the same or another number, which may be 0, 1 or 2. It has to be open
  /// when the command runs.
  command& pass(int descriptor) { return pass(descriptor, descriptor); }
  command& pass(int descriptor, int as);

  // -- stdin, stdout, stderr
  // ------------------------------------------------------------------------------------------------------------------

  /// @throws misuse_error for `merged`, which is for stderr
  command& stdin(stdio from);
  /// These bytes, then the end.
  command& stdin(std::string bytes);
  command& stdin(std::string_view bytes);
  command& stdin(const char* bytes);
  command& stdin(std::span<const std::byte> bytes);
  /// What a stream gives (text or bytes), as it comes: a generator, or anything else with `next()`. For one run.
  template <detail::input_stream S>
  command& stdin(S stream) {
    return set_feed(std::make_shared<detail::stream_feed<S>>(std::move(stream)));
  }
  command& stdin_file(const std::filesystem::path& path);

  command& stdout(stdio to);
  /// A file, made anew or emptied.
  command& stdout_file(const std::filesystem::path& path);
  command& stdout_append(const std::filesystem::path& path);
  command& stderr(stdio to);
  command& stderr_file(const std::filesystem::path& path);
  command& stderr_append(const std::filesystem::path& path);
  /// stderr goes where stdout goes, in the order written.
  command& merged() { return stderr(stdio::merged); }

  // -- with whom it lives and ends
  // ------------------------------------------------------------------------------------------------------------------

  /// A session of its own (setsid): no terminal can reach it. It is a group of its own, too.
  command& new_session(bool on = true);
  /// It stays in this program's process group: for one that uses the terminal. Then only it itself is ended, not what
  /// it has started.
  command& same_group(bool on = true);
  /// The system sends it `signal` when the thread that starts it ends, however it ends: that of the loop. For programs
  /// that could otherwise outlive a crash of this one.
  ///
  /// It reaches the child alone, not what that starts; and a program that is set-user-ID does not get it.
  command& die_with_parent(int signal = SIGKILL);
  /// Also finds and ends what has left the group, by a session of its own: this process inherits orphans meanwhile
  /// (PR_SET_CHILD_SUBREAPER, for the whole process), and descendants are known by a variable in their environment.
  ///
  /// Costs a look at all processes of the machine at the end (some 20 us each).
  command& subreaper(bool on = true);

 private:
  detail::program_settings& program() noexcept { return settings_.programs.front(); }
  command& set_feed(std::shared_ptr<detail::input_feed> feed);
  void add(std::string_view argument);

  template <class T>
  void add_any(const T& argument) {
    if constexpr (std::is_convertible_v<const T&, std::string_view>)
      add(argument);
    else if constexpr (std::is_same_v<T, std::filesystem::path>)
      add(argument.native());
    else if constexpr (std::integral<T> && !std::is_same_v<T, bool> && !std::is_same_v<T, char>)
      add(std::to_string(argument));
    else
      for (const auto& each : argument) add_any(each);
  }
};

/// A line for the shell: `command("/bin/sh", "-c", line)`. Never put text of others into it: hand it over as env(), or
/// use command(), whose arguments no shell looks at.
///
/// **In asyncio.** `create_subprocess_shell`.
command shell(std::string_view line);

/// Programs that run at once, each reading what the one before it writes: `command("dmesg") | command("tail")`.
///
/// stdin is the first one's, stdout the last one's, stderr each one's own (captured together, unless told otherwise).
///
/// **In asyncio.** `os.pipe()` and some care.
class pipeline : public detail::run_options_of<pipeline> {
 public:
  /// The settings of a run are those of the right side. @throws misuse_error  The left one's stdout or the right one's
  /// stdin goes elsewhere.
  pipeline(const detail::run_settings& left, const detail::run_settings& right);
};

template <class A, class B>
  requires std::derived_from<A, detail::run_options_of<A>> && std::derived_from<B, detail::run_options_of<B>>
pipeline operator|(const A& left, const B& right) {
  return pipeline(left.settings(), right.settings());
}

}  // namespace eddy
