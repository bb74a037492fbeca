// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <sys/epoll.h>

#include <array>
#include <cstddef>
#include <memory>
#include <vector>

#include "eddy/loop/backend.hpp"

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
  bool withdraw(io_request& request) noexcept override;
  void poll(std::optional<std::chrono::nanoseconds> limit) override;
  void wake() noexcept override;

 private:
  // An event carries slot and generation, so that one that was queued for a descriptor which was closed meanwhile never
  // reaches the descriptor that got its slot or its number.
  struct slot {
    descriptor* owner = nullptr;
    std::uint32_t generation = 0;
  };

  static constexpr std::size_t lent_size = 64 * 1024;

  void forget(descriptor& d) noexcept;
  int attempt(io_request& request) noexcept;
  int receive(io_request& request) noexcept;
  void dispatch(const epoll_event& event) noexcept;
  void retry(io_request*& pending) noexcept;

  int epoll_ = -1;
  int wake_ = -1;
  std::vector<slot> slots_;
  std::vector<std::uint32_t> free_slots_;
  std::array<epoll_event, 256> events_{};
  std::unique_ptr<std::byte[]> lent_;  // what receives without a buffer of their own read into; made at first use
};

}  // namespace eddy::detail
