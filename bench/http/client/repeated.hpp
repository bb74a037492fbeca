// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <string_view>

/// What the programs that measure HTTP clients share: 10 thousand requests, 100 at a time, several times over.
namespace bench {

inline constexpr int at_a_time = 100;
inline constexpr int requests = 10'000;
inline constexpr int warm_up = 1'000;
inline constexpr std::string_view content = "Hello, World!";

/// Ends the program: the work was not done.
[[noreturn]] inline void wrong(std::string_view got) {
  std::fprintf(stderr, "wrong answer: %.*s\n", static_cast<int>(got.size()), got.data());
  std::exit(1);
}

/// Times repetitions, and prints their median: rate, and of this process cpu_us and user_us a request.
class repetitions {
 public:
  bool more() {
    if (count_ == runs_.size()) return false;
    before_ = now();
    return true;
  }
  void done() {
    const sample after = now();
    runs_[count_++] = {after.wall - before_.wall, after.cpu - before_.cpu, after.user - before_.user};
  }
  void print() const {
    std::printf("rate %.0f\ncpu_us %.3f\nuser_us %.3f\n", requests / median(&sample::wall),
                median(&sample::cpu) / requests * 1e6, median(&sample::user) / requests * 1e6);
  }

 private:
  class sample {
   public:
    double wall = 0, cpu = 0, user = 0;  // seconds
  };

  static double seconds(const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  }
  static sample now() {
    rusage used{};
    getrusage(RUSAGE_SELF, &used);
    const auto since = std::chrono::steady_clock::now().time_since_epoch();
    const double user = seconds(used.ru_utime);
    return {std::chrono::duration<double>(since).count(), user + seconds(used.ru_stime), user};
  }
  double median(double sample::* of) const {
    std::array<double, 5> values{};
    std::transform(runs_.begin(), runs_.end(), values.begin(), [&](const sample& each) { return each.*of; });
    std::nth_element(values.begin(), values.begin() + values.size() / 2, values.end());
    return values[values.size() / 2];
  }

  std::array<sample, 5> runs_;
  std::size_t count_ = 0;
  sample before_;
};

}  // namespace bench
