// SPDX-License-Identifier: BSL-1.0
// Primitives that are broken on purpose (broken.hpp): the proof harness has to find each of their bugs, and nothing in
// the same program with eddy's own.
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <vector>

#include "eddy/coro/io_operation.hpp"
#include "eddy/flow/gather.hpp"
#include "eddy/flow/task_group.hpp"
#include "eddy/flow/timeout.hpp"
#include "eddy/flow/with.hpp"
#include "eddy/sync/event.hpp"
#include "eddy/sync/mutex.hpp"
#include "eddy/sync/queue.hpp"
#include "eddy/sync/semaphore.hpp"
#include "eddy/testing/expect_at_end.hpp"
#include "eddy/testing/ledger.hpp"
#include "eddy/testing/tracked.hpp"
#include "tests/testing/broken.hpp"
#include "tests/testing/caught.hpp"

using namespace std::chrono_literals;
using eddy::coro;
using eddy::testing::expect_part;
using eddy::testing::explore_options;
using eddy::testing::found_by_explore;
using eddy::testing::found_by_orders;
using eddy::testing::order_options;
namespace broken = eddy::testing::broken;

namespace {

// -- a semaphore that loses a permit when its woken waiter is cancelled

template <class Semaphore>
coro<> use_a_permit(Semaphore& permits) {
  co_await permits.acquire();
  struct give_back {
    explicit give_back(Semaphore& from) : permits(&from) {}
    give_back(const give_back&) = delete;
    give_back& operator=(const give_back&) = delete;
    ~give_back() { permits->release(); }
    Semaphore* permits;
  } const held(permits);
  co_await eddy::sleep(1ms);
}

coro<> a_permit_is_handed_over() {
  broken::semaphore permits(1);
  const eddy::testing::expect_at_end whole("the permit is back", [&] { return permits.available() == 1; });
  co_await eddy::gather(use_a_permit(permits), use_a_permit(permits), use_a_permit(permits));
}

TEST(planted, L1_a_semaphore_that_loses_the_permit_of_a_cancelled_waiter) {
  expect_part(found_by_explore(a_permit_is_handed_over), "the permit is back");
  const auto found = eddy::testing::explore_orders(a_permit_is_handed_over, order_options().cancelling().report(false));
  expect_part(text_of(found), "EDDY_SEED=");
  expect_part(text_of(found), "the permit is back");
}

TEST(planted, L1_eddys_semaphore_passes_the_same) {
  const auto body = []() -> coro<> {
    eddy::semaphore permits(1);
    const eddy::testing::whole_at_end whole(permits, 1);
    const auto use = [&]() -> coro<> {
      auto held = co_await permits.acquire();
      co_await eddy::sleep(1ms);
    };
    co_await eddy::gather(use(), use(), use());
  };
  EXPECT_EQ(found_by_explore(body, explore_options().everything().pairs()), "");
  EXPECT_EQ(found_by_orders(body, order_options().cancelling()), "");
}

// -- a queue that drops an item

coro<> an_item_is_got_under_a_limit() {
  eddy::testing::ledger books("items");
  broken::queue items;
  for (int i = 0; i < 3; ++i) {
    const int item = books.next_item();
    items.put(item);
    books.put(item);
  }
  const auto empty = [&] {
    while (const auto rest = items.try_get()) books.left(*rest);
    return true;
  };
  const eddy::testing::expect_at_end emptied("what is left is counted", empty);
  for (int i = 0; i < 3; ++i) {
    const int got = co_await items.get();
    books.took(got);
  }
}

TEST(planted, L1_a_queue_that_drops_an_item_of_a_cancelled_getter) {
  expect_part(found_by_explore(an_item_is_got_under_a_limit), "was put and is lost");
  const std::string text = found_by_orders(an_item_is_got_under_a_limit, order_options().cancelling());
  expect_part(text, "EDDY_SEED=");
  expect_part(text, "was put and is lost");
}

// -- a lock that barges

template <class Lock>
coro<> in_order(Lock& door, std::vector<int>& asked, std::vector<int>& entered, int who) {
  for (int round = 0; round < 2; ++round) {
    const int number = 10 * who + round;
    asked.push_back(number);
    co_await door.acquire();
    entered.push_back(number);
    co_await eddy::sleep(0ns);
    door.release();
  }
}

coro<> three_at_a_door() {
  broken::lock door;
  std::vector<int> asked;
  std::vector<int> entered;
  co_await eddy::gather(in_order(door, asked, entered, 1), in_order(door, asked, entered, 2),
                        in_order(door, asked, entered, 3));
  EXPECT_EQ(asked, entered) << "somebody has barged in";
}

TEST(planted, L7_a_lock_that_barges) {
  const auto found = eddy::testing::explore_orders(three_at_a_door, order_options().report(false));
  expect_part(text_of(found), "EDDY_SEED=");
  expect_part(text_of(found), "somebody has barged in");
  expect_part(text_of(found), "planted_test.cpp:");
}

// -- a wait_for that swallows a cancellation

TEST(planted, L11_a_wait_for_that_swallows_a_cancellation) {
  const auto body = []() -> coro<> { co_await broken::wait_for([]() -> coro<> { co_await eddy::sleep(1h); }, 2h); };
  expect_part(found_by_explore(body), "its shields are lifted");
  const auto right = []() -> coro<> { co_await eddy::wait_for(eddy::sleep(1h), 2h); };
  EXPECT_EQ(found_by_explore(right), "");
}

// -- a double close of a reused descriptor

/// Closes its descriptor twice when it is cancelled: at once, and in its destructor.
class closes_twice {
 public:
  closes_twice() : fd_(::open("/dev/null", O_RDONLY | O_CLOEXEC)) {}
  closes_twice(const closes_twice&) = delete;
  closes_twice& operator=(const closes_twice&) = delete;
  ~closes_twice() { ::close(fd_); }
  void close() const { ::close(fd_); }  // the planted bug: fd_ stays

