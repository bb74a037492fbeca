// SPDX-License-Identifier: BSL-1.0
#include "eddy/os/detail/worker_process.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>
#include <vector>

namespace eddy::detail {

namespace {

constexpr std::size_t most_lines = 4096;  // bytes of stderr that are kept

void check(int error, const char* what) {
  if (error != 0) throw std::system_error(error, std::generic_category(), what);
}

/// A descriptor until somebody takes it over.
class owned_fd {
 public:
  owned_fd() noexcept = default;
  /// Moved above those that a child gives a meaning to.
  explicit owned_fd(int fd) noexcept : fd_(fd) {
    if (fd_ < 0 || fd_ > worker_socket) return;
    fd_ = ::fcntl(fd, F_DUPFD_CLOEXEC, worker_socket + 1);
    ::close(fd);
  }
  owned_fd(owned_fd&& other) noexcept : fd_(other.release()) {}
  owned_fd& operator=(owned_fd&&) = delete;
  ~owned_fd() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const noexcept { return fd_; }
  int release() noexcept { return std::exchange(fd_, -1); }

 private:
  int fd_ = -1;
};

/// Two ends: [0] stays here and does not block, [1] goes to the child. All are closed in other children.
struct ends {
  owned_fd here;
  owned_fd there;
};

void do_not_block(int fd) { check(::fcntl(fd, F_SETFL, O_NONBLOCK) != 0 ? errno : 0, "fcntl"); }

ends make_sockets() {
  int fds[2];
  check(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0 ? errno : 0, "socketpair for a worker process");
  ends made{owned_fd(fds[0]), owned_fd(fds[1])};
  do_not_block(made.here.get());
  return made;
}

ends make_pipe() {
  int fds[2];
  check(::pipe2(fds, O_CLOEXEC) != 0 ? errno : 0, "pipe for a worker process");
  ends made{owned_fd(fds[0]), owned_fd(fds[1])};
  do_not_block(made.here.get());
  return made;
}

/// What posix_spawn is told beside the program: released with this object.
class spawn_plan {
 public:
  spawn_plan() {
    check(::posix_spawn_file_actions_init(&files_), "posix_spawn");
    check(::posix_spawnattr_init(&attributes_), "posix_spawn");
    // SIGINT stays blocked until the worker ignores it; what the loop's thread blocks is nothing to the worker.
    sigset_t blocked;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGINT);
    check(::posix_spawnattr_setsigmask(&attributes_, &blocked), "posix_spawn");
    // A loop ignores SIGPIPE, which is its own affair: a worker begins as programs do.
    sigset_t usual;
    sigemptyset(&usual);
    sigaddset(&usual, SIGPIPE);
    check(::posix_spawnattr_setsigdefault(&attributes_, &usual), "posix_spawn");
    check(::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF), "posix_spawn");
  }
  spawn_plan(const spawn_plan&) = delete;
  spawn_plan& operator=(const spawn_plan&) = delete;
  ~spawn_plan() {
    ::posix_spawn_file_actions_destroy(&files_);
    ::posix_spawnattr_destroy(&attributes_);
  }

  /// stdin is empty, stdout this process's own; whatever else is open here is closed there.
  void give(int socket, int standard_error) {
    check(::posix_spawn_file_actions_addopen(&files_, STDIN_FILENO, "/dev/null", O_RDONLY, 0), "posix_spawn");
    check(::posix_spawn_file_actions_adddup2(&files_, standard_error, STDERR_FILENO), "posix_spawn");
    check(::posix_spawn_file_actions_adddup2(&files_, socket, worker_socket), "posix_spawn");
    check(::posix_spawn_file_actions_addclosefrom_np(&files_, worker_socket + 1), "posix_spawn");
  }

  pid_t spawn(const worker_settings& settings) {
    std::string orders = std::string(worker_variable) + "=" + std::to_string(::getpid()) + ":" + settings.name;
    std::vector<char*> environment;
    for (char** each = environ; *each != nullptr; ++each) environment.push_back(*each);
    environment.push_back(orders.data());
    environment.push_back(nullptr);
    std::string name = settings.name;
    char* const arguments[] = {name.data(), nullptr};
    pid_t pid = 0;
    check(::posix_spawn(&pid, settings.program.c_str(), &files_, &attributes_, arguments, environment.data()),
          ("cannot start a worker process from " + settings.program).c_str());
    return pid;
  }

 private:
  posix_spawn_file_actions_t files_;
  posix_spawnattr_t attributes_;
};

int pidfd_open(pid_t pid) noexcept { return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)); }

}  // namespace

