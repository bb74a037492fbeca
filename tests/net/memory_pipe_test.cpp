// SPDX-License-Identifier: BSL-1.0
#include "eddy/net/memory_pipe.hpp"

#include "eddy/coro/task.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/testing/test.hpp"

using namespace eddy;

namespace {

EDDY_TEST(memory_pipe, carries_bytes_both_ways) {
  auto ends = memory_pipe();
  co_await ends.first.writer().write("ping");
  const std::string ping = co_await ends.second.reader().read();
  EXPECT_EQ(ping, "ping");
  co_await ends.second.writer().write("pong");
  const std::string pong = co_await ends.first.reader().read();
  EXPECT_EQ(pong, "pong");
  EXPECT_FALSE(ends.first.local_endpoint());
}

EDDY_TEST(memory_pipe, delivers_at_most_a_chunk_at_a_time) {
  auto ends = memory_pipe(memory_pipe_options().chunk(2));
  co_await ends.first.writer().write("12345");
  const std::string part = co_await ends.second.reader().read();
  EXPECT_EQ(part, "12");
}

EDDY_TEST(memory_pipe, ends_as_a_connection_does) {
  auto ends = memory_pipe();
  co_await ends.first.writer().write("last");
  ends.first = stream();
  const std::string all = co_await ends.second.reader().read_all(10);
  EXPECT_EQ(all, "last") << "what was handed over arrives";
  std::string failure;
  try {
    co_await ends.second.writer().write("x");
  } catch (const std::system_error& e) {
    failure = e.code().message();
  }
  EXPECT_EQ(failure, "Broken pipe");
}

EDDY_TEST(memory_pipe, refuses_sizes_of_nothing) {
  EXPECT_THROW(memory_pipe(memory_pipe_options().capacity(0)), misuse_error);
  EXPECT_THROW(memory_pipe(memory_pipe_options().chunk(0)), misuse_error);
  co_return;
}

}  // namespace
