// SPDX-License-Identifier: BSL-1.0
// The programs that docs/guide/choosing.md measures do the same work in each way.
#include <gtest/gtest.h>

#include <chrono>

#include "bench/choosing/files.hpp"
#include "bench/choosing/hashing.hpp"
#include "bench/choosing/requests.hpp"
#include "bench/choosing/slow_server.hpp"

using namespace std::chrono_literals;

namespace {

TEST(choosing, S77_requests_are_answered_alike_in_each_way) {
  const choosing::slow_server server(1ms);
  const long answer = choosing::requests_in_a_loop(server.port(), 8);
  EXPECT_EQ(answer, 2 * (0 + 1 + 2 + 3 + 4 + 5 + 6 + 7));
  EXPECT_EQ(choosing::requests_in_threads(server.port(), 8), answer);
  EXPECT_EQ(choosing::requests_in_coroutines(server.port(), 8), answer);
}

TEST(choosing, S77_digests_are_equal_in_each_way) {
  const auto answer = choosing::hashing_in_a_loop(8, 1000);
  EXPECT_NE(answer, choosing::hashing_in_a_loop(8, 1001));
  EXPECT_EQ(choosing::hashing_in_threads(8, 1000), answer);
  EXPECT_EQ(choosing::hashing_in_coroutines(8, 1000), answer);
  EXPECT_EQ(choosing::hashing_in_coroutines_and_threads(8, 1000), answer);
}

TEST(choosing, S77_files_are_counted_alike_in_each_way) {
  const choosing::small_files files(8);
  EXPECT_EQ(choosing::files_in_a_loop(files), 0 + 1 + 2 + 3 + 4 + 5 + 6 + 7);
  EXPECT_EQ(choosing::files_in_threads(files), choosing::files_in_a_loop(files));
  EXPECT_EQ(choosing::files_in_coroutines(files), choosing::files_in_a_loop(files));
}

}  // namespace
