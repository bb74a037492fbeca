// SPDX-License-Identifier: BSL-1.0
#include "eddy/base/frame_pool.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <random>
#include <set>
#include <thread>
#include <vector>

#include "eddy/base/config.hpp"

namespace {

namespace pool = eddy::detail::frame_pool;

#define SKIP_UNDER_ASAN()                                                                       \
  if (EDDY_ASAN) {                                                                              \
    GTEST_SKIP() << "under AddressSanitizer every block comes from the global allocator alone"; \
  }                                                                                             \
  static_assert(true)

TEST(frame_pool, gives_aligned_memory_of_every_size) {
  const std::int64_t before = pool::live_blocks();
  for (std::size_t size = 1; size <= 2 * pool::largest; ++size) {
    void* block = pool::allocate(size);
    ASSERT_EQ(reinterpret_cast<std::uintptr_t>(block) % 16, 0U) << size;
    std::memset(block, 0x5a, size);
    pool::release(block, size);
  }
  EXPECT_EQ(pool::live_blocks(), before);
}

TEST(frame_pool, a_freed_block_is_the_next_of_its_class) {
  SKIP_UNDER_ASAN();
  void* first = pool::allocate(100);
  pool::release(first, 100);
  void* second = pool::allocate(112);  // the same class: 97 to 112
  EXPECT_EQ(first, second);
  pool::release(second, 112);
  void* other = pool::allocate(113);
  EXPECT_NE(first, other);
  pool::release(other, 113);
}

TEST(frame_pool, blocks_never_overlap) {
  std::mt19937 random(2);
  struct held {
    unsigned char* bytes;
    std::size_t size;
    unsigned char mark;
  };
  std::vector<held> all;
  const auto intact = [](const held& h) {
    for (std::size_t i = 0; i < h.size; ++i)
      if (h.bytes[i] != h.mark) return false;
    return true;
  };
  for (int step = 0; step < 20'000; ++step) {
    if (all.size() < 300 && random() % 5 < 3) {
      const std::size_t size = 1 + random() % (pool::largest + 200);
      all.push_back({static_cast<unsigned char*>(pool::allocate(size)), size, static_cast<unsigned char>(step)});
      std::memset(all.back().bytes, all.back().mark, size);
    } else if (!all.empty()) {
      std::swap(all[random() % all.size()], all.back());
      ASSERT_TRUE(intact(all.back()));
      pool::release(all.back().bytes, all.back().size);
      all.pop_back();
    }
  }
  for (const held& h : all) {
    EXPECT_TRUE(intact(h));
    pool::release(h.bytes, h.size);
  }
}

TEST(frame_pool, a_block_may_be_freed_on_another_thread_and_joins_its_list) {
  SKIP_UNDER_ASAN();
  const std::int64_t before = pool::live_blocks();
  void* block = pool::allocate(64);
  std::thread([&] {
    EXPECT_EQ(pool::live_blocks(), before + 1);
    pool::release(block, 64);
    EXPECT_EQ(pool::live_blocks(), before);
    void* again = pool::allocate(64);
    EXPECT_EQ(again, block);
    pool::release(again, 64);
  }).join();
  EXPECT_EQ(pool::live_blocks(), before);
  pool::release(pool::allocate(64), 64);
}

TEST(frame_pool, counts_what_a_thread_that_has_ended_left_behind) {
  const std::int64_t before = pool::live_blocks();
  void* block = nullptr;
  std::thread([&] {
    block = pool::allocate(64);
    pool::release(pool::allocate(64), 64);
  }).join();
  EXPECT_EQ(pool::live_blocks(), before + 1);
  pool::release(block, 64);
  EXPECT_EQ(pool::live_blocks(), before);
}

TEST(frame_pool, counts_large_blocks_of_a_thread_that_makes_no_others) {
  const std::int64_t before = pool::live_blocks();
  void* block = nullptr;
  std::thread([&] { block = pool::allocate(2 * pool::largest); }).join();
  EXPECT_EQ(pool::live_blocks(), before + 1);
  std::thread([&] { pool::release(block, 2 * pool::largest); }).join();
  EXPECT_EQ(pool::live_blocks(), before);
}

// A size of its own each, so that the lists of other tests do not mix in.
TEST(frame_pool, a_thread_that_ends_hands_its_blocks_to_later_ones) {
  SKIP_UNDER_ASAN();
  std::set<void*> first;
  std::thread([&] {
    std::vector<void*> held;
    for (int i = 0; i < 10; ++i) held.push_back(pool::allocate(976));
    first.insert(held.begin(), held.end());
    for (void* block : held) pool::release(block, 976);
  }).join();
  std::thread([&] {
    // At most one slab's rest is fresh to this thread; the others' blocks come back once it is used up.
    std::vector<void*> held;
    int again = 0;
    for (int i = 0; i < 100; ++i) {
      held.push_back(pool::allocate(976));
      again += first.contains(held.back()) ? 1 : 0;
    }
    EXPECT_EQ(again, 10);
    for (void* block : held) pool::release(block, 976);
  }).join();
}

TEST(frame_pool, the_blocks_of_several_threads_that_ended_are_all_used_again) {
  SKIP_UNDER_ASAN();
  std::vector<void*> made;
  for (int i = 0; i < 30; ++i) made.push_back(pool::allocate(960));
  for (std::size_t i = 0; i < 3; ++i) {
    std::thread([&] {
      for (std::size_t j = 0; j < 10; ++j) pool::release(made[10 * i + j], 960);
    }).join();
  }
  std::thread([&] {
    std::set<void*> held;
    for (int i = 0; i < 130; ++i) held.insert(pool::allocate(960));
    for (void* block : made) EXPECT_TRUE(held.contains(block));
    for (void* block : held) pool::release(block, 960);
  }).join();
}

TEST(frame_pool, a_thread_that_only_frees_hands_its_blocks_over_too) {
  SKIP_UNDER_ASAN();
  std::vector<void*> made;
  for (int i = 0; i < 10; ++i) made.push_back(pool::allocate(992));
  const std::set<void*> first(made.begin(), made.end());
  std::thread([&] {
    for (void* block : made) pool::release(block, 992);
  }).join();
  std::thread([&] {
    std::vector<void*> held;
    int again = 0;
    for (int i = 0; i < 100; ++i) {
      held.push_back(pool::allocate(992));
      again += first.contains(held.back()) ? 1 : 0;
    }
    EXPECT_EQ(again, 10);
    for (void* block : held) pool::release(block, 992);
  }).join();
}

TEST(frame_pool, short_lived_threads_use_each_others_slabs) {
  SKIP_UNDER_ASAN();
  std::vector<char*> blocks;
  for (int i = 0; i < 20; ++i) {
    std::thread([&] {
      auto* block = static_cast<char*>(pool::allocate(1008));
      blocks.push_back(block);
      pool::release(block, 1008);
    }).join();
  }
  // Each thread needs one block: the first one's serves them all, or at least nobody starts a slab of 64 KiB for it.
  std::set<std::uintptr_t> slabs;
  for (char* block : blocks) slabs.insert(reinterpret_cast<std::uintptr_t>(block) / (64 * 1024));
  EXPECT_LE(slabs.size(), 3U);
  std::set<char*> different;
  for (int i = 0; i < 20; ++i) {
    std::thread([&] {
      // Different sizes, one a thread: the rest of a slab is handed over as well.
      const std::size_t size = 16 + 16 * static_cast<std::size_t>(i);
      auto* block = static_cast<char*>(pool::allocate(size));
      different.insert(block);
      pool::release(block, size);
    }).join();
  }
  slabs.clear();
  for (char* block : different) slabs.insert(reinterpret_cast<std::uintptr_t>(block) / (64 * 1024));
  EXPECT_LE(slabs.size(), 6U);
}

TEST(frame_pool, many_threads_at_once_do_not_share_a_block) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([t] {
      std::mt19937 random(static_cast<unsigned>(t));
      std::vector<std::pair<int*, std::size_t>> held;
      for (int step = 0; step < 5'000; ++step) {
        const std::size_t size = 16 + random() % 500;
        held.emplace_back(static_cast<int*>(pool::allocate(size)), size);
        *held.back().first = t;
        if (held.size() > 50) {
          for (auto& [block, bytes] : held) {
            EXPECT_EQ(*block, t);
            pool::release(block, bytes);
          }
          held.clear();
        }
      }
      for (auto& [block, bytes] : held) pool::release(block, bytes);
    });
  for (std::thread& t : threads) t.join();
}

}  // namespace
