// SPDX-License-Identifier: BSL-1.0
#include "eddy/flow/retry.hpp"

#include <algorithm>
#include <cmath>

namespace eddy {

namespace {

bool is_misuse(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const misuse_error&) {
    return true;
  } catch (...) {
    return false;
  }
}

// 53 bits are what a double holds.
double random_half_to_whole() {
  return 0.5 + std::ldexp(static_cast<double>(event_loop::current().scheduler().random() >> 11), -54);
}

}  // namespace

std::optional<std::chrono::nanoseconds> retry_policy::pause_after(unsigned number, const std::exception_ptr& error,
                                                                  time_point begin) const {
  if (number >= attempts_) return std::nullopt;
  if (worth_ ? !worth_(error) : is_misuse(error)) return std::nullopt;
  std::chrono::nanoseconds pause = std::min(base_, cap_);
  for (unsigned i = 1; i < number && pause < cap_; ++i) pause = pause > cap_ / 2 ? cap_ : pause * 2;
  if (jitter_)
    pause = std::chrono::nanoseconds(
        static_cast<std::int64_t>(static_cast<double>(pause.count()) * random_half_to_whole()));
  if (ask_)
    if (const auto asked = ask_(error)) pause = *asked;
  if (limit_ && pause >= *limit_ - (now() - begin)) return std::nullopt;
  return pause;
}

}  // namespace eddy
