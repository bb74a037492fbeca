// SPDX-License-Identifier: BSL-1.0
// Small requests with eddy's client as a user writes them: a client, and 100 workers that share it. `eddy URL`
#include "bench/http/client/repeated.hpp"
#include "eddy/coro/run.hpp"
#include "eddy/flow/task_group.hpp"
#include "eddy/flow/with.hpp"
#include "eddy/http/client.hpp"

#include <string>

namespace http = eddy::http;
using eddy::coro;

namespace {

coro<> worker(http::client& client, const std::string& url, int& left) {
  while (left > 0) {
    --left;
    auto reply = co_await client.get(url);
    if (reply.raise_for_status().bytes() != bench::content) bench::wrong(reply.bytes());
  }
}

coro<> requests(http::client& client, const std::string& url, int count) {
  co_await eddy::with(eddy::task_group(), [&](eddy::task_group& group) -> coro<> {
    for (int i = 0; i < bench::at_a_time; ++i)
      group.create_task(worker, std::ref(client), std::cref(url), std::ref(count));
    co_return;
  });
}

coro<> main_coro(const std::string& url) {
  http::client client(http::client_options().per_host(bench::at_a_time).total(bench::at_a_time));
  co_await requests(client, url, bench::warm_up);
  bench::repetitions measured;
  while (measured.more()) {
    co_await requests(client, url, bench::requests);
    measured.done();
  }
  measured.print();
}

}  // namespace

int main(int, char** arguments) {
  const std::string url = arguments[1];
  eddy::run([&] { return main_coro(url); });
}
