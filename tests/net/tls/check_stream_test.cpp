// SPDX-License-Identifier: BSL-1.0
// A TLS stream keeps what every stream promises.
#include "eddy/testing/check_stream.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <tuple>

#include "tests/net/tls/pairs.hpp"
#include "tests/support/stream_kinds.hpp"

using namespace std::chrono_literals;

namespace {

using eddy::coro;
using eddy::stream;
using eddy::testing::stream_kind;
using eddy::testing::stream_traits;

// The cases let an end wait for the other's goodbye that does not come: not for long.
eddy::tls::server_context server() { return eddy::testing::test_server().resumption(false).close_wait(5ms); }
eddy::tls::client_context client() { return eddy::testing::test_client().resumption(false).close_wait(5ms); }

coro<std::pair<stream, stream>> secure(std::pair<stream, stream> plain, const eddy::tls::client_context& by) {
  static const eddy::tls::server_context answering = server();
  co_return co_await eddy::testing::secure_pair(std::move(plain), by, answering);
}

const eddy::tls::client_context& usual_client() {
  static const eddy::tls::client_context made = client();
  return made;
}

coro<std::pair<stream, stream>> over_tcp() {
  auto plain = co_await eddy::testing::tcp_pair();
  co_return co_await secure(std::move(plain), usual_client());
}
coro<std::pair<stream, stream>> over_tcp_by_tls_1_2() {
  static const eddy::tls::client_context older = client().max_version(eddy::tls::version::v1_2);
  auto plain = co_await eddy::testing::tcp_pair();
  co_return co_await secure(std::move(plain), older);
}
coro<std::pair<stream, stream>> in_memory() { co_return co_await secure(eddy::memory_pipe(), usual_client()); }
coro<std::pair<stream, stream>> in_small_pieces() {
  auto plain = eddy::memory_pipe(eddy::memory_pipe_options().capacity(1000).chunk(70));
  co_return co_await secure(std::move(plain), usual_client());
}

std::vector<stream_kind> kinds() {
  const auto memory = stream_traits().clock(eddy::testing::test_clock::virtual_time).capacity(512 * 1024);
  return {{"tcp", over_tcp, stream_traits()},
          {"tcp_by_tls_1_2", over_tcp_by_tls_1_2, stream_traits().half_close(false)},
          {"memory", in_memory, memory},
          {"memory_in_small_pieces", in_small_pieces, memory}};
}

class tls_streams : public testing::TestWithParam<eddy::testing::stream_parameter> {};

TEST_P(tls_streams, S45_keeps_what_streams_promise) {
  const auto& [what, promise] = GetParam();
  promise.run(what.make, what.traits);
}

INSTANTIATE_TEST_SUITE_P(each, tls_streams,
                         testing::Combine(testing::ValuesIn(kinds()),
                                          testing::ValuesIn(eddy::testing::stream_cases().begin(),
                                                            eddy::testing::stream_cases().end())),
                         eddy::testing::name_of);

}  // namespace
