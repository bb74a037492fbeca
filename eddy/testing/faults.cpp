// SPDX-License-Identifier: BSL-1.0
#include "eddy/testing/faults.hpp"

#include <array>
#include <cerrno>

namespace eddy::testing {

namespace {

using detail::io_fault;

constexpr io_fault at_once(int error) { return {error, false}; }
constexpr io_fault later(int error) { return {error, true}; }
constexpr io_fault one_byte{};

constexpr std::array receiving{one_byte, at_once(ECONNRESET), later(ECONNRESET), later(ETIMEDOUT)};
constexpr std::array sending{one_byte, at_once(EPIPE), later(ECONNRESET), at_once(ENOBUFS)};
constexpr std::array accepting{at_once(EMFILE),       later(ENFILE),       at_once(ENOBUFS), later(ENOMEM),
                               at_once(ECONNABORTED), later(ECONNABORTED), at_once(EPROTO)};
constexpr std::array connecting{at_once(ECONNREFUSED), later(ECONNREFUSED), later(ETIMEDOUT)};

// A datagram comes whole or not at all. What an ICMP message said about an earlier one comes out of the next call.
constexpr std::array receiving_message{at_once(ECONNREFUSED), later(EHOSTUNREACH), later(ENOMEM)};
constexpr std::array sending_message{at_once(ECONNREFUSED), at_once(ENOBUFS), at_once(EMSGSIZE), later(ENETUNREACH)};

}  // namespace

std::span<const io_fault> declared_faults(detail::io_kind kind) noexcept {
  switch (kind) {
    case detail::io_kind::receive:
      return receiving;
    case detail::io_kind::send:
    case detail::io_kind::send_parts:
      return sending;
    case detail::io_kind::accept:
      return accepting;
    case detail::io_kind::connect:
      return connecting;
    case detail::io_kind::receive_message:
      return receiving_message;
    case detail::io_kind::send_message:
      return sending_message;
    default:  // to wait for readiness cannot fail
      return {};
  }
}

}  // namespace eddy::testing
