// SPDX-License-Identifier: BSL-1.0
#include "eddy/base/reports.hpp"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace {

TEST(reports, S61_go_to_the_handler_that_was_set_last) {
  std::vector<std::string> told;
  auto before = eddy::set_report_handler([&](const std::string& text) { told.push_back(text); });
  eddy::detail::report("first");
  auto ours = eddy::set_report_handler(std::move(before));
  ASSERT_TRUE(ours);
  ours("by hand");
  EXPECT_EQ(told, (std::vector<std::string>{"first", "by hand"}));
}

TEST(reports, the_handler_may_report_and_set_another) {
  std::vector<std::string> told;
  auto before = eddy::set_report_handler([&](const std::string& text) {
    told.push_back(text);
    if (told.size() == 1) {
      eddy::detail::report("second");
      (void)eddy::set_report_handler([&](const std::string& later) { told.push_back("new " + later); });
    }
  });
  eddy::detail::report("first");
  eddy::detail::report("third");
  (void)eddy::set_report_handler(std::move(before));
  EXPECT_EQ(told, (std::vector<std::string>{"first", "second", "new third"}));
}

TEST(reports, without_a_handler_they_go_to_stderr) {
  auto before = eddy::set_report_handler(nullptr);
  testing::internal::CaptureStderr();
  eddy::detail::report("seen");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "eddy: seen\n");
  (void)eddy::set_report_handler(std::move(before));
}

TEST(reports, describe_code_bears_any_address) {
  int local = 0;
  EXPECT_EQ(eddy::detail::describe_code(&local), "unknown code");
  EXPECT_EQ(eddy::detail::describe_code(nullptr), "unknown code");
  EXPECT_NE(eddy::detail::describe_code(reinterpret_cast<void*>(&eddy::detail::report)), "unknown code");
}

}  // namespace
