// SPDX-License-Identifier: BSL-1.0
#include "eddy/os/detail/descendants.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <sstream>
#include <string_view>
#include <system_error>

namespace eddy::detail {

/// What /proc tells of one.
struct one_process {
  int pid = 0;
  int parent = 0;
  int group = 0;
  int session = 0;
  unsigned long long begin = 0;  // ticks since the machine's start
  bool ended = false;            // a zombie
};

namespace {

/// A whole small file of /proc; empty when the process has gone meanwhile, or is not ours to look at.
std::string content_of(const std::string& path) {
  std::string text;
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return text;
  std::array<char, 4096> block;
  while (true) {
    const ssize_t count = ::read(fd, block.data(), block.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    text.append(block.data(), static_cast<std::size_t>(count));
  }
  ::close(fd);
  return text;
}

std::optional<one_process> look_at(int pid) {
  const std::string text = content_of("/proc/" + std::to_string(pid) + "/stat");
  const std::size_t name_end = text.rfind(')');  // the name may hold anything, also parentheses
  if (name_end == std::string::npos) return std::nullopt;
  std::istringstream rest(text.substr(name_end + 1));
  one_process found;
  char state = 0;
  rest >> state >> found.parent >> found.group >> found.session;
  std::string skipped;
  for (int field = 7; field < 22; ++field) rest >> skipped;
  rest >> found.begin;
  found.pid = pid;
  found.ended = state == 'Z' || state == 'X';
  return found;
}

template <class F>
void each_pid(F f) {
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir("/proc"), ::closedir);
  if (folder == nullptr) return;
  while (const dirent* entry = ::readdir(folder.get())) {
    const std::string_view name = entry->d_name;
    int pid = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (error == std::errc() && end == name.data() + name.size()) f(pid);
  }
}

bool bears(const std::string& variables, const std::string& marker) {
  const std::string whole = marker + '\0';
  return variables.starts_with(whole) || variables.find('\0' + whole) != std::string::npos;
}

constexpr int most_tries = 4;  // of looking at all processes while they change

std::mutex subreaper_lock;
int subreapers = 0;
int setting_before = 0;
unsigned next_number = 0;

std::mutex children_lock;
std::set<int> own_children;

bool is_own_child(int pid) {
  const std::scoped_lock guard(children_lock);
  return own_children.contains(pid);
}

bool reap(int pid) noexcept {
  siginfo_t info{};
  return ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG) == 0 && info.si_pid != 0;
}

}  // namespace

void note_own_child(int pid) {
  const std::scoped_lock guard(children_lock);
  own_children.insert(pid);
}

void forget_own_child(int pid) noexcept {
  const std::scoped_lock guard(children_lock);
  own_children.erase(pid);
}

bool group_runs(int group) {
  bool runs = false;
  each_pid([&](int pid) {
    if (runs) return;
    const auto process = look_at(pid);
    runs = process && process->group == group && !process->ended;
  });
  return runs;
}

subreaper::subreaper() {
  const std::scoped_lock guard(subreaper_lock);
  if (subreapers == 0) {
    ::prctl(PR_GET_CHILD_SUBREAPER, &setting_before, 0, 0, 0);
    if (::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0)
      throw std::system_error(errno, std::generic_category(), "PR_SET_CHILD_SUBREAPER for command::subreaper()");
  }
  ++subreapers;
  // A name of its own for each: one that a descendant sets for a command of its own does not hide this one.
  marker_ = "EDDY_DESCENDANT_" + std::to_string(::getpid()) + "_" + std::to_string(++next_number) + "=1";
}

subreaper::~subreaper() {
  const std::scoped_lock guard(subreaper_lock);
  if (--subreapers == 0) ::prctl(PR_SET_CHILD_SUBREAPER, setting_before, 0, 0, 0);
}

void subreaper::begin(int child) {
  child_ = child;
  if (const auto process = look_at(child)) begin_ = process->begin;
}

std::vector<int> subreaper::find() const {
  std::vector<int> running;
  for (int tries = 0; tries < most_tries; ++tries) {
    std::set<int> ours{child_};
    std::vector<one_process> all;
    const bool certain = look(all, ours);
    for (bool more = true; more;) {  // a process may stand before its parent
      more = false;
      for (const one_process& each : all)
        if (ours.contains(each.parent)) more = ours.insert(each.pid).second || more;
    }
    for (const one_process& each : all)
      if (ours.contains(each.pid)) running.push_back(each.pid);
    if (certain || !running.empty()) break;
  }
  return running;
}

/// All processes that run, and of them those that are known to be the child's; reaps of these what has ended.
/// @returns false when that has changed who is whose, or when one showed nothing because it is about to end or to
/// begin.
bool subreaper::look(std::vector<one_process>& all, std::set<int>& known) const {
  bool certain = true;
  const int self = ::getpid();
  const int session = ::getsid(0);
  each_pid([&](int pid) {
    const auto process = look_at(pid);
    if (!process || pid == self || pid == child_) return;
    const bool later = process->begin >= begin_;
    // An orphan of the child's: in its group, or in a session that neither this program nor eddy on its behalf has
    // made.
    const bool inherited = process->parent == self && later && !is_own_child(pid) &&
                           (process->group == child_ || process->session != session);
    if (process->ended) {
      if (inherited && reap(pid)) certain = false;
      return;
    }
    all.push_back(*process);
    const std::string variables = content_of("/proc/" + std::to_string(pid) + "/environ");
    if (inherited || bears(variables, marker_)) known.insert(pid);
    if (variables.empty() && later) certain = false;
  });
  return certain;
}

}  // namespace eddy::detail
