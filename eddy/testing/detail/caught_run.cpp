// SPDX-License-Identifier: BSL-1.0
#include "eddy/testing/detail/caught_run.hpp"

#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <utility>

namespace eddy::detail {

testing::test_result caught_run(const std::function<coro<>()>& body, const testing::body_settings& settings) {
  ::testing::TestPartResultArray found;
  testing::test_result result;
  {
    const ::testing::ScopedFakeTestPartResultReporter catching(
        ::testing::ScopedFakeTestPartResultReporter::INTERCEPT_ONLY_CURRENT_THREAD, &found);
    result = testing::run_body(body, settings);
  }
  for (int i = 0; i < found.size(); ++i) {
    const ::testing::TestPartResult& part = found.GetTestPartResult(i);
    if (!part.failed()) continue;
    const std::string place = part.file_name() != nullptr ? std::string(part.file_name()) + ":" : std::string();
    result.problems.push_back(place + std::to_string(part.line_number()) + ": " + part.message());
  }
  return result;
}

void log_explored(const testing::explore_result& result) {
  const char* path = std::getenv("EDDY_EXPLORE_LOG");
  if (path == nullptr) return;
  const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
  std::ofstream log(path, std::ios::app);
  log << (test != nullptr ? test->test_suite_name() : "?") << '.' << (test != nullptr ? test->name() : "?");
  const std::pair<const char*, std::size_t> counts[] = {
      {"runs", result.runs},           {"cancel", result.cancel_points}, {"task", result.task_cancels},
      {"timeout", result.timeouts},    {"close", result.closings},       {"again", result.second_cancels},
      {"lift", result.lifted_shields}, {"fault", result.faults},         {"clean_up", result.clean_up_errors},
      {"pair", result.pairs},          {"order", result.orders}};
  for (const auto& [name, count] : counts)
    if (count != 0) log << ' ' << name << '=' << count;
  log << (result.repeatable ? "" : " unrepeatable=1") << '\n';
}

void report_failures(const testing::explore_result& result) {
  for (const std::string& failure : result.failures) ADD_FAILURE() << failure;
}

}  // namespace eddy::detail