 private:
  int fd_;
};

/// A socket that eddy's backend watches.
class watched_socket {
 public:
  watched_socket() {
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends_.data()), 0);
    mine_.fd = ends_[0];
    eddy::event_loop::current().scheduler().io->attach(mine_);
  }
  watched_socket(const watched_socket&) = delete;
  watched_socket& operator=(const watched_socket&) = delete;
  ~watched_socket() {
    eddy::event_loop::current().scheduler().io->close(mine_);
    ::close(ends_[1]);
  }
  eddy::detail::descriptor& mine() noexcept { return mine_; }
  /// What the other end can read now, in bytes.
  int arrived() const {
    std::array<char, 16> bytes{};
    return static_cast<int>(::read(ends_[1], bytes.data(), bytes.size()));
  }

 private:
  std::array<int, 2> ends_{};
  eddy::detail::descriptor mine_;
};

TEST(planted, L4_a_descriptor_that_is_closed_twice_and_was_given_out_again) {
  expect_part(found_by_explore([]() -> coro<> {
                std::unique_ptr<watched_socket> other;
                {
                  const closes_twice file;
                  co_await eddy::sleep(1ms);
                  file.close();
                  other = std::make_unique<watched_socket>();  // has the same number now
                }
                co_await eddy::sleep(1ms);
              }),
              "was closed by somebody who does not own it");
}

// -- an event that forgets a waiter

TEST(planted, an_event_that_forgets_a_waiter) {
  const std::string text = found_by_explore([]() -> coro<> {
    broken::event ready;
    const auto waits = [&]() -> coro<> { co_await ready.wait(); };
    const auto sets = [&]() -> coro<> {
      co_await eddy::sleep(1ms);
      ready.set();
    };
    co_await eddy::gather(waits(), waits(), sets());
  });
  expect_part(text, "deadlock");
  expect_part(text, "wake_list::wait");
}

// -- clean-up that is skipped when it is cancelled

TEST(planted, L3_clean_up_that_a_cancellation_skips) {
  expect_part(found_by_explore([]() -> coro<> {
                try {
                  eddy::testing::tracked::note_open("connection");
                  co_await eddy::sleep(1ms);
                  eddy::testing::tracked::note_close("connection");
                } catch (...) {  // the planted bug: no cancellation comes by here (L2)
                  eddy::testing::tracked::note_close("connection");
                  throw;
                }
              }),
              "\"connection\" was opened and not closed");
}

TEST(planted, L3_clean_up_that_runs_twice_after_a_timeout) {
  expect_part(found_by_explore(
                  []() -> coro<> {
                    const eddy::testing::counted guard("connection");
                    bool ended = false;
                    struct closes_when_unwound {
                      explicit closes_when_unwound(bool& flag) : ended(flag) {}
                      closes_when_unwound(const closes_when_unwound&) = delete;
                      closes_when_unwound& operator=(const closes_when_unwound&) = delete;
                      ~closes_when_unwound() {
                        if (!ended)
                          eddy::testing::tracked::note_close("connection");  // the planted bug: guard does too
                      }
                      bool& ended;
                    } const too(ended);
                    co_await eddy::sleep(1ms);
                    ended = true;
                  },
                  explore_options().timeouts()),
              "\"connection\" was closed more often than opened");
}

// -- a group that does not join

TEST(planted, L5_a_task_group_that_does_not_join) {
  const std::string text = found_by_explore([]() -> coro<> {
    broken::task_group group;
    for (int i = 0; i < 2; ++i) group.create_task([]() -> coro<> { co_await eddy::sleep(1ms); });
    co_await group.join();
  });
  expect_part(text, "tasks are left");
  expect_part(text, "cancelled");
}

// -- an update that another task overwrites

coro<> two_add_one() {
  broken::counter sum;
  co_await eddy::gather(sum.add_one(), sum.add_one());
  EXPECT_EQ(sum.value(), 2);
}

TEST(planted, S68_an_update_that_is_lost) {
  expect_part(found_by_orders(two_add_one), "EDDY_SEED=");
  expect_part(found_by_orders(two_add_one, order_options().exhaustive()), "sum.value()");
}

// -- a sender that believes in whole sends

/// Sends once.
class send_operation final : public eddy::detail::io_operation<send_operation> {
 public:
  send_operation(eddy::detail::descriptor& to, const char* bytes, std::size_t count) noexcept {
    kind = eddy::detail::io_kind::send;
    target = &to;
    data = const_cast<char*>(bytes);
    size = count;
  }
  send_operation(send_operation&&) = default;
  int await_resume() const noexcept { return result; }
  std::string describe() const override { return "send"; }
};

TEST(planted, L1_a_sender_that_believes_every_send_is_whole) {
  const std::string text = found_by_explore(
      []() -> coro<> {
        watched_socket socket;
        const int sent = co_await send_operation(socket.mine(), "four", 4);
        if (sent < 0) co_return;
        EXPECT_EQ(socket.arrived(), 4) << "the planted bug: nobody sent the rest";
      },
      explore_options().faults());
  expect_part(text, "moved one byte at most");
  expect_part(text, "nobody sent the rest");
}

}  // namespace
