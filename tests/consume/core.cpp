// SPDX-License-Identifier: BSL-1.0
// A program of somebody else, on eddy::core alone.
#include <eddy/coro/run.hpp>
#include <eddy/version.hpp>

#include <iostream>
#include <string>

eddy::coro<std::string> version() { co_return "eddy " EDDY_VERSION; }

eddy::coro<> main_coro() {
  const std::string text = co_await version();
  std::cout << text << '\n';
}

int main() { eddy::run(main_coro); }
