// SPDX-License-Identifier: BSL-1.0
#include "eddy/exec/detail/threads.hpp"

#include <pthread.h>
#include <signal.h>

#include <utility>

namespace eddy::detail {

namespace {

/// While it lives, new threads are born with all signals blocked.
class blocked_signals {
 public:
  blocked_signals() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  blocked_signals(const blocked_signals&) = delete;
  blocked_signals& operator=(const blocked_signals&) = delete;
  ~blocked_signals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_{};
};

}  // namespace

std::thread start_thread(const std::string& name, detail::function<void()> body) {
  const blocked_signals none;
  return std::thread([name = name.substr(0, 15), body = std::move(body)] {
    pthread_setname_np(pthread_self(), name.c_str());
    body();
  });
}

}  // namespace eddy::detail
