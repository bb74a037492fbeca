// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <signal.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "eddy/base/intrusive_list.hpp"
#include "eddy/loop/event_loop.hpp"
#include "eddy/loop/scheduler.hpp"

namespace eddy::detail {

class signal_listener;

/// The signals of the process are numbered from 1 to 64.
inline constexpr std::size_t signal_numbers = 65;

/// Sets the process's handler for a signal, or adds one to those who want it. @throws std::system_error
void acquire_signal(int number);
/// The last one puts back what was before.
void release_signal(int number) noexcept;

/// The signals of one loop: what the handler leaves for it, and who listens.
class signal_inbox final : public loop_service, private runnable {
 public:
  explicit signal_inbox(event_loop& loop);
  ~signal_inbox() override;
  void shut_down() noexcept override;

  void add(signal_listener& listener);
  void remove(signal_listener& listener) noexcept;

  /// In a signal handler: atomics and one write to an eventfd.
  void raised(int number, const siginfo_t* info) noexcept;

 private:
  struct came {
    std::atomic<unsigned> count{0};
    std::atomic<std::uint64_t> order{0};   // of the first of them, among all signals
    std::atomic<std::uint64_t> sender{0};  // process and user of the last
  };

  void run() noexcept override;
  bool register_with_process() noexcept;

  event_loop& loop_;
  std::array<came, signal_numbers> came_;
  std::atomic<bool> posted_{false};
  bool registered_ = false;
  intrusive_list<signal_listener> listeners_;
};

}  // namespace eddy::detail
