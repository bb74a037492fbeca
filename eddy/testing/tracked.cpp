// SPDX-License-Identifier: BSL-1.0
#include "eddy/testing/tracked.hpp"

#include <map>

namespace eddy::testing {

namespace {

struct tally {
  std::map<std::string, int> open;
  int opened = 0;
};

tally& counts() {
  static tally only;
  return only;
}

}  // namespace

coro<> tracked::aenter() {
  co_await sleep(std::chrono::milliseconds(1));  // cancelled here, nothing has been opened
  note_open(name_);
}

coro<> tracked::aexit(const outcome<>&) {
  co_await sleep(std::chrono::milliseconds(1));
  note_close(name_);
}

int tracked::open() noexcept {
  int sum = 0;
  for (const auto& [name, count] : counts().open) sum += count;
  return sum;
}

int tracked::opened() noexcept { return counts().opened; }

void tracked::reset() { counts() = tally(); }

std::string tracked::left_open() {
  std::string left;
  for (const auto& [name, count] : counts().open) {
    if (count > 0) left += "\"" + name + "\" was opened and not closed (" + std::to_string(count) + " times)\n";
    if (count < 0) left += "\"" + name + "\" was closed more often than opened\n";
  }
  return left;
}

void tracked::note_open(const std::string& name) {
  ++counts().opened;
  ++counts().open[name];
}

void tracked::note_close(const std::string& name) { --counts().open[name]; }

}  // namespace eddy::testing
