// SPDX-License-Identifier: BSL-1.0
#include "eddy/net/detail/unix_socket_file.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

namespace eddy::detail {

namespace {

[[noreturn]] void throw_errno(int error, const unix_address& at) {
  throw std::system_error(error, std::generic_category(), "cannot bind to " + at.to_string());
}

/// A descriptor for the time of a function.
class local_descriptor {
 public:
  explicit local_descriptor(int fd) noexcept : fd_(fd) {}
  local_descriptor(const local_descriptor&) = delete;
  local_descriptor& operator=(const local_descriptor&) = delete;
  ~local_descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const noexcept { return fd_; }

 private:
  int fd_;
};

/// Keeps other servers that start in this directory from replacing files meanwhile: two that both find a stale file
/// could else remove each other's new one. Taken for microseconds, so nobody waits long.
local_descriptor lock_directory_of(const std::string& path) {
  const std::string directory = std::filesystem::path(path).parent_path().string();
  const int fd = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  for (int tries = 0; fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK && tries < 20; ++tries)
    ::poll(nullptr, 0, 1);
  return local_descriptor(fd);
}

/// Whether a socket stands behind the file. Asks with a socket of another type: the system looks for the listener first
/// and then refuses the type, so a living server sees nothing of this.
bool is_stale(int type, const sockaddr_storage& address, socklen_t size) {
  const int other = type == SOCK_STREAM ? SOCK_DGRAM : SOCK_STREAM;
  const local_descriptor probe(::socket(AF_UNIX, other | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  return probe.get() >= 0 && ::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0 &&
         errno == ECONNREFUSED;
}

int type_of(int fd) noexcept {
  int type = SOCK_STREAM;
  socklen_t size = sizeof type;
  getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size);
  return type;
}

}  // namespace

void unix_socket_file::bind(int fd, const unix_address& at, std::optional<mode_t> permissions) {
  sockaddr_storage address{};
  const socklen_t size = at.to_system(address);
  const auto* const name = reinterpret_cast<const sockaddr*>(&address);
  if (!at.is_path()) {
    if (::bind(fd, name, size) != 0) throw_errno(errno, at);
    return;
  }
  const std::string path = std::filesystem::absolute(at.name()).string();
  // The file is made with the socket's own mode, less the umask: so it is at no time open to more than it should be.
  if (permissions && fchmod(fd, *permissions) != 0) throw_errno(errno, at);
  if (::bind(fd, name, size) != 0) {
    if (errno != EADDRINUSE) throw_errno(errno, at);
    const local_descriptor lock = lock_directory_of(path);
    struct stat there{};
    const bool replace = lstat(path.c_str(), &there) == 0 && S_ISSOCK(there.st_mode) &&
                         is_stale(type_of(fd), address, size) && ::unlink(path.c_str()) == 0;
    if (!replace) throw_errno(EADDRINUSE, at);
    if (::bind(fd, name, size) != 0) throw_errno(errno, at);
  }
  struct stat made{};
  if (lstat(path.c_str(), &made) != 0) throw_errno(errno, at);
  path_ = path;
  device_ = made.st_dev;
  number_ = made.st_ino;
  if (permissions && chmod(path.c_str(), *permissions) != 0) throw_errno(errno, at);
}

void unix_socket_file::remove() noexcept {
  if (path_.empty()) return;
  struct stat there{};
  // Somebody else may have put a socket of his own there: that one stays.
  if (lstat(path_.c_str(), &there) == 0 && there.st_dev == device_ && there.st_ino == number_) ::unlink(path_.c_str());
  path_.clear();
}

}  // namespace eddy::detail
