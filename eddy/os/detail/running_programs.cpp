// SPDX-License-Identifier: BSL-1.0
#include "eddy/os/detail/running_programs.hpp"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "eddy/os/detail/program_start.hpp"

namespace eddy::detail {

namespace {

constexpr std::size_t most_of_stderr = 2000;  // bytes that an error's text shows

/// A descriptor to be closed.
class kept_descriptor {
 public:
  explicit kept_descriptor(int fd) noexcept : fd_(fd) {}
  kept_descriptor(kept_descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  kept_descriptor& operator=(kept_descriptor&&) = delete;
  ~kept_descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const noexcept { return fd_; }

 private:
  int fd_;
};

}  // namespace

/// While the programs are started: the descriptors that are theirs.
class running_programs::starting {
 public:
  starting(running_programs& run, run_purpose why) : run_(run), why_(why) {}

  void all() {
    const auto& programs = run_.settings_.programs;
    for (std::size_t i = 0; i < programs.size(); ++i) one(programs[i], i == 0, i + 1 == programs.size());
  }

 private:
  void one(const program_settings& program, bool first, bool last) {
    std::unique_ptr<subreaper> inherits;
    if (program.subreaper) inherits = std::make_unique<subreaper>();
    program_start start(program, inherits ? inherits->marker() : std::string());
    start.give(first ? input(program) : before_->reading(), STDIN_FILENO);
    std::optional<pipe_ends> next;
    if (!last) next.emplace(make_pipe(program));
    const int out = last ? output(program, program.out, STDOUT_FILENO, -1) : next->writing();
    start.give(out, STDOUT_FILENO);
    start.give(output(program, program.err, STDERR_FILENO, out), STDERR_FILENO);
    for (const auto& [here, there] : program.passed) start.give(here, there);
    run_.children_.reserve(run_.children_.size() + 1);
    const bool grouped = program.own_group || program.own_session;
    const started_program started = start.start();
    run_.children_.push_back(
        std::make_unique<child>(static_cast<child_owner&>(run_), started, grouped, std::move(inherits)));
    before_.reset();
    if (next) before_.emplace(*std::move(next));
  }

  static void refuse(bool wrong, const char* what) {
    if (wrong) throw misuse_error(what);
  }

  pipe_ends make_pipe(const program_settings& program) const {
    try {
      return pipe_ends(run_.settings_.pipe_size);
    } catch (const std::system_error& e) {
      fail(program, e.code().value(), "pipe", "a pipe for it");
    }
  }

  [[noreturn]] static void fail(const program_settings& program, int error, const char* operation, std::string what) {
    if (error == EMFILE || error == ENFILE)
      what += ": too many open descriptors; run fewer at a time, or raise ulimit -n";
    throw spawn_error(error, program.arguments.front(), operation,
                      "cannot start " + describe_command(program) + ": " + what);
  }

  int keep(kept_descriptor file) {
    kept_.push_back(std::move(file));
    return kept_.back().get();
  }

  int null_device(const program_settings& program) {
    if (null_ < 0) null_ = keep(kept_descriptor(::open("/dev/null", O_RDWR | O_CLOEXEC)));
    if (null_ < 0) fail(program, errno, "file", "/dev/null");
    return null_;
  }

  /// This program's own; nothing when it has closed that.
  int inherited(const program_settings& program, int number) {
    return ::fcntl(number, F_GETFD) >= 0 ? number : null_device(program);
  }

  // Without waiting: a FIFO that nobody reads is an error, in place of a loop that stands still.
  int file(const program_settings& program, const std::string& path, int flags) {
    const int fd = ::open(path.c_str(), flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0666);
    if (fd < 0) fail(program, errno, "file", "opening " + path);
    keep(kept_descriptor(fd));
    ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) & ~O_NONBLOCK);
    return fd;
  }

  stdio_choice choose(stdio_choice said, bool is_input) const {
    if (said.how != stdio_choice::kind::usual) return said;
    said.how = stdio_choice::kind::plain;
    said.which = stdio::pipe;
    if (is_input) said.which = stdio::null;
    if (!is_input && why_ == run_purpose::status) said.which = stdio::inherit;
    return said;
  }

  int input(const program_settings& program) {
    const stdio_choice from = choose(program.in, true);
    if (from.how != stdio_choice::kind::plain) return file(program, from.path, O_RDONLY);
    if (!program.feed && from.which != stdio::pipe)
      return from.which == stdio::null ? null_device(program) : inherited(program, STDIN_FILENO);
    pipe_ends ends = make_pipe(program);
    large_pipe_share share = ends.take_share();
    run_.in_.emplace(std::make_unique<pipe_transport>(ends.take_writing(), std::move(share)));
    return keep(kept_descriptor(ends.take_reading()));
  }

