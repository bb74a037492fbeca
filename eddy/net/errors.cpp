// SPDX-License-Identifier: BSL-1.0
#include "eddy/net/errors.hpp"

#include <netdb.h>

#include <algorithm>

namespace eddy {

namespace {

std::string incomplete_text(std::size_t got, std::size_t expected) {
  const std::string head = "the stream ended after " + std::to_string(got) + " bytes";
  return expected == 0 ? head + ", before the delimiter" : head + " of " + std::to_string(expected);
}

std::string attempts_text(const std::string& target, const std::vector<connect_error::attempt>& attempts) {
  std::string text = "cannot connect to " + target;
  const char* before = " (tried ";
  for (const connect_error::attempt& each : attempts) {
    const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(each.took).count();
    text.append(before).append(each.address.to_string()).append(": ").append(each.error.message());
    text.append(" after ").append(std::to_string(took)).append(" ms");
    before = "; ";
  }
  return text + ")";
}

std::error_code last_error(const std::vector<connect_error::attempt>& attempts) {
  const auto last = std::max_element(attempts.rbegin(), attempts.rend(),
                                     [](const auto& a, const auto& b) { return a.began + a.took < b.began + b.took; });
  return last->error;
}

}  // namespace

incomplete_read_error::incomplete_read_error(std::string partial, std::size_t expected)
    : error(incomplete_text(partial.size(), expected)), partial_(std::move(partial)), expected_(expected) {}

limit_overrun_error::limit_overrun_error(const std::string& what_for, std::size_t limit)
    : error(what_for + " is longer than the limit of " + std::to_string(limit) + " bytes"), limit_(limit) {}

resolve_error::resolve_error(std::string host, int code, int system_error)
    : error("cannot resolve \"" + host + "\": " +
            (code == EAI_SYSTEM ? std::generic_category().message(system_error) : std::string(gai_strerror(code)))),
      host_(std::move(host)),
      code_(code) {}

bool resolve_error::temporary() const noexcept { return code_ == EAI_AGAIN; }

connect_error::connect_error(const std::string& target, std::vector<attempt> attempts)
    : std::system_error(last_error(attempts), attempts_text(target, attempts)), attempts_(std::move(attempts)) {}

}  // namespace eddy
