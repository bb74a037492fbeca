// SPDX-License-Identifier: BSL-1.0
// The task keeps a string, and the parameter refers to that: this one is fine.
#include <functional>
#include <string>

#include "eddy/coro/task.hpp"

eddy::coro<> use(const std::string& text);
eddy::coro<> use_value(std::string text);

void start(std::string& mine) {
  eddy::create_task(use, std::string("text"));
  eddy::create_task(use, std::ref(mine));
  eddy::create_task(use_value, "text");
}
