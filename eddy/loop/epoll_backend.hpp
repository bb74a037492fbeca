// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <sys/epoll.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <vector>

#include "eddy/base/owned.hpp"
#include "eddy/loop/backend.hpp"
#include "eddy/loop/detail/attempt.hpp"

namespace eddy::detail {

/// The backend on epoll: edge-triggered, each descriptor registered once, readiness remembered.
///
/// A request is tried at once unless the descriptor is known not to be ready; it waits for an edge when the system says
/// that it would block. A receive that came back short clears the readiness, so that no system call is spent on finding
/// nothing.
class epoll_backend final : public backend {
 public:
  epoll_backend();
  ~epoll_backend() override;
  epoll_backend(const epoll_backend&) = delete;
  epoll_backend& operator=(const epoll_backend&) = delete;

  std::string_view name() const noexcept override { return "epoll"; }
  void attach(descriptor& d) override;
  void close(descriptor& d) noexcept override;
  int detach(descriptor& d) noexcept override;
  bool start(io_request& request) override;
  bool try_now(io_request& request) override;
  bool finish(io_request& request) noexcept override;
  bool withdraw(io_request& request) noexcept override;
  void poll(std::optional<std::chrono::nanoseconds> limit) override;
  void wake() noexcept override;

 private:
  // An event carries slot and generation, so that one that was queued for a descriptor which was closed meanwhile never
  // reaches the descriptor that got its slot or its number.
  //
  // Eight bytes each, for the sake of many idle connections: the owner, or while it is free the next free one.
  class slot {
   public:
    slot() noexcept = default;
    explicit slot(descriptor& owner) noexcept : what_(reinterpret_cast<std::uintptr_t>(&owner)) {}
    explicit slot(std::uint32_t next_free) noexcept : what_(std::uintptr_t{next_free} << 1 | free_bit) {}
    /// Null while it is free.
    descriptor* owner() const noexcept {
      return (what_ & free_bit) != 0 ? nullptr : reinterpret_cast<descriptor*>(what_);
    }
    std::uint32_t next_free() const noexcept { return static_cast<std::uint32_t>(what_ >> 1); }

   private:
    static constexpr std::uintptr_t free_bit = 1;  // never set in an address
    std::uintptr_t what_ = free_bit;
  };
  static constexpr std::uint32_t no_slot = INT32_MAX;

  // The table grows by pages: one that doubles leaves its old copies behind in the heap.
  struct page {
    static constexpr std::uint32_t size = 256;
    std::array<slot, size> slots;
  };
  slot& slot_at(std::uint32_t index) noexcept { return pages_[index / page::size]->slots[index % page::size]; }

  void forget(descriptor& d) noexcept;
  int wait(std::optional<std::chrono::nanoseconds> limit) noexcept;
  void dispatch(const epoll_event& event) noexcept;
  void retry(io_request* pending) noexcept;

  int epoll_ = -1;
  int wake_ = -1;
  std::vector<owned<page>> pages_;
  std::uint32_t slots_ = 0;  // those that have ever been used
  std::uint32_t first_free_ = no_slot;
  std::uint32_t generations_ = 0;
  // Fewer would keep what a turn receives in a cache, and let more deadlines fire that a later poll would have beaten.
  std::array<epoll_event, 256> events_{};
  lent_buffer lent_;
  bool coarse_ = false;  // the system has no wait with nanoseconds
};

}  // namespace eddy::detail
