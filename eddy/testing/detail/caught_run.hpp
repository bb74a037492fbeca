// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "eddy/testing/explore_result.hpp"
#include "eddy/testing/run_test.hpp"

namespace eddy::detail {

/// run_body, with what the body's EXPECT_* found among the problems instead of reported: a run of many.
testing::test_result caught_run(const std::function<coro<>()>& body, const testing::body_settings& settings);

/// Adds a line to the file that EDDY_EXPLORE_LOG names: the test, and how much it went through.
void log_explored(const testing::explore_result& result);

/// Fails the GoogleTest case with each of the failures.
void report_failures(const testing::explore_result& result);

}  // namespace eddy::detail
