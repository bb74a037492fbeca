// SPDX-License-Identifier: BSL-1.0
#include "eddy/testing/detail/run_notes.hpp"

#include <utility>

namespace eddy::detail {

namespace {

std::string& noted() {
  static std::string only;
  return only;
}

}  // namespace

void note_problem(std::string sentence) { noted() += std::move(sentence) + "\n"; }

std::string take_problems() { return std::exchange(noted(), std::string()); }

}  // namespace eddy::detail
