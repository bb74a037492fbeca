// SPDX-License-Identifier: BSL-1.0
// A hello on the heart alone: the headers of what it uses, as a program that is here to stay includes them.
#include <chrono>
#include <cstdio>
#include <string>
#include <utility>

#include "eddy/coro/run.hpp"
#include "eddy/flow/sleep.hpp"

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
