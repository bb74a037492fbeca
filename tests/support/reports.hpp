// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "eddy/base/reports.hpp"

namespace eddy::testing {

/// Collects what eddy reports while it lives, a line each.
class reports {
 public:
  reports() {
    before_ = set_report_handler([this](const std::string& text) { all_ += text + "\n"; });
  }
  ~reports() { (void)set_report_handler(std::move(before_)); }
  reports(const reports&) = delete;
  reports& operator=(const reports&) = delete;

  const std::string& all() const { return all_; }

 private:
  std::string all_;
  report_handler before_;
};

/// Checks that `text` has `part` in it.
inline void expect_part(const std::string& text, const std::string& part) {
  EXPECT_NE(text.find(part), std::string::npos) << "\"" << part << "\" is missing in:\n" << text;
}

}  // namespace eddy::testing
