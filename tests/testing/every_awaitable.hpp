// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <ostream>
#include <string>

#include "eddy/coro/coro.hpp"

namespace eddy::testing {

/// A small program around one awaitable.
struct sample {
  std::string name;
  std::function<coro<>()> body;
};

inline std::ostream& operator<<(std::ostream& out, const sample& s) { return out << s.name; }
inline std::string name_of_sample(const ::testing::TestParamInfo<sample>& info) { return info.param.name; }

}  // namespace eddy::testing
