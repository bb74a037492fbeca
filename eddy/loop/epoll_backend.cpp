// SPDX-License-Identifier: BSL-1.0
#include "eddy/loop/epoll_backend.hpp"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <limits>
#include <system_error>
#include <utility>

#include "eddy/base/config.hpp"

namespace eddy::detail {

namespace {

constexpr std::uint64_t wake_key = UINT64_MAX;

[[noreturn]] void throw_errno(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

/// Whether a stream gave less than was asked for and so is empty: the next edge will tell when there is more. After the
/// end of the stream no edge follows, so then the descriptor stays readable.
bool drained(const io_request& request, int result) noexcept {
  return request.kind == io_kind::receive && result > 0 && static_cast<std::size_t>(result) < request.size &&
         !request.target->hung_up;
}

/// Rounded up, so that nobody is woken before the time; a wait that is cut short is begun again.
int milliseconds(std::chrono::nanoseconds limit) noexcept {
  const auto whole = std::chrono::ceil<std::chrono::milliseconds>(limit).count();
  return static_cast<int>(std::min<std::int64_t>(whole, std::numeric_limits<int>::max()));
}

}  // namespace

epoll_backend::epoll_backend() : epoll_(epoll_create1(EPOLL_CLOEXEC)) {
  if (epoll_ < 0) throw_errno("epoll_create1");
  wake_ = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  epoll_event event{};
  event.events = EPOLLIN | EPOLLET;
  event.data.u64 = wake_key;
  if (wake_ < 0 || epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_, &event) != 0) {
    const int error = errno;
    if (wake_ >= 0) ::close(wake_);
    ::close(epoll_);
    errno = error;
    throw_errno("eventfd for a loop");
  }
}

epoll_backend::~epoll_backend() {
  ::close(wake_);
  ::close(epoll_);
}

void epoll_backend::attach(descriptor& d) {
  if (first_free_ == no_slot) {
    if (slots_ == pages_.size() * page::size) pages_.push_back(make_owned<page>());
    slot_at(slots_) = slot(no_slot);
    first_free_ = slots_++;
  }
  const std::uint32_t index = first_free_;
  d.generation = ++generations_;
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.u64 = (std::uint64_t{d.generation} << 32) | index;
  if (epoll_ctl(epoll_, EPOLL_CTL_ADD, d.fd, &event) != 0) throw_errno("epoll_ctl");
  first_free_ = slot_at(index).next_free();
  slot_at(index) = slot(d);
  d.slot = index;
  d.attached = true;
  ++attached_;
}

void epoll_backend::forget(descriptor& d) noexcept {
  EDDY_ASSERT(d.reading == nullptr && d.writing == nullptr,
              "a descriptor was closed with a read or write pending; cancel it and await its end first");
  slot_at(d.slot) = slot(std::exchange(first_free_, d.slot));
  d.attached = false;
  --attached_;
}

void epoll_backend::close(descriptor& d) noexcept {
  if (d.attached) forget(d);
  // The kernel drops the registration with the last copy of the descriptor; a copy that a child process still holds can
  // only cause events of an old generation.
  if (d.fd >= 0) ::close(d.fd);
  d.fd = -1;
}

int epoll_backend::detach(descriptor& d) noexcept {
  if (d.attached) {
    forget(d);
    epoll_event none{};
    epoll_ctl(epoll_, EPOLL_CTL_DEL, d.fd, &none);
  }
  const int fd = d.fd;
  d.fd = -1;
  return fd;
}

bool epoll_backend::start(io_request& request) {
  descriptor& d = *request.target;
  const bool reading = reads(request.kind);
  io_request*& place = reading ? d.reading : d.writing;
  EDDY_ASSERT(place == nullptr,
              "two reads or two writes of one descriptor at a time; let one task do each, or use a mutex");
  if (request.kind == io_kind::connect) d.hung_up = false;  // a socket that is not yet connected counts as hung up
  if ((reading ? d.readable : d.writable) && try_now(request)) return true;
  place = &request;
  request.pending = true;
  ++pending_;
  return false;
}

EDDY_NOINLINE bool epoll_backend::try_now(io_request& request) {
  bool& ready = reads(request.kind) ? request.target->readable : request.target->writable;
  if (!ready) return false;
  request.result = attempt(request, lent_);
  if (would_block(request.result)) {
    ready = false;
    return false;
  }
  if (drained(request, request.result)) ready = false;
  return true;
}

bool epoll_backend::withdraw(io_request& request) noexcept {
  (reads(request.kind) ? request.target->reading : request.target->writing) = nullptr;
  request.pending = false;
  --pending_;
  return true;
}

void epoll_backend::poll(std::optional<std::chrono::nanoseconds> limit) {
  const int count = wait(limit);
  if (count < 0 && errno != EINTR) throw_errno("epoll_pwait2");
  for (int i = 0; i < count; ++i) dispatch(events_[static_cast<std::size_t>(i)]);
}

int epoll_backend::wait(std::optional<std::chrono::nanoseconds> limit) noexcept {
  if (!coarse_) {
    timespec time{};
    if (limit) {
      time.tv_sec = static_cast<time_t>(limit->count() / 1'000'000'000);
      time.tv_nsec = static_cast<long>(limit->count() % 1'000'000'000);
    }
    const int count =
        epoll_pwait2(epoll_, events_.data(), static_cast<int>(events_.size()), limit ? &time : nullptr, nullptr);
    // Linux before 5.11 has no such call, and sandboxes older than it refuse it.
    coarse_ = count < 0 && (errno == ENOSYS || errno == EPERM);
    if (!coarse_) return count;
  }
  return epoll_wait(epoll_, events_.data(), static_cast<int>(events_.size()), limit ? milliseconds(*limit) : -1);
}

void epoll_backend::dispatch(const epoll_event& event) noexcept {
  if (event.data.u64 == wake_key) return;  // edge-triggered: the counter need not be read
  const auto index = static_cast<std::uint32_t>(event.data.u64);
  const auto generation = static_cast<std::uint32_t>(event.data.u64 >> 32);
  if (index >= slots_) return;
  descriptor* const found = slot_at(index).owner();
  if (found == nullptr || found->generation != generation) return;
  descriptor& d = *found;
  constexpr std::uint32_t broken = EPOLLERR | EPOLLHUP;
  if ((event.events & (EPOLLRDHUP | broken)) != 0) d.hung_up = true;
  if ((event.events & (EPOLLIN | EPOLLRDHUP | broken)) != 0) {
    d.readable = true;
    retry(d.reading);
  }
  if ((event.events & (EPOLLOUT | broken)) != 0) {
    d.writable = true;
    retry(d.writing);
  }
}

void epoll_backend::retry(io_request* request) noexcept {
  if (request == nullptr) return;
  if (request->in_step)
    request->ready();
  else if (finish(*request))
    request->completed();
}

bool epoll_backend::finish(io_request& request) noexcept {
  descriptor& d = *request.target;
  const bool reading = reads(request.kind);
  const int result = request.kind == io_kind::connect ? connect_result(request) : attempt(request, lent_);
  if (would_block(result)) {
    (reading ? d.readable : d.writable) = false;
    return false;
  }
  if (drained(request, result)) d.readable = false;
  request.result = result;
  request.pending = false;
  (reading ? d.reading : d.writing) = nullptr;
  --pending_;
  return true;
}

void epoll_backend::wake() noexcept {
  const std::uint64_t one = 1;
  const int error = errno;  // also called from signal handlers
  [[maybe_unused]] const ssize_t written = ::write(wake_, &one, sizeof one);
  errno = error;
}

}  // namespace eddy::detail
