// SPDX-License-Identifier: BSL-1.0
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <new>

#include "eddy/testing/test.hpp"
#include "tests/net/pairs.hpp"
#include "tests/support/counts_allocations.hpp"

// Every allocation of this program is counted, so this suite proves that streams make none on the way.
#if EDDY_COUNTS_ALLOCATIONS

namespace {

thread_local std::size_t allocations = 0;

}  // namespace

thread_local bool eddy::testing::refuses_memory = false;

EDDY_NOINLINE void* operator new(std::size_t size) {
  ++allocations;
  if (void* made = eddy::testing::refuses_memory ? nullptr : std::malloc(size)) return made;
  throw std::bad_alloc();
}
EDDY_NOINLINE void operator delete(void* memory) noexcept { std::free(memory); }
EDDY_NOINLINE void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace {

using namespace eddy;
using eddy::testing::tcp_pair;

coro<std::size_t> count_for(stream& near, stream& far, int rounds) {
  std::array<char, 256> into{};
  const std::size_t before = allocations;
  for (int i = 0; i < rounds; ++i) {
    co_await near.writer().write("a question that is not long");
    const std::size_t asked = co_await far.reader().read_some(into);
    co_await far.writer().write("head", "and an answer");
    co_await near.reader().fill();
    near.reader().consume(near.reader().buffered().size());
    co_await far.writer().drain();
    if (asked == 0) break;
  }
  co_return allocations - before;
}

EDDY_IO_TEST(allocations, reads_and_writes_of_a_connection_make_none) {
  auto ends = co_await tcp_pair();
  const std::size_t warm_up = co_await count_for(ends.first, ends.second, 10);
  (void)warm_up;
  const std::size_t made = co_await count_for(ends.first, ends.second, 1000);
  EXPECT_EQ(made, 0U);
}

EDDY_TEST(allocations, lines_that_fit_a_small_string_make_none) {
  auto ends = memory_pipe();
  std::size_t before = 0;
  for (int i = 0; i < 200; ++i) {
    if (i == 100) before = allocations;
    co_await ends.first.writer().write("short line\n");
    const auto line = co_await ends.second.reader().readline();
    EDDY_ASSERT_TRUE(line == "short line");
  }
  EXPECT_EQ(allocations - before, 0U);
}

}  // namespace

#endif
