// SPDX-License-Identifier: BSL-1.0
// Three ways to do several things at once: gather for their values, a group for children that must not outlive
// their scope, create_task for what runs beside everything else. Run: `example_020_tasks_and_groups`.
#include <eddy/eddy.hpp>

#include <chrono>
#include <functional>
#include <iostream>
#include <stdexcept>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using eddy::coro;

// [gather]
coro<int> doubled(int number) {
  co_await eddy::sleep(10ms);
  co_return 2 * number;
}

coro<> values_in_order() {
  std::vector<coro<int>> waiting;
  for (int number = 1; number <= 5; ++number) waiting.push_back(doubled(number));
  auto all = co_await eddy::gather(waiting);  // 2, 4, 6, 8, 10, after 10 ms
  for (int each : all) std::cout << each << ' ';
  std::cout << '\n';
}
// [gather]

// [group]
coro<> store(int number, std::vector<int>& results) { results.push_back(co_await doubled(number)); }

coro<> children_of_a_scope() {
  std::vector<int> results;  // declared before the scope, so that the children may use it
  co_await eddy::with(eddy::task_group(), [&](eddy::task_group& group) -> coro<> {
    for (int number : {1, 2, 3}) group.create_task(store, number, std::ref(results));
    co_return;
  });  // all children have ended here, whatever happened
  std::cout << results.size() << " results\n";
}
// [group]

// [failures]
coro<> fail() {
  co_await eddy::sleep(1ms);
  throw std::runtime_error("no luck");
}

coro<> one_child_fails() {
  try {
    co_await eddy::with(eddy::task_group(), [](eddy::task_group& group) -> coro<> {
      group.create_task(fail);
      co_await eddy::sleep(1h);  // cancelled when fail() has failed
    });
  } catch (const eddy::exception_group& all) {
    if (const auto* error = all.find<std::runtime_error>()) std::cout << "failed: " << error->what() << '\n';
  }
}
// [failures]

// [background]
coro<> beside_everything_else() {
  auto answer = eddy::create_task(doubled, 21);  // runs from now on; the loop keeps it, also without the handle
  answer.name("the answer");
  std::cout << "started " << answer.name() << '\n';
  std::cout << co_await answer << '\n';
}
// [background]

coro<> main_coro() {
  co_await values_in_order();
  co_await children_of_a_scope();
  co_await one_child_fails();
  co_await beside_everything_else();
}

int main() { eddy::run(main_coro); }
