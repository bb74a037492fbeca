// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "tests/net/tls/pairs.hpp"

namespace eddy::testing {

/// How a handshake and a first exchange of bytes went on one side.
class side_result {
 public:
  std::string text;  // of the error; empty when all went well
  std::optional<tls::trouble> kind;
  std::optional<tls::certificate_trouble> reason;
  std::optional<tls::connection_info> info;
};

class attempt_result {
 public:
  side_result client;
  side_result server;
};

inline coro<side_result> one_side(coro<stream> secured) {
  side_result result;
  try {
    stream made = co_await std::move(secured);
    result.info = tls::info(made);
    co_await made.writer().write("!");
    const std::string other = co_await made.reader().read_exactly(1U);
    co_await made.close();
  } catch (const tls::certificate_error& e) {
    result.text = e.what();
    result.kind = e.kind();
    result.reason = e.reason();
  } catch (const tls::error& e) {
    result.text = e.what();
    result.kind = e.kind();
  } catch (const std::exception& e) {
    result.text = e.what();
  }
  co_return result;
}

/// Lets two contexts meet, in memory.
inline coro<attempt_result> attempt(client_security_ref client, server_security_ref server, std::string host) {
  auto ends = memory_pipe();
  auto both = co_await gather(one_side(start_tls(std::move(ends.first), client, std::move(host))),
                              one_side(start_tls(std::move(ends.second), server)));
  attempt_result result;
  result.client = std::move(std::get<0>(both));
  result.server = std::move(std::get<1>(both));
  co_return result;
}

}  // namespace eddy::testing
