// SPDX-License-Identifier: BSL-1.0
#include "eddy/exec/readable.hpp"

#include <poll.h>

#include <cerrno>
#include <system_error>
#include <unordered_map>

namespace eddy::detail {

/// A foreign descriptor while at least one wait is about it.
struct foreign_descriptor : descriptor {
  int waits = 0;
};

namespace {

/// The foreign descriptors of a loop: reading and writing sides share one.
class foreign_descriptors final : public loop_service {
 public:
  explicit foreign_descriptors(event_loop&) {}
  void shut_down() noexcept override {}

  std::unordered_map<int, foreign_descriptor> by_number;
};

[[noreturn]] void throw_not_watchable(int fd, int error) {
  if (error == EEXIST)
    throw misuse_error("readable, writable: descriptor " + std::to_string(fd) +
                       " belongs to one of eddy's own objects; use that object's functions");
  throw std::system_error(error, std::generic_category(), "wait for descriptor " + std::to_string(fd));
}

}  // namespace

bool readiness_operation::ready_now() const {
  pollfd asked{fd_, static_cast<short>(kind == io_kind::wait_readable ? POLLIN : POLLOUT), 0};
  int found = 0;
  do found = ::poll(&asked, 1, 0);
  while (found < 0 && errno == EINTR);
  if (found < 0) throw_not_watchable(fd_, errno);
  if ((asked.revents & POLLNVAL) != 0) throw_not_watchable(fd_, EBADF);
  return found != 0;
}

bool readiness_operation::try_complete() {
  if (ready_now()) return true;
  watch();
  return io_operation::try_complete();
}

void readiness_operation::watch() {
  scheduler& s = context_->scheduler();
  auto& known = s.service<foreign_descriptors>().by_number;
  const auto [entry, made] = known.try_emplace(fd_);
  foreign_descriptor& d = entry->second;
  if (made) {
    d.fd = fd_;
    try {
      s.io->attach(d);
    } catch (const std::system_error& e) {
      known.erase(entry);
      throw_not_watchable(fd_, e.code().value());
    }
  }
  const bool reading = reads(kind);
  if ((reading ? d.reading : d.writing) != nullptr)
    throw misuse_error("two tasks wait for descriptor " + std::to_string(fd_) + " to be " +
                       (reading ? "readable" : "writable") + "; let one wait and tell the other");
  // It was asked just now: an edge of before is no news, and one that comes still will be.
  (reading ? d.readable : d.writable) = false;
  ++d.waits;
  watched_ = &d;
  target = &d;
}

bool readiness_operation::take_back() noexcept {
  if (!io_operation::take_back()) return false;
  forget();
  return true;
}

void readiness_operation::forget() noexcept {
  if (watched_ == nullptr) return;
  foreign_descriptor& d = *std::exchange(watched_, nullptr);
  if (--d.waits != 0) return;
  scheduler& s = context_->scheduler();
  s.io->detach(d);
  s.service<foreign_descriptors>().by_number.erase(fd_);
}

void readiness_operation::await_resume() {
  forget();
  if (result < 0 && result != -ECANCELED) throw_not_watchable(fd_, -result);
}

std::string readiness_operation::describe() const {
  return "descriptor " + std::to_string(fd_) + (kind == io_kind::wait_readable ? " to be readable" : " to be writable");
}

}  // namespace eddy::detail
