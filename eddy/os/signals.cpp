// SPDX-License-Identifier: BSL-1.0
#include "eddy/os/signals.hpp"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "eddy/base/errors.hpp"
#include "eddy/os/detail/signal_listener.hpp"

namespace eddy {

namespace detail {

namespace {

void check_number(int number) {
  if (number < 1 || static_cast<std::size_t>(number) >= signal_numbers)
    throw misuse_error("signals: there is no signal " + std::to_string(number));
  if (number == SIGSEGV || number == SIGBUS || number == SIGFPE || number == SIGILL)
    throw misuse_error("signals: " + signal_info{number}.name() +
                       " comes from the program's own mistake, after which it cannot go on; use sigaction");
}

}  // namespace

signal_listener::signal_listener(std::initializer_list<int> numbers)
    : inbox_(event_loop::current().scheduler().service<signal_inbox>()) {
  for (const int number : numbers) check_number(number);
  for (const int number : numbers) wanted_.set(static_cast<std::size_t>(number));
  inbox_.add(*this);  // before the handlers: what they bring from then on finds this
  try {
    for (std::size_t number = 1; number < signal_numbers; ++number) {
      if (!wanted_[number]) continue;
      acquire_signal(static_cast<int>(number));
      acquired_.set(number);
    }
  } catch (...) {
    release_all();
    throw;
  }
}

signal_listener::~signal_listener() {
  EDDY_ASSERT(waiting == nullptr,
              "a signal_stream was destroyed while somebody awaits its next(); let it outlive them");
  release_all();
}

void signal_listener::release_all() noexcept {
  for (std::size_t number = 1; number < signal_numbers; ++number)
    if (acquired_[number]) release_signal(static_cast<int>(number));
  inbox_.remove(*this);
}

void signal_listener::came(const signal_info& what) noexcept {
  if (waiting != nullptr) {
    std::exchange(waiting, nullptr)->grant(what);
    return;
  }
  const auto end = kept_.begin() + static_cast<std::ptrdiff_t>(kept_count_);
  const auto same = std::find_if(kept_.begin(), end, [&](const signal_info& k) { return k.number == what.number; });
  const unsigned before = same != end ? same->count : 0;
  *same = what;
  same->count += before;
  if (same == end) ++kept_count_;
}

bool signal_listener::take(late<signal_info>& into) noexcept {
  if (kept_count_ == 0) return false;
  into.emplace(kept_[0]);
  std::copy(kept_.begin() + 1, kept_.begin() + static_cast<std::ptrdiff_t>(kept_count_), kept_.begin());
  --kept_count_;
  return true;
}

bool signal_wait::try_complete() {
  if (listener_->waiting != nullptr)
    throw misuse_error("two tasks wait for the next signal of one stream; give each a stream of its own");
  return listener_->take(got_);
}

std::optional<signal_info> signal_wait::await_resume() const noexcept {
  return got_ ? std::optional(*got_) : std::nullopt;
}

void signal_wait::begin() {
  listener_->waiting = this;
  // A loop that waits for a signal is no deadlock; on a virtual clock time may pass meanwhile.
  counts_as_work_ = !context_->scheduler().virtual_now;
  count(1);
}

bool signal_wait::take_back() noexcept {
  listener_->waiting = nullptr;
  count(-1);
  return true;
}

void signal_wait::grant(const signal_info& got) noexcept {
  got_.emplace(got);
  count(-1);
  context_->completed();
}

void signal_wait::count(int difference) noexcept {
  scheduler& s = context_->scheduler();
  (counts_as_work_ ? s.external : s.open_promises) += static_cast<std::size_t>(difference);
}

std::string signal_wait::describe() const { return "signal_stream::next"; }

}  // namespace detail

std::string signal_info::name() const {
  const char* const short_name = ::sigabbrev_np(number);
  if (short_name != nullptr) return std::string("SIG") + short_name;
  if (number >= SIGRTMIN && number <= SIGRTMAX) return "SIGRTMIN+" + std::to_string(number - SIGRTMIN);
  return "signal " + std::to_string(number);
}

signal_stream::signal_stream(std::initializer_list<int> numbers)
    : listener_(std::make_unique<detail::signal_listener>(numbers)) {}
signal_stream::signal_stream(signal_stream&&) noexcept = default;
signal_stream& signal_stream::operator=(signal_stream&&) noexcept = default;
signal_stream::~signal_stream() = default;

}  // namespace eddy
