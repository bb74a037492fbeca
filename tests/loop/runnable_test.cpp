// SPDX-License-Identifier: BSL-1.0
#include "eddy/loop/runnable.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <random>
#include <vector>

namespace {

struct node final : eddy::detail::runnable {
  void run() noexcept override {}
};

TEST(runnable_queue, L7_is_first_in_first_out) {
  std::vector<node> nodes(10);
  eddy::detail::runnable_queue q;
  for (node& n : nodes) q.push(n);
  EXPECT_EQ(q.size(), 10U);
  for (node& n : nodes) EXPECT_EQ(&q.pop(), &n);
  EXPECT_TRUE(q.empty());
}

TEST(runnable_queue, agrees_with_a_deque_on_seeded_work) {
  std::mt19937 random(3);
  std::vector<node> nodes(50);
  std::deque<node*> out;
  for (node& n : nodes) out.push_back(&n);
  std::deque<node*> oracle;
  eddy::detail::runnable_queue q;
  for (int step = 0; step < 20'000; ++step) {
    const bool push = oracle.empty() || (!out.empty() && random() % 2 == 0);
    if (push) {
      q.push(*out.front());
      oracle.push_back(out.front());
      out.pop_front();
    } else {
      const auto index = static_cast<unsigned>(random() % oracle.size());
      auto& taken = index == 0 ? q.pop() : q.pop_at(index);
      ASSERT_EQ(&taken, oracle[index]);
      out.push_back(oracle[index]);
      oracle.erase(oracle.begin() + index);
    }
    ASSERT_EQ(q.size(), oracle.size());
  }
}

}  // namespace
