// SPDX-License-Identifier: BSL-1.0
#include "eddy/testing/leak_check.hpp"

#include <dirent.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>

#include "eddy/base/frame_pool.hpp"

namespace eddy::testing {

namespace {

std::set<int> open_descriptors() {
  std::set<int> found;
  DIR* directory = opendir("/proc/self/fd");
  if (directory == nullptr) return found;
  const int own = dirfd(directory);
  while (const dirent* entry = readdir(directory)) {
    if (entry->d_name[0] == '.') continue;
    if (const int fd = std::atoi(entry->d_name); fd != own) found.insert(fd);
  }
  closedir(directory);
  return found;
}

std::string describe_descriptor(int fd) {
  std::array<char, 256> target{};
  const std::string link = "/proc/self/fd/" + std::to_string(fd);
  const ssize_t size = readlink(link.c_str(), target.data(), target.size() - 1);
  return std::to_string(fd) + " (" + (size > 0 ? std::string(target.data(), static_cast<std::size_t>(size)) : "?") +
         ")";
}

std::string child_left() {
  siginfo_t info{};
  if (waitid(P_ALL, 0, &info, WEXITED | WSTOPPED | WNOHANG | WNOWAIT) != 0) return {};  // ECHILD: none
  return info.si_pid != 0
             ? "a child process that has ended and was not waited for (" + std::to_string(info.si_pid) + ")\n"
             : "a child process that still runs\n";
}

}  // namespace

leak_check::leak_check() : blocks_(detail::frame_pool::live_blocks()), descriptors_(open_descriptors()) {}

std::string leak_check::compare() const {
  std::string left;
  // Fewer than before: callbacks that other threads posted were counted there and freed here.
  if (const std::int64_t blocks = detail::frame_pool::live_blocks() - blocks_; blocks > 0)
    left += std::to_string(blocks) + " coroutine frames, tasks or other blocks of the frame pool\n";
  for (const int fd : open_descriptors())
    if (!descriptors_.contains(fd)) left += "descriptor " + describe_descriptor(fd) + "\n";
  for (const int fd : descriptors_)
    if (!open_descriptors().contains(fd))
      left += "descriptor " + std::to_string(fd) + " was closed by somebody who did not open it\n";
  return left + child_left();
}

std::string leak_check::left_in(event_loop& loop) {
  std::string left;
  const auto now = loop.statistics();
  if (now.timers != 0) left += std::to_string(now.timers) + " timers\n";
  if (now.pending_operations != 0) left += std::to_string(now.pending_operations) + " pending operations\n";
  if (now.external_jobs != 0) left += std::to_string(now.external_jobs) + " jobs on other threads\n";
  return left;
}

}  // namespace eddy::testing
