// SPDX-License-Identifier: BSL-1.0
#include "eddy/base/exchange_pool.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <set>
#include <thread>
#include <vector>

namespace {

namespace pool = eddy::detail::exchange_pool;

std::vector<void*> make(std::size_t count, std::size_t size) {
  std::vector<void*> blocks;
  for (std::size_t i = 0; i < count; ++i) {
    blocks.push_back(pool::allocate(size));
    std::memset(blocks.back(), 0xab, size);
  }
  return blocks;
}

TEST(exchange_pool, what_another_thread_frees_is_used_again) {
  constexpr std::size_t at_a_time = std::size_t{4} * pool::batch_size;
  std::set<void*> addresses;
  for (int round = 0; round < 100; ++round) {
    std::vector<void*> blocks = make(at_a_time, 48);
    addresses.insert(blocks.begin(), blocks.end());
    std::thread([&blocks] {
      for (void* each : blocks) pool::release(each, 48);
    }).join();
  }
  if (EDDY_ASAN) GTEST_SKIP() << "every block goes to the global allocator there, so that use after free shows";
  EXPECT_LE(addresses.size(), 2 * at_a_time);
}

TEST(exchange_pool, blocks_of_many_threads_do_not_overlap) {
  constexpr int threads = 4;
  std::vector<std::thread> running;
  for (int t = 0; t < threads; ++t) {
    running.emplace_back([t] {
      for (int round = 0; round < 200; ++round) {
        std::vector<void*> blocks;
        for (std::size_t i = 0; i < 3 * pool::batch_size; ++i) {
          blocks.push_back(pool::allocate(pool::block_size));
          std::memset(blocks.back(), t + 1, pool::block_size);
        }
        for (void* each : blocks) {
          const auto* bytes = static_cast<const unsigned char*>(each);
          ASSERT_EQ(bytes[0], t + 1);
          ASSERT_EQ(bytes[pool::block_size - 1], t + 1);
          pool::release(each, pool::block_size);
        }
      }
    });
  }
  for (std::thread& each : running) each.join();
}

TEST(exchange_pool, what_is_larger_than_a_block_comes_from_the_global_allocator) {
  for (void* each : make(10, 10 * pool::block_size)) {
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(each) % 16, 0U);
    pool::release(each, 10 * pool::block_size);
  }
}

}  // namespace
