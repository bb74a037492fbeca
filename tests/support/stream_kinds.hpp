// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <tuple>

#include "eddy/testing/check_stream.hpp"

// What makes a GoogleTest case of each promise of streams for each kind of them.

namespace eddy::testing {

struct stream_kind {
  const char* name;
  stream_maker make;
  stream_traits traits;

  friend std::ostream& operator<<(std::ostream& out, const stream_kind& k) { return out << k.name; }
};

using stream_parameter = std::tuple<stream_kind, stream_case>;

inline std::string name_of(const ::testing::TestParamInfo<stream_parameter>& at) {
  return std::string(std::get<0>(at.param).name) + "_" + std::string(std::get<1>(at.param).name);
}

}  // namespace eddy::testing
