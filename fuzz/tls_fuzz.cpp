// SPDX-License-Identifier: BSL-1.0
// Fuzz target for TLS. The first byte says where the others go: to a server or a client in its handshake, behind a
// handshake in place of the peer's records, or to the readers of certificates and keys. Whatever they are: each side
// ends with an error or an orderly end, and nothing that was not encrypted is read.
#include <cstdint>
#include <functional>
#include <string>

#include "eddy/coro/run.hpp"
#include "eddy/coro/task.hpp"
#include "eddy/flow/gather.hpp"
#include "eddy/net/memory_pipe.hpp"
#include "eddy/net/tls/client_context.hpp"
#include "eddy/net/tls/server_context.hpp"
#include "eddy/testing/tls/authority.hpp"
#include "fuzz/require.hpp"

namespace {

using eddy::coro;
namespace tls = eddy::tls;

const eddy::testing::authority& authority() {
  static const eddy::testing::authority the_one;
  return the_one;
}
const tls::server_context& server() {
  static const tls::server_context the_one = [] {
    const auto shown = authority().issue(eddy::testing::leaf("localhost"));
    return tls::server_context(tls::identity::from_pem(shown.chain, shown.key)).alpn("fuzz").resumption(false);
  }();
  return the_one;
}
const tls::client_context& client() {
  static const tls::client_context the_one =
      tls::client_context().ca_pem(authority().certificate()).alpn("fuzz").resumption(false);
  return the_one;
}

/// @returns whether the handshake came to its end.
coro<bool> comes_to_an_end(coro<eddy::stream> secured) {
  try {
    const eddy::stream made = co_await std::move(secured);
    co_return true;
  } catch (const std::exception&) {
    co_return false;
  }
}

coro<> in_the_handshake(std::string bytes, bool of_server) {
  auto ends = eddy::memory_pipe();
  co_await ends.second.writer().write(bytes);
  co_await ends.second.writer().write_eof();
  auto secured = of_server ? eddy::start_tls(std::move(ends.first), server())
                           : eddy::start_tls(std::move(ends.first), client(), "localhost");
  const bool agreed = co_await comes_to_an_end(std::move(secured));
  require(!agreed, "a handshake with a peer that knows no key came to its end");
}

/// The input as records of a peer whose handshake is done: two pipes, with a relay that knows when to speak up itself.
coro<> behind_the_handshake(std::string bytes) {
  auto near = eddy::memory_pipe();
  auto far = eddy::memory_pipe();
  auto relay = [](eddy::stream& from, eddy::stream& to) -> coro<> {
    while (true) {
      const std::string part = co_await from.reader().read();
      if (part.empty()) co_return;
      co_await to.writer().write(part);
    }
  };
  auto up = eddy::create_task(relay, std::ref(near.second), std::ref(far.first));
  auto down = eddy::create_task(relay, std::ref(far.first), std::ref(near.second));
  auto ends = co_await eddy::gather(eddy::start_tls(std::move(near.first), client(), "localhost"),
                                    eddy::start_tls(std::move(far.second), server()));
  eddy::stream& reading = std::get<0>(ends);
  co_await std::get<1>(ends).writer().write("before");
  const std::string before = co_await reading.reader().read_exactly(6U);
  require(before == "before", "what was read is not what was written");
  co_await eddy::cancel_and_join(up);
  co_await eddy::cancel_and_join(down);
  co_await near.second.writer().write(bytes);
  co_await near.second.writer().write_eof();
  std::string after;
  try {
    after = co_await reading.reader().read_all(1 << 20);
  } catch (const std::exception&) {
  }
  require(after.empty(), "bytes were read that nobody has encrypted");
}

void as_files(const std::string& bytes) {
  try {
    tls::identity::from_pem(bytes, bytes, "secret");
  } catch (const std::exception&) {
  }
  try {
    tls::client_context().ca_pem(bytes);
  } catch (const std::exception&) {
  }
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const unsigned where = data[0] % 32U;
  if (where == 0)
    eddy::run(behind_the_handshake, bytes);
  else if (where < 8)
    as_files(bytes);
  else
    eddy::run(in_the_handshake, bytes, where < 30);
  return 0;
}
