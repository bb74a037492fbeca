// SPDX-License-Identifier: BSL-1.0
#include "eddy/loop/mailbox.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace {

using eddy::detail::mailbox;

struct letter final : eddy::detail::runnable {
  int sender = 0;
  int number = 0;
  void run() noexcept override {}
};

TEST(mailbox, gives_letters_oldest_first_behind_what_the_queue_holds) {
  mailbox box;
  std::vector<letter> letters(4);
  eddy::detail::runnable_queue queue;
  queue.push(letters[0]);
  EXPECT_TRUE(box.empty());
  for (std::size_t i = 1; i < 4; ++i) EXPECT_FALSE(box.post(letters[i])) << "the loop does not sleep";
  EXPECT_FALSE(box.empty());
  box.take(queue);
  EXPECT_TRUE(box.empty());
  for (letter& l : letters) EXPECT_EQ(&queue.pop(), &l);
  box.take(queue);
  EXPECT_TRUE(queue.empty());
}

TEST(mailbox, a_loop_with_letters_does_not_go_to_sleep) {
  mailbox box;
  letter one;
  box.post(one);
  EXPECT_FALSE(box.prepare_sleep());
  eddy::detail::runnable_queue queue;
  box.take(queue);
  EXPECT_TRUE(box.prepare_sleep());
}

TEST(mailbox, only_the_first_poster_wakes_a_sleeping_loop) {
  mailbox box;
  std::vector<letter> letters(3);
  ASSERT_TRUE(box.prepare_sleep());
  EXPECT_TRUE(box.post(letters[0]));
  EXPECT_FALSE(box.post(letters[1]));
  box.end_sleep();
  EXPECT_FALSE(box.post(letters[2]));
}

TEST(mailbox, who_sleeps_is_neither_empty_handed_nor_confused_by_sleeping_twice) {
  mailbox box;
  eddy::detail::runnable_queue queue;
  ASSERT_TRUE(box.prepare_sleep());
  EXPECT_TRUE(box.empty());
  box.take(queue);
  EXPECT_TRUE(queue.empty());
  EXPECT_TRUE(box.prepare_sleep()) << "after a poll that threw, nobody called end_sleep";
  letter one;
  EXPECT_TRUE(box.post(one));
  EXPECT_FALSE(box.empty());
  box.end_sleep();
  box.take(queue);
  EXPECT_EQ(&queue.pop(), &one) << "what lies on top of a sleeping loop does not point at the mark";
  EXPECT_TRUE(queue.empty());
}

// A loop takes the letter, and ends, before the poster has come to wake it.
TEST(mailbox, a_poster_that_has_to_wake_is_waited_for_and_no_other) {
  mailbox box;
  letter one;
  letter two;
  ASSERT_TRUE(box.prepare_sleep());
  ASSERT_TRUE(box.post(one));
  ASSERT_FALSE(box.post(two)) << "not counted";
  std::atomic<bool> gone{false};
  std::thread loop([&] {
    box.wait_for_wakers();
    gone = true;
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(2));
  EXPECT_FALSE(gone.load());
  box.woken();
  loop.join();
  EXPECT_TRUE(gone.load());
}

// The wake-up is a flag under a lock, as strict as an eventfd: a lost one makes this test hang (and ctest end it).
TEST(mailbox, S14_four_senders_lose_no_letter_and_no_wake_up_and_keep_their_order) {
  constexpr int senders = 4;
  constexpr int each = 20'000;
  mailbox box;
  std::mutex lock;
  std::condition_variable wake;
  bool woken = false;
  std::vector<std::unique_ptr<letter[]>> letters;
  for (int s = 0; s < senders; ++s) letters.push_back(std::make_unique<letter[]>(each));
  std::vector<std::thread> threads;
  for (int s = 0; s < senders; ++s)
    threads.emplace_back([&, s] {
      for (int n = 0; n < each; ++n) {
        letter& l = letters[static_cast<std::size_t>(s)][static_cast<std::size_t>(n)];
        l.sender = s;
        l.number = n;
        if (box.post(l)) {
          const std::scoped_lock guard(lock);
          woken = true;
          wake.notify_one();
          box.woken();
        }
      }
    });
  std::vector<int> next(senders, 0);
  eddy::detail::runnable_queue queue;
  for (int taken = 0; taken < senders * each;) {
    box.take(queue);
    while (!queue.empty()) {
      const auto& l = static_cast<letter&>(queue.pop());
      ASSERT_EQ(l.number, next[static_cast<std::size_t>(l.sender)]++);
      ++taken;
    }
    if (taken < senders * each && box.prepare_sleep()) {
      std::unique_lock guard(lock);
      wake.wait(guard, [&] { return woken; });
      woken = false;
      box.end_sleep();
    }
  }
  for (std::thread& t : threads) t.join();
}

}  // namespace
