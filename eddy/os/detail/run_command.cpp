// SPDX-License-Identifier: BSL-1.0
// What command::output() and command::status() do.
#include <cerrno>
#include <optional>
#include <system_error>

#include "eddy/flow/as_outcome.hpp"
#include "eddy/flow/gather.hpp"
#include "eddy/flow/race.hpp"
#include "eddy/flow/with.hpp"
#include "eddy/os/command.hpp"
#include "eddy/os/detail/running_programs.hpp"

namespace eddy::detail {

namespace {

class bytes_feed final : public input_feed {
 public:
  explicit bytes_feed(std::string bytes) : bytes_(std::move(bytes)) {}
  coro<> write_to(stream_writer& out) override { co_await out.write(bytes_); }

 private:
  std::string bytes_;
};

/// Writes all of stdin. A child that does not want it all is none of our trouble.
coro<> write_input(stream_writer& out, input_feed& feed) {
  std::exception_ptr broken;
  try {
    co_await feed.write_to(out);
    co_await out.write_eof();
  } catch (const std::system_error& e) {
    if (e.code() != std::errc::broken_pipe) throw;
    broken = std::current_exception();
  }
  if (!broken) co_return;
  // Of this pipe, or of something that a generator reads? The pipe's stays.
  const auto state = co_await as_outcome(out.drain());
  if (!state.has_exception()) std::rethrow_exception(broken);
}

/// The programs' stdin, until it is written or the first of them has ended.
coro<> feed(running_programs& run) {
  stream* const in = run.in();
  if (in == nullptr) co_return;
  const auto& source = run.settings().programs.front().feed;
  if (source) co_await race(write_input(in->writer(), *source), run.first_ended().wait());
  in->abort();
}

/// What is kept of one stream. More than the limit is read and dropped, so that who writes can still end in order.
struct captured {
  std::string bytes;
  bool too_much = false;
};

coro<> capture(running_programs& run, stream* from, captured& kept) {
  if (from == nullptr) co_return;
  stream_reader& reader = from->reader();
  const std::size_t limit = run.settings().capture_limit;
  while (true) {
    const bool more = co_await reader.fill();
    const std::string_view bytes = reader.buffered();
    const std::size_t room = limit - kept.bytes.size();
    kept.bytes.append(bytes.substr(0, room));
    if (bytes.size() > room && !std::exchange(kept.too_much, true)) run.begin_end(run.settings().grace);
    reader.consume(bytes.size());
    if (!more) co_return;
  }
}

[[noreturn]] void throw_too_much(const run_settings& settings, bool out, process_result result) {
  throw output_limit_error(describe_command(settings) + " wrote more than " + std::to_string(settings.capture_limit) +
                               " bytes to its " + (out ? "stdout" : "stderr") +
                               " and was ended; raise command::limit(), send it to a file, or read it as it comes "
                               "with command::spawn()",
                           std::move(result));
}

/// How a run that has ended in order went.
void check_end(const running_programs& run, const process_result& result) {
  const run_settings& settings = run.settings();
  if (run.expired())
    throw process_timeout(timeout_error(*settings.limit, settings.limit_set, describe_command(settings)), result);
  if (settings.check && !result.status.success()) throw failure_of(settings, result);
}

}  // namespace

std::shared_ptr<input_feed> feed_of(std::string bytes) { return std::make_shared<bytes_feed>(std::move(bytes)); }

void throw_feed_used() {
  throw misuse_error("the stream for a command's stdin was used up by an earlier run; give stdin() a new one");
}

std::string_view text_of(std::span<const std::byte> bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

coro<process_result> run_for_output(run_settings settings) {
  captured out;
  captured err;
  process_result result;
  spawned programs(std::move(settings), run_purpose::output);
  co_await with(programs, [&](process& p) -> coro<> {
    running_programs& run = programs.running();
    run.start_limit();
    co_await gather(feed(run), capture(run, run.out(), out), capture(run, run.err(), err), p.wait());
    result.status = run.status();
    result.statuses = run.statuses();
  });
  result.out = std::move(out.bytes);
  result.err = std::move(err.bytes);
  const running_programs& run = programs.running();
  if (out.too_much || err.too_much) throw_too_much(run.settings(), out.too_much, std::move(result));
  check_end(run, result);
  co_return result;
}

coro<exit_status> run_for_status(run_settings settings) {
  process_result result;
  spawned programs(std::move(settings), run_purpose::status);
  co_await with(programs, [&](process& p) -> coro<> {
    running_programs& run = programs.running();
    run.start_limit();
    co_await gather(feed(run), p.wait());
    result.status = run.status();
    result.statuses = run.statuses();
  });
  check_end(programs.running(), result);
  co_return result.status;
}

}  // namespace eddy::detail
