// SPDX-License-Identifier: BSL-1.0
// The fuzz target without a fuzzer: its corpus and some thousand seeded mutations, with any compiler. A finding aborts
// with a sentence on standard error.

#include "tests/http/mutate.hpp"

#include <cstdint>

#include <gtest/gtest.h>

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using namespace eddy::testing::http;

int run(const fuzz_input& input) {
  return LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.bytes.data()), input.bytes.size());
}

TEST(parser_corpus, every_file_keeps_the_fuzz_targets_promises) {
  const auto inputs = corpus();
  ASSERT_GE(inputs.size(), 20U);
  for (const auto& input : inputs) EXPECT_EQ(run(input), 0);
}

TEST(parser_corpus, mutations_keep_the_fuzz_targets_promises) {
  mutator mutate(12, corpus());
  for (int round = 0; round < 4000; ++round) ASSERT_EQ(run(mutate.next()), 0);
}

}  // namespace
