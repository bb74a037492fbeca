// SPDX-License-Identifier: BSL-1.0
// Three workers share the jobs of a queue that holds at most two. Run: `example_050_workers_on_a_queue`.
#include <eddy/eddy.hpp>

#include <chrono>
#include <functional>
#include <iostream>
#include <string>

using namespace std::chrono_literals;
using eddy::coro;

coro<> handle(const std::string& job) {
  co_await eddy::sleep(5ms);
  std::cout << "done: " << job << '\n';
}

// [worker]
coro<> worker(eddy::queue<std::string>& jobs) {
  while (true) {
    auto taken = co_await jobs.take();  // a lease: dropped without done(), the job goes back to the queue's head
    co_await handle(*taken);
    taken.done();
  }
}

coro<> main_coro() {
  eddy::queue<std::string> jobs(2);
  co_await eddy::with(eddy::task_group(), [&](eddy::task_group& group) -> coro<> {
    for (int i = 0; i < 3; ++i) group.create_task(worker, std::ref(jobs));
    for (int i = 1; i <= 9; ++i) co_await jobs.put("job " + std::to_string(i));  // waits while the queue is full
    co_await jobs.join();                                                        // until each job is done
    group.cancel();                                                              // the workers wait for more
  });
  std::cout << jobs.unfinished() << " jobs are left\n";
}
// [worker]

int main() { eddy::run(main_coro); }
