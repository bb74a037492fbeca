// SPDX-License-Identifier: BSL-1.0
// The same with all of eddy.
#include <chrono>
#include <cstdio>
#include <string>
#include <utility>

#include "eddy/eddy.hpp"

using namespace std::chrono_literals;
using eddy::coro;

coro<std::string> fetch_data(std::string name) {
  co_await eddy::sleep(1ms);
  co_return "data from " + std::move(name);
}

coro<> main_coro() {
  const std::string one = co_await fetch_data("one");
  std::puts(one.c_str());
}

int main() { eddy::run(main_coro); }
