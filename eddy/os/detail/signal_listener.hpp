// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bitset>

#include "eddy/os/detail/signal_hub.hpp"
#include "eddy/os/signals.hpp"

namespace eddy::detail {

/// What a signal_stream stands for: the numbers it wants, and what has come and was not handed out.
class signal_listener : public list_hook {
 public:
  explicit signal_listener(std::initializer_list<int> numbers);
  ~signal_listener();
  signal_listener(const signal_listener&) = delete;
  signal_listener& operator=(const signal_listener&) = delete;

  bool wants(int number) const noexcept { return wanted_[static_cast<std::size_t>(number)]; }
  void came(const signal_info& what) noexcept;
  /// The oldest, if there is any.
  bool take(late<signal_info>& into) noexcept;

  signal_wait* waiting = nullptr;

 private:
  void release_all() noexcept;

  signal_inbox& inbox_;
  std::bitset<signal_numbers> wanted_;
  std::bitset<signal_numbers> acquired_;
  // At most one of each number, so that it never grows beyond the room that it has from the start.
  std::array<signal_info, signal_numbers> kept_;
  std::size_t kept_count_ = 0;
};

}  // namespace eddy::detail
