// SPDX-License-Identifier: BSL-1.0
#include "eddy/testing/check_stream.hpp"

#include <gtest/gtest-spi.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <system_error>

#include "eddy/net/memory_pipe.hpp"
#include "eddy/testing/test.hpp"
#include "tests/net/pairs.hpp"
#include "tests/support/stream_kinds.hpp"

namespace {

using eddy::coro;
using eddy::stream;
using eddy::testing::stream_kind;
using eddy::testing::stream_maker;
using eddy::testing::stream_traits;

coro<std::pair<stream, stream>> by_tcp() { co_return co_await eddy::testing::tcp_pair(); }
coro<std::pair<stream, stream>> by_tcp_over_ipv6() {
  co_return co_await eddy::testing::tcp_pair(eddy::ip_address::loopback_v6());
}
coro<std::pair<stream, stream>> by_unix_sockets() {
  std::array<int, 2> fds{};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds.data()) != 0)
    throw std::system_error(errno, std::generic_category(), "socketpair");
  auto near = stream::from_descriptor(fds[0]);
  auto far = stream::from_descriptor(fds[1]);
  co_return std::pair(std::move(near), std::move(far));
}
coro<std::pair<stream, stream>> in_memory() { co_return eddy::memory_pipe(); }
coro<std::pair<stream, stream>> in_memory_in_small_pieces() {
  co_return eddy::memory_pipe(eddy::memory_pipe_options().capacity(100).chunk(7));
}

coro<> pass_all_but_the_third(stream from, stream to) {
  auto text = co_await from.reader().read_all(1000);
  co_await to.writer().write(text.erase(2, 1));
  co_await to.close();
}

std::vector<stream_kind> kinds() {
  const auto memory = stream_traits().clock(eddy::testing::test_clock::virtual_time).capacity(256 * 1024);
  return {{"tcp", by_tcp, stream_traits()},
          {"tcp_over_ipv6", by_tcp_over_ipv6, stream_traits()},
          {"unix", by_unix_sockets, stream_traits().tells_aborts(false)},  // the system has no reset for these
          {"memory", in_memory, memory},
          {"memory_in_small_pieces", in_memory_in_small_pieces, memory}};
}

class streams : public testing::TestWithParam<eddy::testing::stream_parameter> {};

TEST_P(streams, S44_keeps_what_streams_promise) {
  const auto& [what, promise] = GetParam();
  promise.run(what.make, what.traits);
}

INSTANTIATE_TEST_SUITE_P(each, streams,
                         testing::Combine(testing::ValuesIn(kinds()),
                                          testing::ValuesIn(eddy::testing::stream_cases().begin(),
                                                            eddy::testing::stream_cases().end())),
                         eddy::testing::name_of);

// What is written with this arrives with a hole.
TEST(check_stream, finds_a_stream_that_loses_bytes) {
  static const stream_maker with_a_hole = []() -> coro<std::pair<stream, stream>> {
    auto near = eddy::memory_pipe();
    auto far = eddy::memory_pipe();
    eddy::create_task(pass_all_but_the_third, std::move(near.second), std::move(far.first));
    co_return std::pair(std::move(near.first), std::move(far.second));
  };
  static const auto traits = stream_traits().clock(eddy::testing::test_clock::virtual_time);
  EXPECT_NONFATAL_FAILURE(eddy::testing::stream_cases()[2].run(with_a_hole, traits), "got");
}

}  // namespace
