// SPDX-License-Identifier: BSL-1.0
// Two waits at once: `example_010_hello` ends after one second, not two.
#include <eddy/eddy.hpp>

#include <chrono>
#include <iostream>
#include <string>
#include <utility>

using namespace std::chrono_literals;
using eddy::coro;

coro<std::string> fetch_data(std::string name) {
  co_await eddy::sleep(1s);
  co_return "data from " + std::move(name);
}

coro<> main_coro() {
  auto both = co_await eddy::gather(fetch_data("one"), fetch_data("two"));
  std::cout << std::get<0>(both) << ", " << std::get<1>(both) << '\n';
}

int main() { eddy::run(main_coro); }
