// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "eddy/coro/task.hpp"
#include "eddy/os/process_pool.hpp"
#include "eddy/sync/event.hpp"

// Functions that the tests' workers run, and what the tests need to be in step with them.

namespace eddy::testing::processes {

inline int add(int a, int b) { return a + b; }
inline int pid() { return ::getpid(); }

/// Ends as by a signal that nobody handles, without a core file; sanitizers have handlers.
inline void die_of(int number) {
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
  ::signal(number, SIG_DFL);
  ::raise(number);
}

inline void say(std::string text) { ::write(STDERR_FILENO, text.data(), text.size()) < 0 ? std::abort() : void(); }

/// Says that it has begun, and never ends.
inline void hang() {
  say("begun\n");
  while (true) ::pause();
}

/// Says that it has begun, then waits until somebody opens the gate.
inline int pass(std::string gate, int value) {
  say("begun\n");
  const int fd = ::open(gate.c_str(), O_RDONLY | O_CLOEXEC);
  ::close(fd);
  return value;
}

/// A FIFO that a job waits at.
class gate {
 public:
  gate() : path_(std::filesystem::temp_directory_path() / ("eddy-gate-" + std::to_string(::getpid()))) {
    std::filesystem::remove(path_);
    ::mkfifo(path_.c_str(), 0600);
  }
  gate(const gate&) = delete;
  gate& operator=(const gate&) = delete;
  ~gate() { std::filesystem::remove(path_); }

  std::string path() const { return path_; }
  /// Lets the job pass that has said that it has begun.
  void open() { ::close(::open(path_.c_str(), O_WRONLY | O_CLOEXEC)); }

 private:
  std::filesystem::path path_;
};

/// For workers whose stderr is nothing to see.
inline void ignore(int, std::string_view) {}

/// Hears what workers write to stderr.
class listener_of_workers {
 public:
  std::function<void(int, std::string_view)> handler() {
    return [this](int, std::string_view bytes) {
      text_ += bytes;
      if (text_.find("begun\n") != std::string::npos) begun_.set();
    };
  }
  /// Waits until a job has begun.
  auto begun() { return begun_.wait(); }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
  event begun_;
};

}  // namespace eddy::testing::processes
