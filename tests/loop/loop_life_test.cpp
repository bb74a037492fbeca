// SPDX-License-Identifier: BSL-1.0
#include "eddy/loop/loop_life.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <optional>
#include <thread>

#include "eddy/loop/event_loop.hpp"

namespace {

TEST(loop_life, a_ticket_leads_to_the_loop_until_it_has_ended) {
  auto loop = std::make_unique<eddy::event_loop>();
  const eddy::detail::loop_ticket ticket = loop->ticket();
  eddy::event_loop* found = nullptr;
  EXPECT_TRUE(ticket.with_loop([&](eddy::event_loop& there) { found = &there; }));
  EXPECT_EQ(found, loop.get());
  loop.reset();
  EXPECT_FALSE(ticket.with_loop([](eddy::event_loop&) { FAIL() << "the loop has gone"; }));
}

TEST(loop_life, an_old_ticket_does_not_lead_to_a_later_loop) {
  auto first = std::make_unique<eddy::event_loop>();
  const eddy::detail::loop_ticket old = first->ticket();
  first.reset();
  eddy::event_loop second;  // in the slot of the first
  EXPECT_FALSE(old.with_loop([](eddy::event_loop&) { FAIL() << "another loop"; }));
  EXPECT_TRUE(second.ticket().with_loop([](eddy::event_loop&) {}));
}

TEST(loop_life, the_loop_waits_for_who_is_inside) {
  auto loop = std::make_unique<eddy::event_loop>();
  const eddy::detail::loop_ticket ticket = loop->ticket();
  std::atomic<bool> inside{false};
  std::atomic<bool> leaving{false};
  std::thread other([&] {
    ticket.with_loop([&](eddy::event_loop& there) {
      inside = true;
      inside.notify_one();
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
      there.call_soon_threadsafe([] {});  // still whole
      leaving = true;
    });
  });
  inside.wait(false);
  loop.reset();
  EXPECT_TRUE(leaving);
  other.join();
}

class told final : public eddy::detail::loop_dependent {
 public:
  void loop_ended() noexcept override { ++times; }
  int times = 0;
};

TEST(loop_life, dependents_are_told_once_unless_they_are_gone) {
  told stays;
  {
    eddy::event_loop loop;
    loop.add_dependent(stays);
    std::optional<told> goes(std::in_place);
    loop.add_dependent(*goes);
    goes.reset();
    EXPECT_EQ(stays.times, 0);
  }
  EXPECT_EQ(stays.times, 1);
}

}  // namespace
