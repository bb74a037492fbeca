// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace eddy::testing {

/// Another program to talk to, for a thread that may block: what it is told and what it says, standard error included.
///
/// The destructor ends it.
class peer_program {
 public:
  explicit peer_program(std::vector<std::string> arguments) : name_(arguments.front()) {
    std::array<int, 2> in{};
    std::array<int, 2> out{};
    if (pipe2(in.data(), O_CLOEXEC) != 0 || pipe2(out.data(), O_CLOEXEC) != 0)
      throw std::system_error(errno, std::generic_category(), "pipe2");
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in[0], 0);
    posix_spawn_file_actions_adddup2(&actions, out[1], 1);
    posix_spawn_file_actions_adddup2(&actions, out[1], 2);
    std::vector<char*> raw;
    for (std::string& each : arguments) raw.push_back(each.data());
    raw.push_back(nullptr);
    const int error = posix_spawnp(&pid_, raw.front(), &actions, nullptr, raw.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    close(in[0]);
    close(out[1]);
    in_ = in[1];
    out_ = out[0];
    if (error != 0) throw std::system_error(error, std::generic_category(), name_);
  }
  peer_program(const peer_program&) = delete;
  peer_program& operator=(const peer_program&) = delete;
  ~peer_program() {
    if (pid_ > 0) {
      kill(pid_, SIGKILL);
      wait();
    }
    close_input();
    if (out_ >= 0) close(out_);
  }

  void say(const std::string& text) {
    if (write(in_, text.data(), text.size()) != static_cast<ssize_t>(text.size()))
      throw std::system_error(errno, std::generic_category(), name_);
  }
  void close_input() {
    if (in_ >= 0) close(std::exchange(in_, -1));
  }

  /// Reads until it has said `what`; throws after half a minute, or when it ends without. @returns all that it has
  /// said.
  const std::string& hear(const std::string& what) {
    while (said_.find(what) == std::string::npos) {
      if (!listen()) throw std::runtime_error(name_ + " did not say \"" + what + "\" but: " + said_);
    }
    return said_;
  }
  /// What follows `before` up to a white space: a port, say.
  std::string word_after(const std::string& before) {
    hear(before);
    std::size_t end = std::string::npos;
    const std::size_t from = said_.find(before) + before.size();
    while ((end = said_.find_first_of(" \n", from)) == std::string::npos) {
      if (!listen()) throw std::runtime_error(name_ + " said no more than: " + said_);
    }
    return said_.substr(from, end - from);
  }
  /// Reads to the end, and waits for it. @returns its exit status; negative for a signal.
  int finish() {
    close_input();
    while (listen()) {
    }
    return wait();
  }
  const std::string& said() const noexcept { return said_; }

 private:
  bool listen() {
    pollfd ready{out_, POLLIN, 0};
    if (poll(&ready, 1, 60'000) <= 0) return false;
    std::array<char, 4096> some{};
    const ssize_t count = read(out_, some.data(), some.size());
    if (count <= 0) return false;
    said_.append(some.data(), static_cast<std::size_t>(count));
    return true;
  }
  int wait() {
    int status = 0;
    while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }

  std::string name_;
  pid_t pid_ = 0;
  int in_ = -1;
  int out_ = -1;
  std::string said_;
};

/// How a program that runs by itself went.
class peer_end {
 public:
  int status = 0;
  std::string said;
};

/// Runs it with `input` to its end. Blocks.
inline peer_end run_peer(std::vector<std::string> arguments, const std::string& input = {}) {
  peer_program program(std::move(arguments));
  if (!input.empty()) program.say(input);
  peer_end end;
  end.status = program.finish();
  end.said = program.said();
  return end;
}

}  // namespace eddy::testing
