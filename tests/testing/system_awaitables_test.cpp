// SPDX-License-Identifier: BSL-1.0
// Awaitables that need the system: real sockets, threads and clock. Their awaits vary, and explore goes on until a run
// ends undisturbed.
#include <array>
#include <functional>
#include <string>
#include <utility>

#include "eddy/exec/thread_pool.hpp"
#include "eddy/exec/to_thread.hpp"
#include "eddy/flow/as_outcome.hpp"
#include "eddy/flow/gather.hpp"
#include "eddy/flow/timeout.hpp"
#include "eddy/flow/with.hpp"
#include "eddy/net/listener.hpp"
#include "eddy/net/open_connection.hpp"
#include "eddy/net/resolver.hpp"
#include "eddy/net/server.hpp"
#include "eddy/testing/explore.hpp"
#include "tests/testing/every_awaitable.hpp"

using namespace std::chrono_literals;
using eddy::coro;
using eddy::testing::explore_options;
using eddy::testing::sample;

namespace {

const eddy::endpoint any_port(eddy::ip_address::loopback_v4(), 0);

coro<> use_listener() {
  eddy::listener at(any_port);
  const auto call = [&]() -> coro<> {
    eddy::stream connection = co_await eddy::open_connection(at.local_endpoint());
    co_await connection.writer().write("hello\n");
    co_await connection.close();
  };
  const auto answer = [&]() -> coro<> {
    eddy::stream connection = co_await at.accept();
    auto line = co_await connection.reader().readline();
    EXPECT_EQ(line, "hello");
  };
  // A call that fails leaves nobody to answer.
  co_await eddy::gather(call(), answer());
}

coro<> echo(eddy::stream connection) {
  auto line = co_await connection.reader().readline();
  if (line) co_await connection.writer().write(*line, "\n");
}

coro<> use_server() {
  co_await eddy::with(eddy::start_server(echo, "127.0.0.1", 0).close_timeout(20ms), [](eddy::server& server) -> coro<> {
    eddy::stream connection = co_await eddy::open_connection("127.0.0.1", server.port());
    co_await connection.writer().write("hello\n");
    auto line = co_await connection.reader().readline();
    EXPECT_EQ(line.value_or("hello"), "hello");  // no line: its handler failed
  });
}

coro<> use_threads() {
  const auto work = [] { return 7; };
  const auto one = [work]() -> coro<> { co_await eddy::to_thread(work); };
  co_await eddy::gather(one(), one(), one());
}

const sample samples[] = {{"listener", use_listener}, {"server", use_server}, {"threads", use_threads}};

class every_system_awaitable : public testing::TestWithParam<sample> {};

TEST_P(every_system_awaitable, L1_L4_bears_every_disturbance) {
  const auto options =
      explore_options().clock(eddy::testing::test_clock::real_time).timeouts().closing().second_cancel();
  const auto went = eddy::testing::explore(GetParam().body, options);
  EXPECT_GT(went.cancel_points, 3U);
}

INSTANTIATE_TEST_SUITE_P(on_the_system, every_system_awaitable, testing::ValuesIn(samples),
                         eddy::testing::name_of_sample);

// A connection whose other side has failed ends too: each request fails in turn, and nobody waits for ever.
TEST(every_system_awaitable, L4_sockets_bear_every_fault) {
  const auto went = eddy::testing::explore(
      []() -> coro<> {
        const auto end = co_await eddy::as_outcome(eddy::wait_for(use_server(), 2s));
        if (end.has_exception()) std::rethrow_exception(end.exception());
      },
      explore_options().clock(eddy::testing::test_clock::real_time).faults());
  EXPECT_GT(went.faults, 10U);
}

}  // namespace
