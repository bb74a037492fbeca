// SPDX-License-Identifier: BSL-1.0
#include "eddy/testing/detail/faulty_backend.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <utility>

#include "eddy/testing/detail/run_notes.hpp"

namespace eddy::detail {

std::optional<faulty_backend::file> faulty_backend::file_of(int fd) noexcept {
  struct stat status{};
  if (fstat(fd, &status) != 0) return std::nullopt;
  return file{status.st_dev, status.st_ino};
}

void faulty_backend::attach(descriptor& d) {
  real_->attach(d);
  count();
  if (const auto now = file_of(d.fd)) files_[&d] = *now;
}

void faulty_backend::check_owned(const descriptor& d) noexcept {
  const auto known = files_.find(&d);
  if (known == files_.end()) return;
  const auto now = file_of(d.fd);
  if (!now)
    note_problem("descriptor " + std::to_string(d.fd) + " was closed by somebody who does not own it");
  else if (*now != known->second)
    note_problem("descriptor " + std::to_string(d.fd) +
                 " was closed by somebody who does not own it, and is another file now");
  files_.erase(known);
}

void faulty_backend::close(descriptor& d) noexcept {
  check_owned(d);
  real_->close(d);
  count();
}

int faulty_backend::detach(descriptor& d) noexcept {
  check_owned(d);
  const int fd = real_->detach(d);
  count();
  return fd;
}

bool faulty_backend::try_one_byte(io_request& request) {
  void* const data = request.data;
  const std::size_t size = request.size;
  iovec part{};
  if (request.kind == io_kind::send_parts) {
    const auto* const parts = static_cast<const iovec*>(data);
    const auto* const first = std::find_if(parts, parts + size, [](const iovec& each) { return each.iov_len != 0; });
    if (first == parts + size) return real_->try_now(request);
    part = {first->iov_base, 1};
    request.data = &part;
  }
  request.size = 1;
  const bool done = real_->try_now(request);
  const bool lent = reads(request.kind) && data == nullptr && done;
  if (!lent) request.data = data;
  request.size = size;
  return done;
}

bool faulty_backend::start(io_request& request) {
  const auto fault = strike(request);
  if (fault && fault->error != 0) {
    request.result = -fault->error;
    if (!fault->later) return true;
    delayed_ = &request;
    request.pending = true;
    count();
    return false;
  }
  if (fault && !reads(request.kind) && try_one_byte(request)) return true;
  if (fault && reads(request.kind)) request.size = 1;  // the most that it wants: the owner says so anew each time
  const bool done = real_->start(request);
  count();
  return done;
}

bool faulty_backend::try_now(io_request& request) {
  const auto fault = strike(request);
  if (!fault) return real_->try_now(request);
  if (fault->error == 0) return try_one_byte(request);
  request.result = -fault->error;
  return true;
}

bool faulty_backend::finish(io_request& request) noexcept {
  const bool done = real_->finish(request);
  count();
  return done;
}

bool faulty_backend::withdraw(io_request& request) noexcept {
  if (delayed_ == &request) {
    delayed_ = nullptr;
    request.pending = false;
    count();
    return true;
  }
  const bool gone = real_->withdraw(request);
  count();
  return gone;
}

void faulty_backend::poll(std::optional<std::chrono::nanoseconds> limit) {
  real_->poll(delayed_ == nullptr ? limit : std::chrono::nanoseconds(0));
  if (io_request* const request = std::exchange(delayed_, nullptr)) {
    request->pending = false;
    count();
    request->completed();
  }
  count();
}

/// The counts are the base's own, so that asking for them costs nothing elsewhere.
void faulty_backend::count() noexcept {
  pending_ = real_->pending() + (delayed_ != nullptr ? 1 : 0);
  leaving_ = real_->leaving();
  attached_ = real_->watching() || delayed_ != nullptr ? 1 : 0;
}

}  // namespace eddy::detail
