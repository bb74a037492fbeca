// SPDX-License-Identifier: BSL-1.0
#include "eddy/testing/ledger.hpp"

#include "eddy/testing/detail/run_notes.hpp"

namespace eddy::testing {

ledger::~ledger() {
  if (std::string text = imbalance(); !text.empty()) {
    text.pop_back();
    detail::note_problem(std::move(text));
  }
}

std::string ledger::imbalance() const {
  std::string text;
  const auto say = [&](int item, const std::string& what) {
    text += "item " + std::to_string(item) + " of the ledger \"" + name_ + "\" " + what + "\n";
  };
  const auto times = [](int count) { return std::to_string(count) + (count == 1 ? " time" : " times"); };
  for (const auto& [item, noted] : entries_) {
    const int out = noted.taken + noted.left;
    if (out == noted.put) continue;
    if (out == 0)
      say(item, "was put and is lost: nobody took it and it was not left");
    else
      say(item, "was put " + times(noted.put) + " and came out " + times(out));
  }
  return text;
}

}  // namespace eddy::testing
