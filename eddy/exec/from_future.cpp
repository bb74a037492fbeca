// SPDX-License-Identifier: BSL-1.0
#include "eddy/exec/from_future.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "eddy/exec/detail/threads.hpp"

namespace eddy::detail {

/// One thread of a loop that looks at all futures which the loop waits for.
class future_watcher final : public loop_service {
 public:
  explicit future_watcher(event_loop&) {}

  void add(watched_future& f) {
    const std::scoped_lock guard(lock_);
    if (!thread_.joinable()) thread_ = start_thread("eddy-futures", [this] { look(); });
    watched_.push_back(f);
    wake_.notify_one();
  }
  bool remove(watched_future& f) noexcept {
    const std::scoped_lock guard(lock_);
    if (f.linked()) {
      f.unlink();
      return true;
    }
    f.out_ = true;
    return false;
  }
  void shut_down() noexcept override {
    {
      const std::scoped_lock guard(lock_);
      closed_ = true;
      wake_.notify_one();
    }
    if (thread_.joinable()) thread_.join();
  }

 private:
  // How long one future is waited for while others may become ready: short at first, longer when nothing happens.
  static constexpr std::chrono::microseconds shortest{50};
  static constexpr std::chrono::microseconds longest{5000};

  void look() {
    std::unique_lock guard(lock_);
    std::chrono::microseconds pause = shortest;
    while (true) {
      wake_.wait(guard, [this] { return closed_ || !watched_.empty(); });
      if (closed_) return;
      const bool found = ask_all(guard, pause);
      pause = found ? shortest : std::min(2 * pause, longest);
    }
  }
  // Waits for the oldest, then looks at each of the others once.
  bool ask_all(std::unique_lock<std::mutex>& guard, std::chrono::nanoseconds limit) {
    bool found = false;
    for (std::size_t left = watched_.size(); left > 0 && !watched_.empty(); --left) {
      watched_future& f = watched_.pop_front();
      guard.unlock();
      const bool ready = f.wait_ready(limit);
      limit = std::chrono::nanoseconds(0);
      guard.lock();
      if (!ready && !f.out_) {
        watched_.push_back(f);
        continue;
      }
      found = true;
      guard.unlock();
      f.told(ready);
      guard.lock();
    }
    return found;
  }

  std::mutex lock_;
  std::condition_variable wake_;
  std::thread thread_;
  intrusive_list<watched_future> watched_;
  bool closed_ = false;
};

void watch_future(scheduler& s, watched_future& f) { s.service<future_watcher>().add(f); }

bool unwatch_future(scheduler& s, watched_future& f) noexcept { return s.service<future_watcher>().remove(f); }

}  // namespace eddy::detail
