// SPDX-License-Identifier: BSL-1.0
// The code of docs/guide/threads.md.
#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <string>
#include <thread>
#include <utility>

#include "eddy/coro/run.hpp"
#include "eddy/exec/channel.hpp"
#include "eddy/exec/loop_thread.hpp"
#include "eddy/exec/run_coroutine_threadsafe.hpp"
#include "eddy/exec/run_on_cores.hpp"
#include "eddy/exec/select.hpp"
#include "eddy/exec/to_thread.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/testing/test.hpp"

using namespace std::chrono_literals;
using eddy::coro;

namespace {

int digest(const std::string& bytes) { return static_cast<int>(bytes.size()); }
std::string read_file(const std::string& name) { return "contents of " + name; }

EDDY_IO_TEST(threads, S36_blocking_code) {
  std::string bytes = "four";
  // [to_thread]
  int sum = co_await eddy::to_thread(digest, std::move(bytes));
  std::string text = co_await eddy::to_thread([&] { return read_file("notes.txt"); });  // it waits, so & is fine
  // [to_thread]
  EXPECT_EQ(sum, 4);
  EXPECT_EQ(text, "contents of notes.txt");
}

EDDY_IO_TEST(threads, S36_abandon) {
  // [abandon]
  std::string name = "notes.txt";
  auto text = co_await eddy::to_thread(eddy::abandon, read_file, name);  // owns its copy of the name
  // [abandon]
  EXPECT_EQ(text, "contents of notes.txt");
}

EDDY_IO_TEST(threads, S36_S37_a_pool_of_ones_own) {
  // [pool]
  eddy::thread_pool pool(eddy::pool_options().threads(2).name("render").max_queued(100));
  int sum = co_await eddy::run_in_executor(pool, digest, std::string("image"));
  // [pool]
  EXPECT_EQ(sum, 5);
  // [shutdown]
  co_await eddy::to_thread([&] { pool.shutdown(); });  // waits, so not on the loop
  // [shutdown]
}

coro<std::string> fetch(std::string url) {
  co_await eddy::sleep(1us);
  co_return "page " + url;
}

EDDY_IO_TEST(threads, S15_from_another_thread) {
  eddy::event_loop& loop = eddy::event_loop::current();
  std::string got;
  const auto on_some_thread = [&] {
    // [threadsafe]
    auto page = eddy::run_coroutine_threadsafe(loop, fetch, "x");  // loop: of the thread that runs eddy::run
    if (page.wait_for(10s) == std::future_status::timeout) page.cancel();
    std::string text = page.get();
    // [threadsafe]
    got = text;
  };
  co_await eddy::to_thread(on_some_thread);
  EXPECT_EQ(got, "page x");
}

// [loop_thread]
class fetcher {
 public:
  std::string get(const std::string& url) { return io_.call(fetch, url); }  // an ordinary function, for any thread
  std::future<std::string> start(const std::string& url) { return io_.submit(fetch, url); }

 private:
  eddy::loop_thread io_;
};
// [loop_thread]

TEST(threads, S72_a_loop_behind_an_ordinary_object) {
  fetcher f;
  EXPECT_EQ(f.get("a"), "page a");
  EXPECT_EQ(f.start("b").get(), "page b");
}

TEST(threads, S16_channels) {
  int sum = 0;
  // [channel]
  eddy::channel<int> numbers(16);

  std::thread producer([numbers]() mutable {  // a copy of the handle: the same channel
    for (int i = 0; i < 100; ++i) numbers.send_blocking(i);
    numbers.close();
  });

  eddy::run([&]() -> coro<> {
    while (auto number = co_await numbers.receive()) sum += *number;
  });
  // [channel]
  producer.join();
  EXPECT_EQ(sum, 4950);
}

EDDY_TEST(threads, S16_select) {
  eddy::channel<int> jobs(1);
  eddy::channel<int> stop(1);
  stop.close();
  bool stopped = false;
  // [select]
  auto got = co_await eddy::select(jobs.receive(), stop.receive());
  if (got.index() == 0) {
    auto job = got.get<0>();  // an optional: empty when that channel is closed
    if (job) digest(std::to_string(*job));
  } else {
    stopped = true;
  }
  // [select]
  EXPECT_TRUE(stopped);
}

TEST(threads, S16_one_loop_a_core) {
  eddy::channel<std::size_t> up(8);
  // [cores]
  eddy::run_on_cores(eddy::cores(2).pin(), [&](std::size_t index) -> coro<> {
    co_await up.send(index);  // each of the two loops, on its own thread
  });
  // [cores]
  EXPECT_EQ(up.statistics().size, 2U);
}

}  // namespace
