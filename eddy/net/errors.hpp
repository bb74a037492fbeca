// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "eddy/base/errors.hpp"
#include "eddy/net/socket_address.hpp"

namespace eddy {

/// A write was cancelled half-way, so the peer has an unknown part of it: nothing can be written to this stream any
/// more.
class broken_stream_error : public error {
 public:
  broken_stream_error()
      : error(
            "a write to this stream was cancelled half-way, so what the peer has got is incomplete; abort() the "
            "stream") {}
};

/// The stream ended before everything that was asked for had come.
///
/// **In asyncio.** `IncompleteReadError`.
class incomplete_read_error : public error {
 public:
  /// @param expected  Bytes that were asked for; 0 when a delimiter was looked for.
  incomplete_read_error(std::string partial, std::size_t expected);

  /// What had come until then. It is not in the reader any more.
  const std::string& partial() const noexcept { return partial_; }
  std::size_t expected() const noexcept { return expected_; }

 private:
  std::string partial_;
  std::size_t expected_;
};

/// There is no delimiter (or end of the stream) within the limit. The bytes stay in the reader.
///
/// **In asyncio.** `LimitOverrunError`.
class limit_overrun_error : public error {
 public:
  limit_overrun_error(const std::string& what_for, std::size_t limit);

  /// Bytes.
  std::size_t limit() const noexcept { return limit_; }

 private:
  std::size_t limit_;
};

/// A host name has no address, as far as the system could find out.
///
/// **In asyncio.** `socket.gaierror`.
class resolve_error : public error {
 public:
  /// @param code  One of getaddrinfo's EAI_ values.  @param system_error  errno, when the code is EAI_SYSTEM.
  resolve_error(std::string host, int code, int system_error = 0);

  const std::string& host() const noexcept { return host_; }
  int code() const noexcept { return code_; }
  /// Whether trying again later may help.
  bool temporary() const noexcept;

 private:
  std::string host_;
  int code_;
};

/// No address of a host took the connection. The code is that of the attempt that failed last.
class connect_error : public std::system_error {
 public:
  /// One address that was tried, and how that ended.
  struct attempt {
    attempt(socket_address a, std::error_code e, std::chrono::nanoseconds b = {}, std::chrono::nanoseconds t = {})
        : address(std::move(a)), error(e), began(b), took(t) {}
    socket_address address;
    std::error_code error;
    std::chrono::nanoseconds began;  // after the first attempt began
    std::chrono::nanoseconds took;
  };

  /// @param target  What was asked for: `host:port`.  @param attempts  At least one, in the order in which they began.
  connect_error(const std::string& target, std::vector<attempt> attempts);

  const std::vector<attempt>& attempts() const noexcept { return attempts_; }

 private:
  std::vector<attempt> attempts_;
};

}  // namespace eddy
