// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>

namespace eddy::testing {

/// At which moment of an await `explore` lets something happen.
enum class moment {
  before,     // the await is reached: ready or not, it must not begin
  waiting,    // it waits
  completed,  // what it waited for has happened, in the very turn; it has not been resumed
};

inline constexpr std::array every_moment{moment::before, moment::waiting, moment::completed};

}  // namespace eddy::testing