  int output(const program_settings& program, const stdio_choice& said, int number, int out) {
    const stdio_choice to = choose(said, false);
    if (to.how != stdio_choice::kind::plain)
      return file(program, to.path, O_WRONLY | O_CREAT | (to.how == stdio_choice::kind::append ? O_APPEND : O_TRUNC));
    switch (to.which) {
      case stdio::null:
        return null_device(program);
      case stdio::inherit:
        return inherited(program, number);
      case stdio::merged:
        return out;
      case stdio::pipe:
        break;
    }
    refuse(why_ == run_purpose::status,
           "command::status() reads no pipes, so the program would wait for ever: use output() or spawn()");
    return number == STDOUT_FILENO ? make_output(program, run_.out_, run_.out_pipe_) : err_pipe(program);
  }

  /// One for the whole pipeline.
  int err_pipe(const program_settings& program) {
    if (err_ < 0) err_ = make_output(program, run_.err_, run_.err_pipe_);
    return err_;
  }

  int make_output(const program_settings& program, std::optional<stream>& to, pipe_transport*& pipe) {
    pipe_ends ends = make_pipe(program);
    large_pipe_share share = ends.take_share();
    auto carrier = std::make_unique<pipe_transport>(ends.take_reading(), std::move(share));
    pipe = carrier.get();
    to.emplace(std::move(carrier));
    return keep(kept_descriptor(ends.take_writing()));
  }

  running_programs& run_;
  run_purpose why_;
  std::vector<kept_descriptor> kept_;
  std::optional<pipe_ends> before_;  // what the program before writes to
  int null_ = -1;
  int err_ = -1;
};

void running_programs::alarm::arm(std::chrono::nanoseconds delay) {
  scheduler& s = owner_.scheduler_;
  if (!armed()) s.timers.arm(*this, s.deadline_in(delay));
}

void running_programs::alarm::disarm() noexcept {
  if (armed()) owner_.scheduler_.timers.cancel(*this);
}

running_programs::running_programs(run_settings settings, run_purpose why)
    : settings_(std::move(settings)), scheduler_(event_loop::current().scheduler()) {
  starting(*this, why).all();
  all_started_ = true;
  child_ended();
}

running_programs::~running_programs() {
  linger_.disarm();
  limit_.disarm();
}

void running_programs::child_ended() noexcept {
  if (!all_started_ || !std::all_of(children_.begin(), children_.end(), [](const auto& c) { return c->ended(); }))
    return;
  all_ended_.set();
  if (settings_.linger == std::chrono::nanoseconds::max() || (!out_pipe_ && !err_pipe_)) return;
  try {
    linger_.arm(settings_.linger);
  } catch (...) {
    end_pipes();  // no memory for a timer
  }
}

void running_programs::end_pipes() noexcept {
  if (out_pipe_ != nullptr) out_pipe_->end_now();
  if (err_pipe_ != nullptr) err_pipe_->end_now();
}

void running_programs::start_limit() {
  if (settings_.limit) limit_.arm(*settings_.limit);
}

void running_programs::expire() noexcept {
  if (all_ended_.is_set()) {  // it has ended in time: only others hold its pipes
    end_pipes();
    return;
  }
  expired_ = true;
  begin_end(settings_.grace);
}

std::size_t deciding(const std::vector<exit_status>& statuses) noexcept {
  for (std::size_t i = statuses.size(); i-- > 0;) {
    const bool had_enough = i + 1 != statuses.size() && statuses[i].signal() == SIGPIPE;
    if (!statuses[i].success() && !had_enough) return i;
  }
  return statuses.size() - 1;
}

exit_status running_programs::status() const {
  const std::vector<exit_status> all = statuses();
  return all[deciding(all)];
}

std::vector<exit_status> running_programs::statuses() const {
  std::vector<exit_status> all;
  all.reserve(children_.size());
  for (const auto& each : children_) all.push_back(each->ended() ? each->status() : exit_status());
  return all;
}

bool running_programs::outputs_read() const noexcept {
  const auto read = [](const std::optional<stream>& s) { return !s || s->reader().at_end(); };
  return (out_ || err_) && read(out_) && read(err_);
}

bool running_programs::send(int signal) noexcept {
  bool any = false;
  for (const auto& each : children_) any = each->send(signal) || any;
  return any;
}

void running_programs::send_group(int signal) noexcept {
  for (const auto& each : children_) each->send_group(signal);
}

void running_programs::begin_end(std::chrono::nanoseconds grace) noexcept {
  for (const auto& each : children_) each->begin_end(grace);
}

coro<> running_programs::finish(std::chrono::nanoseconds grace) {
  begin_end(grace);
  for (const auto& each : children_) co_await each->finish(grace);
}

process_failed failure_of(const run_settings& settings, process_result result) {
  const std::size_t which = deciding(result.statuses);
  std::string text = describe_command(settings.programs[which]) + " " + result.status.to_string();
  if (settings.programs.size() > 1) text += " (in " + describe_command(settings) + ")";
  std::string_view said = result.err;
  while (said.ends_with('\n')) said.remove_suffix(1);
  if (said.size() > most_of_stderr) {
    said.remove_prefix(said.size() - most_of_stderr);
    if (const std::size_t line = said.find('\n'); line != std::string_view::npos) said.remove_prefix(line + 1);
    text += "; its stderr ends with:\n" + std::string(said);
  } else if (!said.empty()) {
    text += "; its stderr:\n" + std::string(said);
  }
  return process_failed(text, std::move(result));
}

}  // namespace eddy::detail
