// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <vector>

// What every program of a row needs: a clock, a median, and a line of output.

namespace bench {

inline void print_figure(const char* name, double value) { std::printf("%s %.4f\n", name, value); }

inline double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

inline double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

/// How often a measurement is repeated inside of one process, after one that only warms up.
inline constexpr int repetitions = 5;

/// The seconds of a piece of work.
class stopwatch {
 public:
  double seconds() const { return seconds_since(start_); }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace bench
