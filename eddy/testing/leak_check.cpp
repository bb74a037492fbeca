// SPDX-License-Identifier: BSL-1.0
#include "eddy/testing/leak_check.hpp"

#include <dirent.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <thread>

#include "eddy/base/config.hpp"
#include "eddy/base/frame_pool.hpp"

namespace eddy::testing {

namespace {

// The numbers that a folder of /proc lists; of descriptors, all but the one that reads the folder.
std::set<int> numbers_in(const char* folder, bool descriptors) {
  std::set<int> found;
  DIR* directory = opendir(folder);
  if (directory == nullptr) return found;
  const int own = dirfd(directory);
  while (const dirent* entry = readdir(directory)) {
    if (entry->d_name[0] == '.') continue;
    found.insert(std::atoi(entry->d_name));
  }
  if (descriptors) found.erase(own);
  closedir(directory);
  return found;
}

std::set<int> open_descriptors() { return numbers_in("/proc/self/fd", true); }

/// A worker that the kernel keeps for io_uring, and ends by itself seconds later: listed, but no thread of the program.
bool belongs_to_the_kernel(int thread) {
  std::string name;
  std::ifstream("/proc/self/task/" + std::to_string(thread) + "/comm") >> name;
  return name.starts_with("iou-");
}

std::set<int> threads() {
  std::set<int> found = numbers_in("/proc/self/task", false);
  std::erase_if(found, belongs_to_the_kernel);
  return found;
}

// Those of `now` that are not in `before`.
std::size_t more_than(const std::set<int>& before, const std::set<int>& now) {
  return static_cast<std::size_t>(
      std::count_if(now.begin(), now.end(), [&](int each) { return !before.contains(each); }));
}

// ThreadSanitizer starts a thread of its own together with the first one of the program: before anything is counted.
void start_the_sanitizers_threads() {
#if EDDY_TSAN
  [[maybe_unused]] static const bool started = [] {
    std::thread([] {}).join();
    return true;
  }();
#endif
}

// A thread that was joined a moment ago may still be listed by the kernel.
std::size_t threads_left(const std::set<int>& before) {
  std::size_t left = more_than(before, threads());
  for (int tries = 0; left != 0 && tries < 250; ++tries) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    left = more_than(before, threads());
  }
  return left;
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

leak_check::leak_check() : blocks_(detail::frame_pool::live_blocks()), descriptors_(open_descriptors()) {
  start_the_sanitizers_threads();
  threads_ = threads();
}

std::string leak_check::compare() const {
  std::string left;
  const std::size_t threads = threads_left(threads_);
  if (threads != 0) left += std::to_string(threads) + " threads\n";
  if (const std::int64_t blocks = detail::frame_pool::live_blocks() - blocks_; blocks > 0)
    left += std::to_string(blocks) + " coroutine frames, tasks or other blocks of the frame pool\n";
  const std::set<int> open = open_descriptors();
  for (const int fd : open)
    if (!descriptors_.contains(fd)) left += "descriptor " + describe_descriptor(fd) + "\n";
  for (const int fd : descriptors_)
    if (!open.contains(fd))
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
