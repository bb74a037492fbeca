// SPDX-License-Identifier: BSL-1.0
#include "eddy/os/command.hpp"

#include <algorithm>

namespace eddy {

namespace {

constexpr std::size_t most_shown = 200;  // bytes of a command line

void check_text(std::string_view text, const char* what) {
  if (text.find('\0') != std::string_view::npos)
    throw misuse_error(std::string(what) +
                       " has a zero byte in it, where the system would cut it; hand it over by stdin");
}

void check_name(std::string_view name) {
  check_text(name, "the name of a variable");
  if (name.empty() || name.find('=') != std::string_view::npos)
    throw misuse_error("\"" + std::string(name) + "\" is no name of a variable: it is empty or has a '=' in it");
}

/// Quoted where a shell would not take it as it is.
std::string quoted(const std::string& argument) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("-_./:=,+@%").find(c) != std::string_view::npos;
  };
  if (!argument.empty() && std::all_of(argument.begin(), argument.end(), plain)) return argument;
  std::string text = "'";
  for (const char c : argument)
    if (c == '\'')
      text += "'\\''";
    else
      text += c;
  return text + "'";
}

detail::stdio_choice plain_choice(stdio which) {
  detail::stdio_choice made;
  made.how = detail::stdio_choice::kind::plain;
  made.which = which;
  return made;
}

detail::stdio_choice file_choice(const std::filesystem::path& path, bool append) {
  check_text(path.native(), "the path of a file");
  detail::stdio_choice made;
  made.how = append ? detail::stdio_choice::kind::append : detail::stdio_choice::kind::file;
  made.path = path.native();
  return made;
}

}  // namespace

namespace detail {

program_settings::program_settings() = default;
program_settings::program_settings(const program_settings& other) = default;
program_settings::program_settings(program_settings&& other) noexcept = default;
program_settings& program_settings::operator=(const program_settings& other) = default;
program_settings& program_settings::operator=(program_settings&& other) noexcept = default;
program_settings::~program_settings() = default;

run_settings::run_settings() = default;
run_settings::run_settings(const run_settings& other) = default;
run_settings::run_settings(run_settings&& other) noexcept = default;
run_settings& run_settings::operator=(const run_settings& other) = default;
run_settings& run_settings::operator=(run_settings&& other) noexcept = default;
run_settings::~run_settings() = default;

std::string describe_command(const program_settings& program) {
  std::string text;
  for (const std::string& each : program.arguments) {
    if (!text.empty()) text += ' ';
    text += quoted(each);
    if (text.size() > most_shown) return text.substr(0, most_shown) + "...";
  }
  return text;
}

std::string describe_command(const run_settings& run) {
  std::string text;
  for (const program_settings& each : run.programs) text += (text.empty() ? "" : " | ") + describe_command(each);
  return text;
}

}  // namespace detail

void command::add(std::string_view argument) {
  check_text(argument, "an argument");
  program().arguments.emplace_back(argument);
}

command& command::env(std::string name, std::string value) {
  check_name(name);
  check_text(value, "the value of a variable");
  program().environment.emplace_back(std::move(name), std::move(value));
  return *this;
}

command& command::unset_env(std::string name) {
  check_name(name);
  program().environment.emplace_back(std::move(name), std::nullopt);
  return *this;
}

command& command::clear_env() {
  program().clear_environment = true;
  program().environment.clear();
  return *this;
}

command& command::cwd(const std::filesystem::path& folder) {
  check_text(folder.native(), "the path of a folder");
  program().cwd = folder.native();
  return *this;
}

command& command::umask(unsigned bits) {
  program().umask = bits & 0777U;
  return *this;
}

command& command::nice(int value) {
  program().nice = value;
  return *this;
}

command& command::pass(int descriptor, int as) {
  if (descriptor < 0 || as < 0) throw misuse_error("command::pass: a descriptor is 0 or more");
  program().passed.emplace_back(descriptor, as);
  return *this;
}

command& command::stdin(stdio from) {
  if (from == stdio::merged) throw misuse_error("command::stdin: stdio::merged is for stderr");
  program().feed.reset();
  program().in = plain_choice(from);
  return *this;
}

command& command::stdin(std::string bytes) { return set_feed(detail::feed_of(std::move(bytes))); }
command& command::stdin(std::string_view bytes) { return stdin(std::string(bytes)); }
command& command::stdin(const char* bytes) { return stdin(std::string(bytes)); }
command& command::stdin(std::span<const std::byte> bytes) { return stdin(detail::text_of(bytes)); }

command& command::set_feed(std::shared_ptr<detail::input_feed> feed) {
  program().in = plain_choice(stdio::pipe);
  program().feed = std::move(feed);
  return *this;
}

command& command::stdin_file(const std::filesystem::path& path) {
  program().feed.reset();
  program().in = file_choice(path, false);
  return *this;
}

command& command::stdout(stdio to) {
  if (to == stdio::merged) throw misuse_error("command::stdout: stdio::merged is for stderr; say command::merged()");
  program().out = plain_choice(to);
  return *this;
}

command& command::stdout_file(const std::filesystem::path& path) {
  program().out = file_choice(path, false);
  return *this;
}

command& command::stdout_append(const std::filesystem::path& path) {
  program().out = file_choice(path, true);
  return *this;
}

command& command::stderr(stdio to) {
  program().err = plain_choice(to);
  return *this;
}

command& command::stderr_file(const std::filesystem::path& path) {
  program().err = file_choice(path, false);
  return *this;
}

command& command::stderr_append(const std::filesystem::path& path) {
  program().err = file_choice(path, true);
  return *this;
}

command& command::new_session(bool on) {
  program().own_session = on;
  return *this;
}

command& command::same_group(bool on) {
  program().own_group = !on;
  return *this;
}

command& command::die_with_parent(int signal) {
  program().death_signal = signal;
  return *this;
}

command& command::subreaper(bool on) {
  program().subreaper = on;
  return *this;
}

command shell(std::string_view line) { return command("/bin/sh", "-c", line); }

pipeline::pipeline(const detail::run_settings& left, const detail::run_settings& right) {
  using kind = detail::stdio_choice::kind;
  if (left.programs.back().out.how != kind::usual)
    throw misuse_error("a | b: the stdout of a goes elsewhere; leave it to the pipe");
  if (right.programs.front().in.how != kind::usual)
    throw misuse_error("a | b: the stdin of b comes from elsewhere; leave it to the pipe");
  settings_ = right;
  settings_.programs.insert(settings_.programs.begin(), left.programs.begin(), left.programs.end());
  settings_.check = left.check || right.check;
  if (left.limit && (!right.limit || *left.limit < *right.limit)) {
    settings_.limit = left.limit;
    settings_.limit_set = left.limit_set;
  }
}

}  // namespace eddy
