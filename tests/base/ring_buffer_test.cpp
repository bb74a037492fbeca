// SPDX-License-Identifier: BSL-1.0
#include "eddy/base/ring_buffer.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <random>

namespace {

using eddy::detail::ring_buffer;

TEST(ring_buffer, is_empty_and_holds_nothing_at_first) {
  const ring_buffer<int> r;
  EXPECT_TRUE(r.empty());
  EXPECT_EQ(r.size(), 0U);
}

TEST(ring_buffer, gives_what_was_pushed_at_the_back_in_order_also_after_it_has_grown_around_its_end) {
  ring_buffer<std::unique_ptr<int>> r;
  int pushed = 0;
  int popped = 0;
  for (int round = 0; round < 50; ++round) {
    for (int i = 0; i < 5; ++i) r.push_back(std::make_unique<int>(pushed++));
    for (int i = 0; i < 3; ++i) {
      EXPECT_EQ(*r.front(), popped++);
      r.pop_front();
    }
  }
  EXPECT_EQ(r.size(), 100U);
  for (; !r.empty(); r.pop_front()) EXPECT_EQ(*r.front(), popped++);
  EXPECT_EQ(popped, pushed);
}

TEST(ring_buffer, does_what_a_deque_does_whatever_is_asked_of_it) {
  std::mt19937 random(7);
  ring_buffer<int> r;
  std::deque<int> model;
  for (int i = 0; i < 20'000; ++i) {
    switch (random() % 4) {
      case 0:
        r.push_back(int{i});
        model.push_back(i);
        break;
      case 1:
        r.push_front(int{i});
        model.push_front(i);
        break;
      default:
        if (model.empty()) break;
        ASSERT_EQ(r.front(), model.front());
        r.pop_front();
        model.pop_front();
    }
    ASSERT_EQ(r.size(), model.size());
  }
}

TEST(ring_buffer, destroys_what_is_left) {
  const auto counted = std::make_shared<int>(1);
  {
    ring_buffer<std::shared_ptr<int>> r;
    for (int i = 0; i < 6; ++i) r.push_front(std::shared_ptr<int>(counted));
    EXPECT_EQ(counted.use_count(), 7);
  }
  EXPECT_EQ(counted.use_count(), 1);
}

}  // namespace
