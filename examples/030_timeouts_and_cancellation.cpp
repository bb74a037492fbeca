// SPDX-License-Identifier: BSL-1.0
// Limits, cancelling, and what becomes of the parts that are cancelled. Run: `example_030_timeouts_and_cancellation`.
#include <eddy/eddy.hpp>

#include <chrono>
#include <iostream>
#include <string>

using namespace std::chrono_literals;
using eddy::coro;

// [limits]
coro<std::string> slow_answer() {
  co_await eddy::sleep(1h);
  co_return "forty-two";
}

coro<> limit_one_call() {
  try {
    auto answer = co_await eddy::wait_for(slow_answer(), 10ms);
    std::cout << answer << '\n';
  } catch (const eddy::timeout_error& late) {
    std::cout << late.what() << '\n';  // names the limit, the line that set it, and what it waited for
  }
}

coro<> limit_a_part() {
  try {
    co_await eddy::timeout(10ms, []() -> coro<> {
      auto answer = co_await slow_answer();
      std::cout << answer << '\n';
    });
  } catch (const eddy::timeout_error&) {
    std::cout << "the whole part took too long\n";
  }
}
// [limits]

// [cancel]
struct workbench {
  ~workbench() { std::cout << "the workbench is tidy again\n"; }
};

coro<> work() {
  workbench bench;
  try {
    co_await eddy::sleep(1h);
  } catch (...) {
    std::cout << "never printed: cancelling is not an exception\n";
  }
}

coro<> cancel_a_task() {
  auto working = eddy::create_task(work);
  co_await eddy::sleep(1ms);
  working.cancel("closing time");
  try {
    co_await working;
  } catch (const eddy::cancelled_error& news) {  // news about another task, and an ordinary exception
    std::cout << news.what() << '\n';
  }
}
// [cancel]

// [shield]
coro<> save() {
  co_await eddy::sleep(2ms);
  std::cout << "saved\n";
}

coro<> save_whatever_happens() {
  co_await eddy::shield(save());  // runs to its end; the cancellation takes effect at the next await
  co_await eddy::sleep(1h);
}
// [shield]

coro<> main_coro() {
  co_await limit_one_call();
  co_await limit_a_part();
  co_await cancel_a_task();
  auto saving = eddy::create_task(save_whatever_happens);
  co_await eddy::sleep(1ms);
  co_await eddy::cancel_and_join(saving);
}

int main() { eddy::run(main_coro); }
