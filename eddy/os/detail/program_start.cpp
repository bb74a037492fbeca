// SPDX-License-Identifier: BSL-1.0
#include "eddy/os/detail/program_start.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string_view>

extern "C" char** environ;  // NOLINT: the system's own

namespace eddy::detail {

namespace {

constexpr std::string_view usual_path = "/bin:/usr/bin";  // of the C library, for who has no PATH

bool is_variable(std::string_view entry, std::string_view name) {
  return entry.size() > name.size() && entry[name.size()] == '=' && entry.starts_with(name);
}

/// The first line of a file; empty when it cannot be read.
std::string first_bytes(const std::string& path) {
  std::array<char, 256> bytes;
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return {};
  const ssize_t count = ::read(fd, bytes.data(), bytes.size());
  ::close(fd);
  return count > 0 ? std::string(bytes.data(), static_cast<std::size_t>(count)) : std::string();
}

/// What a script's first line names; empty when it is no script.
std::string interpreter_of(const std::string& head) {
  if (!head.starts_with("#!")) return {};
  const std::size_t begin = head.find_first_not_of(" \t", 2);
  if (begin == std::string::npos) return {};
  return head.substr(begin, head.find_first_of(" \t\n\r", begin) - begin);
}

const char* operation_of(start_step step) noexcept {
  switch (step) {
    case start_step::session:
      return "session";
    case start_step::group:
      return "group";
    case start_step::nice:
      return "nice";
    case start_step::cwd:
      return "cwd";
    case start_step::descriptors:
      return "descriptors";
    case start_step::exec:
      return "exec";
    case start_step::clone:
    case start_step::parent_died:
      break;
  }
  return "start";
}

}  // namespace

program_start::program_start(const program_settings& settings, const std::string& marker) : settings_(settings) {
  for (const std::string& each : settings.arguments) plan_.arguments.push_back(const_cast<char*>(each.c_str()));
  plan_.arguments.push_back(nullptr);
  make_environment(marker);
  find_candidates();
  plan_.cwd = settings.cwd;
  plan_.own_group = settings.own_group;
  plan_.own_session = settings.own_session;
  plan_.death_signal = settings.death_signal;
  plan_.umask = settings.umask;
  plan_.nice = settings.nice;
}

void program_start::make_environment(const std::string& marker) {
  std::vector<char*>& made = plan_.environment;
  if (!settings_.clear_environment)
    for (char** each = environ; each != nullptr && *each != nullptr; ++each) made.push_back(*each);
  variables_.reserve(settings_.environment.size() + 1);  // so that what is pointed to stays in place
  for (const auto& [name, value] : settings_.environment) {
    std::erase_if(made, [&which = name](const char* entry) { return is_variable(entry, which); });
    if (value) made.push_back(variables_.emplace_back(name + "=" + *value).data());
  }
  if (!marker.empty()) made.push_back(variables_.emplace_back(marker).data());
  path_ = usual_path;
  for (const char* each : made)
    if (is_variable(each, "PATH")) path_ = each + 5;
  made.push_back(nullptr);
}

void program_start::find_candidates() {
  const std::string& program = settings_.arguments.front();
  if (program.find('/') != std::string::npos || program.empty()) {
    plan_.candidates.push_back(program);
    return;
  }
  for (std::size_t begin = 0; begin <= path_.size();) {
    const std::size_t end = std::min(path_.find(':', begin), path_.size());
    const std::string folder = path_.substr(begin, end - begin);
    plan_.candidates.push_back((folder.empty() ? "." : folder) + "/" + program);
    begin = end + 1;
  }
}

void program_start::give(int here, int there) {
  auto& files = plan_.files;
  const auto place = std::lower_bound(files.begin(), files.end(), there,
                                      [](const auto& each, int number) { return each.second < number; });
  if (place != files.end() && place->second == there)
    place->first = here;
  else
    files.insert(place, {here, there});
}

started_program program_start::start() {
  started_program made = start_program(plan_);
  if (made.failure.error != 0) fail(made.failure);
  return made;
}

void program_start::fail(const start_failure& how) const {
  std::string text = "cannot start " + describe_command(settings_);
  switch (how.step) {
    case start_step::exec:
      text += ": " + explain_exec(how);
      break;
    case start_step::cwd:
      text += ": it was to run in the folder " + settings_.cwd.value_or("");
      break;
    case start_step::descriptors:
      text += how.error == EBADF ? ": a descriptor of pass() is not open" : ": placing its descriptors";
      break;
    case start_step::nice:
      text += ": nice";
      break;
    case start_step::parent_died:
      text += ": this program is ending";
      break;
    default:
      if (how.error == EAGAIN) text += ": too many processes; run fewer at a time, or raise ulimit -u";
      if (how.error == EMFILE) text += ": too many open descriptors; run fewer at a time, or raise ulimit -n";
      break;
  }
  throw spawn_error(how.error, settings_.arguments.front(), operation_of(how.step), text);
}

/// A path that the child resolves in its own folder.
std::string program_start::as_seen_here(const std::string& path) const {
  if (!settings_.cwd || path.starts_with('/')) return path;
  return (std::filesystem::path(*settings_.cwd) / path).native();
}

std::string program_start::explain_exec(const start_failure& how) const {
  const std::string& program = settings_.arguments.front();
  std::string path = as_seen_here(plan_.candidates[how.candidate]);
  if (how.error == ENOENT || how.error == ENOTDIR) {
    for (const std::string& candidate : plan_.candidates) {
      const std::string each = as_seen_here(candidate);
      struct stat found{};
      if (::stat(each.c_str(), &found) != 0) continue;
      const std::string interpreter = interpreter_of(first_bytes(each));
      if (!interpreter.empty())
        return ("the interpreter " + interpreter + " that ").append(each) + " names in its #! line is not there";
      return "what " + each + " needs to be loaded is not there (is it for another system?)";
    }
    if (program.find('/') == std::string::npos) return "there is no such program in the PATH " + path_;
    return "there is no such file";
  }
  if (how.error == EACCES) {
    struct stat found{};
    if (::stat(path.c_str(), &found) == 0 && S_ISDIR(found.st_mode)) return path + " is a folder";
    const std::string interpreter = interpreter_of(first_bytes(path));
    if (!interpreter.empty() && ::access(path.c_str(), X_OK) == 0)
      return "the interpreter " + interpreter + " of " + path + " may not be executed";
    return path + " may not be executed; chmod +x makes a program of it";
  }
  if (how.error == ENOEXEC) return path + " is no program of this machine, nor a script with a #! line";
  if (how.error == E2BIG) return "its arguments and environment are too long; hand data over by stdin or a file";
  if (how.error == ETXTBSY) return path + " is being written to";
  return path;
}

}  // namespace eddy::detail
