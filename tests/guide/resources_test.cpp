// SPDX-License-Identifier: BSL-1.0
// The code of docs/guide/resources.md.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "eddy/flow/exit_stack.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/testing/test.hpp"

using namespace std::chrono_literals;
using eddy::coro;

namespace {

class volume {
 public:
  volume(std::string name, std::vector<std::string>& log) : name_(std::move(name)), log_(&log) {}
  coro<> aenter() {
    co_await eddy::sleep(1ms);
    log_->push_back("mount " + name_);
  }
  coro<> aexit() {
    co_await eddy::sleep(1ms);
    log_->push_back("unmount " + name_);
  }
  std::string path() const { return "/mnt/" + name_; }

 private:
  std::string name_;
  std::vector<std::string>* log_;
};

// [exit_stack]
coro<std::size_t> back_up(std::vector<std::string> names, std::vector<std::string>& log) {
  co_return co_await eddy::with(eddy::exit_stack(), [&](eddy::exit_stack& stack) -> coro<std::size_t> {
    std::vector<std::string> paths;
    for (const std::string& name : names) {
      volume& mounted = co_await stack.enter(volume(name, log));  // what is entered is left, whatever happens next
      paths.push_back(mounted.path());
    }
    stack.push([&](const eddy::outcome<>& how) { log.push_back(how ? "all is well" : "something failed"); });
    co_return paths.size();
  });  // called and unmounted here: the last first, and all of them, also when one of them fails
}
// [exit_stack]

EDDY_TEST(resources, S30_a_number_of_resources_known_only_at_run_time) {
  std::vector<std::string> log;
  std::vector<std::string> names{"a", "b"};
  const std::size_t count = co_await back_up(names, log);
  EXPECT_EQ(count, 2U);
  EXPECT_THAT(log, testing::ElementsAre("mount a", "mount b", "all is well", "unmount b", "unmount a"));
}

}  // namespace
