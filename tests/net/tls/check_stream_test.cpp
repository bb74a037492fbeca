// SPDX-License-Identifier: BSL-1.0
// A TLS stream keeps what every stream promises.
#include "eddy/testing/check_stream.hpp"

#include <gtest/gtest.h>

#include <string>
#include <tuple>

#include "tests/net/tls/pairs.hpp"

namespace {

using eddy::coro;
using eddy::stream;
using eddy::testing::stream_case;
using eddy::testing::stream_maker;
using eddy::testing::stream_traits;

struct kind {
  const char* name;
  stream_maker make;
  stream_traits traits;

  friend std::ostream& operator<<(std::ostream& out, const kind& k) { return out << k.name; }
};

coro<std::pair<stream, stream>> over_tcp() { co_return co_await eddy::testing::secure_tcp(); }
coro<std::pair<stream, stream>> over_tcp_by_tls_1_2() {
  auto contexts = eddy::testing::steady_contexts();
  auto plain = co_await eddy::testing::tcp_pair();
  const auto client = eddy::testing::test_client().resumption(false).max_version(eddy::tls::version::v1_2);
  co_return co_await eddy::testing::secure_pair(std::move(plain), client, contexts.second);
}
coro<std::pair<stream, stream>> in_memory() { co_return co_await eddy::testing::secure_memory(); }
coro<std::pair<stream, stream>> in_small_pieces() {
  co_return co_await eddy::testing::secure_memory(eddy::memory_pipe_options().capacity(1000).chunk(70));
}

std::vector<kind> kinds() {
  const auto memory = stream_traits().clock(eddy::testing::test_clock::virtual_time).capacity(512 * 1024);
  return {{"tcp", over_tcp, stream_traits()},
          {"tcp_by_tls_1_2", over_tcp_by_tls_1_2, stream_traits().half_close(false)},
          {"memory", in_memory, memory},
          {"memory_in_small_pieces", in_small_pieces, memory}};
}

class tls_streams : public testing::TestWithParam<std::tuple<kind, stream_case>> {};

TEST_P(tls_streams, S45_keeps_what_streams_promise) {
  const auto& [what, promise] = GetParam();
  promise.run(what.make, what.traits);
}

INSTANTIATE_TEST_SUITE_P(each, tls_streams,
                         testing::Combine(testing::ValuesIn(kinds()),
                                          testing::ValuesIn(eddy::testing::stream_cases().begin(),
                                                            eddy::testing::stream_cases().end())),
                         [](const auto& at) {
                           return std::string(std::get<0>(at.param).name) + "_" +
                                  std::string(std::get<1>(at.param).name);
                         });

}  // namespace
