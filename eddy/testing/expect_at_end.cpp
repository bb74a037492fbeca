// SPDX-License-Identifier: BSL-1.0
#include "eddy/testing/expect_at_end.hpp"

#include "eddy/testing/detail/run_notes.hpp"

namespace eddy::testing {

expect_at_end::~expect_at_end() {
  if (!holds_()) detail::note_problem("this does not hold at the end: " + what_);
}

}  // namespace eddy::testing