worker_process::worker_process(scheduler& s, const worker_settings& settings) : settings_(settings) {
  ends sockets = make_sockets();
  ends pipe = make_pipe();
  socket_.adopt(s, sockets.here.release());
  stderr_.adopt(s, pipe.here.release());
  spawn_plan plan;
  plan.give(sockets.there.get(), pipe.there.get());
  how_.pid = plan.spawn(settings);
  try {
    const int fd = pidfd_open(how_.pid);
    check(fd < 0 ? errno : 0, "pidfd_open for a worker process");
    process_.adopt(s, fd);
  } catch (...) {  // the destructor does not run
    ::kill(how_.pid, SIGKILL);
    ::waitpid(how_.pid, nullptr, 0);
    throw;
  }
}

worker_process::~worker_process() {
  if (reaped_) return;
  kill();
  reap(0);
}

// Not by its pid, which may be another's by now when SIGCHLD is ignored.
void worker_process::kill() noexcept { ::syscall(SYS_pidfd_send_signal, process_.fd(), SIGKILL, nullptr, 0); }

void worker_process::hang_up() noexcept { ::shutdown(socket_.fd(), SHUT_RDWR); }

void worker_process::reap(int flags) noexcept {
  siginfo_t info{};
  int result = 0;
  do result = ::waitid(P_PIDFD, static_cast<id_t>(process_.fd()), &info, WEXITED | flags);
  while (result != 0 && errno == EINTR);
  if (result == 0 && info.si_pid == 0) return;  // not yet
  reaped_ = true;
  if (result != 0) return;  // somebody else has reaped it
  if (info.si_code == CLD_EXITED)
    how_.status = info.si_status;
  else
    how_.signal = info.si_status;
}

coro<bool> worker_process::send(std::span<const std::byte> frame) {
  while (!frame.empty()) {
    const int count = co_await socket_.send(frame.data(), frame.size(), "a worker process to take a job");
    if (count < 0) {
      left_unread_ = true;
      co_return false;
    }
    frame = frame.subspan(static_cast<std::size_t>(count));
  }
  co_return true;
}

coro<bool> worker_process::receive_all(std::byte* into, std::size_t size) {
  while (size > 0) {
    const int count = co_await socket_.receive(into, size, "a worker process");
    if (count == -ECONNRESET) left_unread_ = true;  // what the kernel says when the other end had bytes to read
    if (count <= 0) co_return false;
    into += count;
    size -= static_cast<std::size_t>(count);
  }
  co_return true;
}

coro<std::optional<received_frame>> worker_process::receive() {
  std::array<std::byte, sizeof(frame_header)> bytes;
  const bool began = co_await receive_all(bytes.data(), bytes.size());
  if (!began) co_return std::nullopt;
  frame_header header;
  std::memcpy(&header, bytes.data(), sizeof header);
  if (header.magic != frame_header::expected_magic)
    throw error("a worker process has sent what is no answer; does its function write to descriptor 3?");
  if (header.size > settings_.max_message)
    throw error("a worker process has sent " + std::to_string(header.size) +
                " bytes, more than process_pool::max_message allows");
  received_frame frame;
  frame.kind = header.kind;
  frame.size = header.size;
  frame.data = std::make_unique_for_overwrite<std::byte[]>(frame.size);
  const bool whole = co_await receive_all(frame.data.get(), frame.size);
  if (!whole) co_return std::nullopt;
  co_return std::optional<received_frame>(std::move(frame));
}

coro<> worker_process::wait_end() {
  while (!reaped_) {
    co_await process_.wait_readable("the end of a worker process");
    reap(WNOHANG);
  }
}

coro<> worker_process::pass_on_stderr() {
  while (true) {
    const int count = co_await stderr_.receive(stderr_bytes_.data(), stderr_bytes_.size(), "a worker's stderr");
    if (count <= 0) co_return;
    take_stderr({stderr_bytes_.data(), static_cast<std::size_t>(count)});
  }
}

void worker_process::drain_stderr() {
  while (true) {
    const ssize_t count = ::read(stderr_.fd(), stderr_bytes_.data(), stderr_bytes_.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return;
    take_stderr({stderr_bytes_.data(), static_cast<std::size_t>(count)});
  }
}

void worker_process::take_stderr(std::string_view bytes) {
  std::string& lines = how_.last_lines;
  lines += bytes;
  if (lines.size() > most_lines) {  // whole lines, if they are not too long for that
    std::size_t cut = lines.size() - most_lines;
    const std::size_t end_of_line = lines.find('\n', cut);
    if (end_of_line != std::string::npos && end_of_line + 1 < lines.size()) cut = end_of_line + 1;
    lines.erase(0, cut);
  }
  if (settings_.on_stderr) {
    try {
      settings_.on_stderr(how_.pid, bytes);
    } catch (...) {
      event_loop::current().handle_exception({"process_pool::on_stderr failed", std::current_exception()});
    }
    return;
  }
  while (!bytes.empty()) {
    const ssize_t count = ::write(STDERR_FILENO, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return;  // there is nobody to read it
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

}  // namespace eddy::detail
