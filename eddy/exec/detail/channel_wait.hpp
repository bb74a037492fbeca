// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "eddy/coro/custom_operation.hpp"
#include "eddy/exec/detail/channel_core.hpp"

namespace eddy::detail {

/// Taking an item, as one of the things that a wait may be for.
template <class T>
class receive_case {
 public:
  using value_type = std::optional<T>;
  static constexpr const char* name = "channel::receive";

  explicit receive_case(channel_core<T>& core) noexcept : core_(&core) {}
  receive_case(receive_case&&) = default;

  bool try_now() noexcept { return core_->try_receive(place_); }
  bool wait(channel_claim& claim) noexcept {
    place_.claim = &claim;
    return core_->receive_or_wait(place_);
  }
  void leave() noexcept { core_->leave(place_); }
  bool served() const noexcept { return place_.served; }
  value_type result() noexcept { return std::move(place_.incoming); }

 private:
  channel_core<T>* core_;
  channel_place<T> place_;
};

/// Sending an item: somebody else's, which is moved from when it is sent, or a copy.
template <class T>
class send_case {
 public:
  using value_type = std::monostate;
  static constexpr const char* name = "channel::send";

  send_case(channel_core<T>& core, T&& item) noexcept : core_(&core), item_(std::addressof(item)) {}
  send_case(channel_core<T>& core, const T& item) : core_(&core), copy_(item) {}
  send_case(send_case&&) = default;

  bool try_now() noexcept { return core_->try_send(ready_place()); }
  bool wait(channel_claim& claim) noexcept {
    place_.claim = &claim;
    return core_->send_or_wait(ready_place());
  }
  void leave() noexcept { core_->leave(place_); }
  bool served() const noexcept { return place_.served; }
  bool closed() const noexcept { return place_.closed; }
  value_type result() const {
    if (closed()) throw closed_error("this channel was closed; what was to be sent is still with the sender");
    return {};
  }

 private:
  channel_place<T>& ready_place() noexcept {
    place_.outgoing = copy_ ? std::addressof(*copy_) : item_;
    return place_;
  }

  channel_core<T>* core_;
  T* item_ = nullptr;
  std::optional<T> copy_;
  channel_place<T> place_;
};

/// A coroutine's wait for one case.
template <class Case>
class channel_operation final : public custom_operation<channel_operation<Case>>, private channel_claim {
 public:
  using case_type = Case;

  explicit channel_operation(Case what) noexcept : case_(std::move(what)) {}
  channel_operation(channel_operation&&) = default;

  bool ready() noexcept { return case_.try_now(); }
  void start() noexcept {
    if (case_.wait(*this)) this->complete();
  }
  bool cancel() noexcept {
    if (!claim()) return false;  // the delivery is on its way
    case_.leave();
    return true;
  }
  decltype(auto) result() {
    if constexpr (std::is_same_v<typename Case::value_type, std::monostate>)
      (void)case_.result();
    else
      return case_.result();
  }
  std::string describe() const override { return Case::name; }

  /// For select: what it would have waited for.
  Case release() && noexcept { return std::move(case_); }

 private:
  void granted() noexcept override { this->complete_threadsafe(); }

  Case case_;
};

/// A plain thread's wait for one case.
class thread_claim final : public channel_claim {
 public:
  using limit = std::optional<std::chrono::steady_clock::time_point>;

  /// Waits until it was granted. @returns false when `deadline` came first: then nobody else has claimed it.
  bool wait(limit deadline);

 private:
  void granted() noexcept override;

  std::mutex lock_;
  std::condition_variable wake_;
  bool granted_ = false;
};

/// Waits on this thread. @returns false when `deadline` came first; then nothing has happened.
template <class Case>
bool wait_blocking(Case& what, thread_claim::limit deadline) {
  if (what.try_now()) return true;
  thread_claim here;
  // NOLINTNEXTLINE(clang-analyzer-core.StackAddressEscape): whoever granted it has let go of it
  if (what.wait(here) || here.wait(deadline)) return true;
  what.leave();
  return false;
}

/// Throws misuse_error on a thread that runs a loop.
void check_may_block(const char* what, const char* instead);

}  // namespace eddy::detail
