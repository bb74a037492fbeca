// SPDX-License-Identifier: BSL-1.0
#include "eddy/http/detail/deadlines.hpp"

#include <array>
#include <string_view>

#include "eddy/base/errors.hpp"

namespace eddy::http::detail {

namespace {

class phase_text {
 public:
  constexpr phase_text(std::string_view d, std::string_view s) : doing(d), setting(s) {}
  std::string_view doing;
  std::string_view setting;  // of the limit on this phase
};

constexpr std::array<phase_text, 5> texts{
    phase_text("waiting for a free connection", "wait_timeout"), phase_text("connecting", "connect_timeout"),
    phase_text("sending the request", "read_timeout"), phase_text("waiting for the answer", "read_timeout"),
    phase_text("reading the body", "read_timeout")};

const time_limit& limit_of(const deadlines& reached, const request_limits& limits) {
  if (reached.total_expired()) return limits.total;
  switch (reached.phase()) {
    case request_phase::wait:
      return limits.wait;
    case request_phase::connect:
      return limits.connect;
    default:
      return limits.read;
  }
}

}  // namespace

std::string describe_timeout(const deadlines& reached, const request_limits& limits) {
  const time_limit& limit = limit_of(reached, limits);
  const phase_text& phase = texts[static_cast<std::size_t>(reached.phase())];
  const std::string_view setting = reached.total_expired() ? "timeout" : phase.setting;
  std::string text = "limit of " + eddy::detail::format_duration(limit.time);
  if (limit.is_set())
    text.append(", set at ").append(eddy::detail::format_place(limit.place));
  else
    text.append(", the default of ").append(setting).append("(),");
  text.append(" reached while ").append(phase.doing);
  return text;
}

}  // namespace eddy::http::detail
