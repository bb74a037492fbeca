// SPDX-License-Identifier: BSL-1.0
#include "eddy/os/process.hpp"

#include <signal.h>

#include <ostream>

#include "eddy/flow/race.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/os/detail/running_programs.hpp"
#include "eddy/os/detail/start_gate.hpp"

namespace eddy {

namespace {

template <class Stream>
auto& checked(Stream* pipe, const char* what) {
  if (pipe == nullptr) throw misuse_error(what);
  return *pipe;
}

/// Whether readline() would end at once.
bool has_line(const stream_reader& from, std::size_t limit) {
  const std::string_view bytes = from.buffered();
  return bytes.size() > limit + 1 || bytes.find('\n') != std::string_view::npos;
}

}  // namespace

std::ostream& operator<<(std::ostream& to, const process_line& line) { return to << line.text; }

int process::pid() const noexcept { return running_->pid(); }

stream_writer& process::stdin() const {
  return checked(running_->in(), "process::stdin: it is no pipe; say command::stdin(stdio::pipe)").writer();
}

stream_reader& process::stdout() const {
  return checked(running_->out(), "process::stdout: it is no pipe; leave command::stdout() as it is").reader();
}

stream_reader& process::stderr() const {
  return checked(running_->err(), "process::stderr: it is no pipe of its own; leave command::stderr() as it is")
      .reader();
}

coro<exit_status> process::wait() {
  co_await running_->all_ended().wait();
  co_return running_->status();
}

std::optional<exit_status> process::status() const {
  if (!running_->all_ended().is_set()) return std::nullopt;
  return running_->status();
}

std::vector<exit_status> process::statuses() const { return running_->statuses(); }

bool process::send_signal(int number) noexcept { return running_->send(number); }

void process::kill() noexcept { running_->send_group(SIGKILL); }

coro<exit_status> process::terminate(std::optional<std::chrono::nanoseconds> grace) {
  co_await running_->finish(grace.value_or(running_->settings().grace));
  co_return running_->status();
}

coro<std::optional<process_line>> process_lines::next() {
  detail::running_programs& run = *process_->running_;
  stream_reader* const readers[] = {run.out() ? &run.out()->reader() : nullptr,
                                    run.err() ? &run.err()->reader() : nullptr};
  checked(readers[0] ? readers[0] : readers[1], "process::lines: neither stdout nor stderr is a pipe");
  bool ended[] = {readers[0] == nullptr, readers[1] == nullptr};
  while (true) {
    const std::size_t first = first_ == output_stream::out ? 0 : 1;
    for (const std::size_t i : {first, 1 - first}) {
      if (readers[i] == nullptr || !(ended[i] || has_line(*readers[i], limit_))) continue;
      auto line = co_await readers[i]->readline(limit_);
      if (!line) continue;
      first_ = i == 0 ? output_stream::err : output_stream::out;
      process_line labelled;
      labelled.text = *std::move(line);
      labelled.from = i == 0 ? output_stream::out : output_stream::err;
      co_return std::optional<process_line>(std::move(labelled));
    }
    if (ended[0] && ended[1]) co_return std::nullopt;
    // What a cancelled fill has brought stays with its reader, and so does its end: nothing is lost between two calls.
    if (ended[0] || ended[1]) {
      const std::size_t open = ended[0] ? 1 : 0;
      const bool more = co_await readers[open]->fill();
      ended[open] = !more;
    } else {
      const auto came = co_await race(readers[first]->fill(), readers[1 - first]->fill());
      if (came.get<0>()) ended[first] = !*came.get<0>();
      if (came.get<1>()) ended[1 - first] = !*came.get<1>();
    }
  }
}

spawned::spawned(detail::run_settings settings, detail::run_purpose why) noexcept
    : settings_(std::move(settings)), purpose_(why) {}
spawned::spawned(spawned&&) noexcept = default;
spawned& spawned::operator=(spawned&&) noexcept = default;
spawned::~spawned() = default;

coro<process&> spawned::aenter() {
  co_await event_loop::current().scheduler().service<detail::start_gate>().pass();
  running_ = std::make_shared<detail::running_programs>(settings_, purpose_);
  process_ = std::make_unique<process>(running_);
  if (purpose_ == detail::run_purpose::spawn) running_->start_limit();
  co_return *process_;
}

coro<> spawned::aexit(const outcome<>& how) {
  detail::running_programs& run = *running_;
  if (run.in() != nullptr) run.in()->abort();  // who reads it to its end ends now
  // One that has closed its stdout is about to end by itself.
  if (how.has_value() && !run.all_ended().is_set() && run.outputs_read())
    co_await race(run.all_ended().wait(), sleep(settings_.linger));
  const bool by_itself = run.all_ended().is_set();
  co_await run.finish(settings_.grace);
  if (!how.has_value() || purpose_ != detail::run_purpose::spawn) co_return;
  if (run.expired()) {
    process_result result;
    result.status = run.status();
    result.statuses = run.statuses();
    throw process_timeout(timeout_error(*settings_.limit, settings_.limit_set, detail::describe_command(settings_)),
                          std::move(result));
  }
  if (!settings_.check || !by_itself || run.status().success()) co_return;
  process_result result;
  result.status = run.status();
  result.statuses = run.statuses();
  throw detail::failure_of(settings_, std::move(result));
}

}  // namespace eddy
