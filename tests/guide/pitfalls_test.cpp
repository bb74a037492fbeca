// SPDX-License-Identifier: BSL-1.0
// The code of docs/guide/pitfalls.md.
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "eddy/coro/coro.hpp"
#include "eddy/coro/task.hpp"
#include "eddy/exec/to_thread.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/task_group.hpp"
#include "eddy/flow/with.hpp"
#include "eddy/sync/mutex.hpp"
#include "eddy/testing/test.hpp"

using namespace std::chrono_literals;
using eddy::coro;

namespace {

coro<> save(std::string name, std::vector<std::string>& saved) {
  co_await eddy::sleep(1ms);
  saved.push_back(std::move(name));
}

// [captures]
eddy::task<> save_later(std::string name, std::vector<std::string>& saved) {
  auto job = [&saved](std::string text) -> coro<> { co_await save(text, saved); };
  return eddy::create_task(job, name);  // eddy keeps the callable and the argument
}
// [captures]

EDDY_TEST(pitfalls, a_callable_and_its_arguments_are_kept) {
  std::vector<std::string> saved;
  auto saving = save_later("a", saved);
  co_await saving;
  EXPECT_EQ(saved.size(), 1u);
}

// [before_scope]
coro<std::size_t> save_all() {
  std::vector<std::string> saved;  // before the scope: it lives as long as the children
  co_await eddy::with(eddy::task_group(), [&](eddy::task_group& group) -> coro<> {
    std::string name = "inside";                     // gone when this body ends, and a child may still run then
    group.create_task(save, name, std::ref(saved));  // so the child gets a copy of it
    co_return;
  });
  co_return saved.size();
}
// [before_scope]

EDDY_TEST(pitfalls, children_use_what_stands_before_their_scope) {
  auto count = co_await save_all();
  EXPECT_EQ(count, 1u);
}

// [references]
class scores {
 public:
  coro<int> raise(std::string player) {
    int bonus = co_await ask_for_bonus();
    int& score = scores_[player];  // taken after the await: other tasks ran meanwhile
    score += bonus;
    co_return score;
  }

 private:
  static coro<int> ask_for_bonus() {
    co_await eddy::sleep(1ms);
    co_return 5;
  }
  std::map<std::string, int> scores_;
};
// [references]

EDDY_TEST(pitfalls, references_are_taken_after_an_await) {
  scores all;
  co_await all.raise("ada");
  int score = co_await all.raise("ada");
  EXPECT_EQ(score, 10);
}

// [mutex]
class account {
 public:
  coro<> deposit(int amount) {
    auto held = co_await lock_.lock();  // eddy::mutex: others wait in line, the loop goes on
    int before = balance_;
    co_await eddy::sleep(1ms);
    balance_ = before + amount;
  }
  int balance() const { return balance_; }

 private:
  eddy::mutex lock_;
  int balance_ = 0;
};
// [mutex]

EDDY_TEST(pitfalls, a_lock_may_be_held_across_an_await) {
  account a;
  co_await eddy::with(eddy::task_group(), [&](eddy::task_group& group) -> coro<> {
    for (int i = 0; i < 3; ++i) group.create_task(&account::deposit, &a, 10);
    co_return;
  });
  EXPECT_EQ(a.balance(), 30);
}

// [checkpoint]
coro<long> sum_of_squares(int count) {
  long sum = 0;
  for (int i = 0; i < count; ++i) {
    sum += static_cast<long>(i) * i;
    if (i % 1024 == 0) co_await eddy::checkpoint();  // can be cancelled here, and lets others run now and then
  }
  co_return sum;
}
// [checkpoint]

EDDY_TEST(pitfalls, a_long_loop_has_checkpoints) {
  auto sum = co_await sum_of_squares(10);
  EXPECT_EQ(sum, 285);
  auto endless = eddy::create_task(sum_of_squares, 2'000'000'000);
  endless.cancel();
  co_await eddy::cancel_and_join(endless);
}

// [this]
class greeter : public std::enable_shared_from_this<greeter> {
 public:
  explicit greeter(std::string text) : text_(std::move(text)) {}

  eddy::task<std::string> greet_later() {
    return eddy::create_task(&greeter::greet, shared_from_this());  // kept until the coroutine has ended
  }

 private:
  coro<std::string> greet() {
    co_await eddy::sleep(1ms);
    co_return text_;
  }
  std::string text_;
};
// [this]

EDDY_TEST(pitfalls, an_object_outlives_its_coroutines) {
  auto greeting = std::make_shared<greeter>("hello")->greet_later();
  auto text = co_await greeting;
  EXPECT_EQ(text, "hello");
}

}  // namespace
