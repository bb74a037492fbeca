// SPDX-License-Identifier: BSL-1.0
// The code of docs/guide/errors.md.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <exception>
#include <stdexcept>
#include <string>
#include <vector>

#include "eddy/base/exception_group.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/task_group.hpp"
#include "eddy/flow/with.hpp"
#include "eddy/testing/test.hpp"

using namespace std::chrono_literals;
using eddy::coro;

namespace {

// [causes]
coro<> read_settings() {
  co_await eddy::sleep(1ms);
  throw std::out_of_range("no value for \"port\"");
}

coro<> start_service() {
  try {
    co_await read_settings();
  } catch (const std::exception&) {
    std::throw_with_nested(std::runtime_error("the service cannot start"));
  }
}
// [causes]

// [group]
coro<> start_all(std::vector<std::string>& log) {
  try {
    co_await eddy::with(eddy::task_group(), [](eddy::task_group& group) {
      group.create_task(start_service).name("billing");
      group.create_task(start_service).name("shipping");
    });
  } catch (const eddy::exception_group& errors) {
    log.push_back(errors.what());
    if (const auto* one = errors.find<std::runtime_error>()) log.push_back(one->what());
  }
}
// [group]

EDDY_TEST(errors, S76_causes_and_names_are_printed) {
  std::vector<std::string> log;
  co_await start_all(log);
  EDDY_ASSERT_EQ(log.size(), 2U);
  EXPECT_THAT(log[0], testing::HasSubstr("task_group (2 errors)\n  - task \"billing\" (errors_test.cpp:"));
  EXPECT_THAT(log[0], testing::HasSubstr("): std::runtime_error: the service cannot start\n"
                                         "      caused by std::out_of_range: no value for \"port\"\n"
                                         "  - task \"shipping\" (errors_test.cpp:"));
  EXPECT_EQ(log[1], "the service cannot start");
}

}  // namespace
