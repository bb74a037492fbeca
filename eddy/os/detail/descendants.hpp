// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <set>
#include <string>
#include <vector>

namespace eddy::detail {

/// Whether a member of this process group still runs; zombies do not count. Reads all of /proc.
bool group_runs(int group);

/// The children that eddy has started and that are still to be reaped by it: no orphans, wherever they stand.
void note_own_child(int pid);
void forget_own_child(int pid) noexcept;

struct one_process;

/// While it lives, this process inherits the orphans below it, wherever they are: PR_SET_CHILD_SUBREAPER, which holds
/// for the whole process. Counted, so the setting goes with the last.
class subreaper {
 public:
  /// @throws std::system_error
  subreaper();
  subreaper(const subreaper&) = delete;
  subreaper& operator=(const subreaper&) = delete;
  ~subreaper();

  /// The variable that everything below the child has in its environment, unless it was cleared.
  const std::string& marker() const noexcept { return marker_; }
  /// The child that all this is about has started.
  void begin(int child);
  /// The processes below that child that run, in whatever session: those that bear the marker, and those below them.
  /// Reaps what this process has inherited of them and has ended. Reads all of /proc: some 20 us for each process of
  /// the machine.
  std::vector<int> find() const;

 private:
  bool look(std::vector<one_process>& all, std::set<int>& known) const;

  std::string marker_;
  int child_ = 0;
  unsigned long long begin_ = 0;  // when it was started, in the kernel's ticks
};

}  // namespace eddy::detail
