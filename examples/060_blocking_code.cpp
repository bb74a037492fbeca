// SPDX-License-Identifier: BSL-1.0
// Code that blocks or computes runs on a thread, and the loop goes on meanwhile. Run: `example_060_blocking_code`.
#include <eddy/eddy.hpp>

#include <chrono>
#include <iostream>
#include <string>
#include <thread>
#include <utility>

using namespace std::chrono_literals;
using eddy::coro;

// [to_thread]
std::size_t count_words(const std::string& text) {
  std::this_thread::sleep_for(20ms);  // stands for a slow library
  std::size_t words = 0;
  bool inside = false;
  for (char c : text) {
    if (c != ' ' && !inside) ++words;
    inside = c != ' ';
  }
  return words;
}

coro<> tick() {
  while (true) {
    std::cout << "the loop is alive\n";
    co_await eddy::sleep(5ms);
  }
}

coro<> main_coro() {
  auto ticking = eddy::create_task(tick);
  auto words = co_await eddy::to_thread(count_words, std::string("nothing is lost on the way"));
  std::cout << words << " words\n";
  ticking.cancel();
}
// [to_thread]

int main() { eddy::run(main_coro); }
