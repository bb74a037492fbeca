// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string_view>

namespace eddy::http {

/// The registered reason phrase of a status code ("Not Found" for 404), or an empty text for a code without one.
std::string_view reason_phrase(int status) noexcept;

/// 1xx: another response follows.
constexpr bool is_informational(int status) noexcept { return status >= 100 && status < 200; }
/// 2xx.
constexpr bool is_success(int status) noexcept { return status >= 200 && status < 300; }
/// 3xx.
constexpr bool is_redirection(int status) noexcept { return status >= 300 && status < 400; }
/// 4xx.
constexpr bool is_client_error(int status) noexcept { return status >= 400 && status < 500; }
/// 5xx and above: RFC 9110 asks to take codes beyond 599 as server errors.
constexpr bool is_server_error(int status) noexcept { return status >= 500; }

}  // namespace eddy::http
