// SPDX-License-Identifier: BSL-1.0
// Many calls, a few at a time, each with its own result or error; and another attempt for those that fail at first.
// Run: `example_080_map_concurrent_and_retry`.
#include <eddy/eddy.hpp>

#include <chrono>
#include <iostream>
#include <stdexcept>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using eddy::coro;

// [map]
coro<int> length_of(std::string word) {
  co_await eddy::sleep(1ms);
  if (word.empty()) throw std::invalid_argument("an empty word");
  co_return static_cast<int>(word.size());
}

coro<> a_few_at_a_time() {
  std::vector<std::string> words{"one", "two", "", "four"};
  co_await eddy::for_each(eddy::map_concurrent(words, 2, length_of), [](eddy::outcome<int> length) {
    if (length)
      std::cout << *length << '\n';
    else
      std::cout << "failed\n";  // one failure is one result: the others go on
  });
}
// [map]

// [retry]
coro<int> unreliable(int& calls) {
  co_await eddy::sleep(1ms);
  if (++calls < 3) throw std::runtime_error("try again");
  co_return calls;
}

coro<> until_it_works() {
  int calls = 0;
  auto policy = eddy::retry_policy().attempts(5).base(2ms).on<std::runtime_error>();
  int answer = co_await eddy::retry(policy, [&] { return unreliable(calls); });
  std::cout << "worked at attempt " << answer << '\n';
}
// [retry]

coro<> main_coro() {
  co_await a_few_at_a_time();
  co_await until_it_works();
}

int main() { eddy::run(main_coro); }
