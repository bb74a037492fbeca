// SPDX-License-Identifier: BSL-1.0
#include "eddy/testing/tracked.hpp"

#include <map>

namespace eddy::testing {

namespace {

struct tally {
  std::map<std::string, int> open;
  std::map<std::string, int> closing;  // clean-up has begun
  int opened = 0;
  int until_failure = -1;  // clean-ups that still go well; negative: all of them
  bool failed = false;
};

tally& counts() {
  static tally only;
  return only;
}

bool fails_now() noexcept {
  tally& now = counts();
  if (now.until_failure < 0) return false;
  --now.until_failure;
  if (now.until_failure >= 0) return false;
  now.failed = true;
  return true;
}

}  // namespace

coro<> tracked::aenter() {
  co_await sleep(std::chrono::milliseconds(1));  // cancelled here, nothing has been opened
  note_open(name_);
}

coro<> tracked::aexit(const outcome<>&) {
  ++counts().closing[name_];
  co_await sleep(std::chrono::milliseconds(1));
  --counts().closing[name_];
  note_close(name_);
  if (fails_now()) throw clean_up_failure(name_);
}

int tracked::open() noexcept {
  int sum = 0;
  for (const auto& [name, count] : counts().open) sum += count;
  return sum;
}

int tracked::opened() noexcept { return counts().opened; }

void tracked::reset() { counts() = tally(); }

std::string tracked::left_open(bool interrupted) {
  std::string left;
  for (const auto& [name, count] : counts().open) {
    const int still = interrupted ? count - counts().closing[name] : count;
    if (still > 0) left += "\"" + name + "\" was opened and not closed (" + std::to_string(still) + " times)\n";
    if (still < 0) left += "\"" + name + "\" was closed more often than opened\n";
  }
  return left;
}

void tracked::fail_clean_up(int number) noexcept { counts().until_failure = number; }

bool tracked::clean_up_failed() noexcept { return counts().failed; }

void tracked::note_open(const std::string& name) {
  ++counts().opened;
  ++counts().open[name];
}

void tracked::note_close(const std::string& name) { --counts().open[name]; }

}  // namespace eddy::testing
