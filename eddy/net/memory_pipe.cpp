// SPDX-License-Identifier: BSL-1.0
#include "eddy/net/memory_pipe.hpp"

#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>

#include "eddy/base/errors.hpp"
#include "eddy/loop/event_loop.hpp"

namespace eddy {

namespace {

/// One direction.
class channel {
 public:
  channel(std::size_t capacity, std::size_t chunk) : capacity_(capacity), chunk_(chunk) {}

  /// As a system call that moves `most` bytes at most: bytes, 0 or -errno. Lends its own memory to a receive that has
  /// none: valid until the next send.
  int receive(detail::io_request& request, std::size_t most) noexcept {
    if (reset) return -ECONNRESET;
    if (bytes_.empty()) return ended ? 0 : -EAGAIN;
    const std::size_t wanted = request.size == 0 ? SIZE_MAX : request.size;
    const std::size_t count = std::min({wanted, chunk_, most, bytes_.size()});
    if (request.data == nullptr) {
      request.data = const_cast<char*>(bytes_.data());
      bytes_.consume(count);
    } else {
      bytes_.take(request.data, count);
    }
    return static_cast<int>(count);
  }
  int send(const detail::io_request& request, std::size_t most) {
    if (abandoned) return -EPIPE;
    if (bytes_.size() >= capacity_) return -EAGAIN;
    std::size_t sent = 0;
    const auto* parts = static_cast<const iovec*>(request.data);
    for (std::size_t i = 0; i < request.size; ++i) {
      const std::size_t count = std::min({parts[i].iov_len, capacity_ - bytes_.size(), most - sent});
      bytes_.append(parts[i].iov_base, count);
      sent += count;
    }
    return static_cast<int>(sent);
  }
  int attempt(detail::io_request& request, std::size_t most = SIZE_MAX) noexcept {
    try {
      return detail::reads(request.kind) ? receive(request, most) : send(request, most);
    } catch (const std::bad_alloc&) {
      return -ENOMEM;
    }
  }

  bool ended = false;      // the writing end has shut down
  bool reset = false;      // the writing end has aborted
  bool abandoned = false;  // the reading end has gone
  detail::io_request* reading = nullptr;
  detail::io_request* writing = nullptr;

 private:
  std::size_t capacity_;
  std::size_t chunk_;
  detail::byte_buffer bytes_;
};

/// Both directions; completes what waits as a step of the loop, as a backend's poll would.
class link final : public std::enable_shared_from_this<link>, private detail::runnable {
 public:
  link(std::size_t capacity, std::size_t chunk) : channels_{channel(capacity, chunk), channel(capacity, chunk)} {}

  channel& from(unsigned side) noexcept { return channels_[side]; }

  /// Something has changed: looks in the loop's turn who can go on.
  void changed() {
    if (queued_ != nullptr) return;
    queued_ = shared_from_this();
    event_loop::current().scheduler().make_ready(*this);
  }

 private:
  void run() noexcept override {
    const std::shared_ptr<link> keeps_this = std::move(queued_);
    for (channel& c : channels_) {
      // A receive makes room for a send, and the other way round.
      while (complete(c, c.reading) || complete(c, c.writing)) {
      }
    }
  }

  static bool complete(channel& c, detail::io_request*& place) noexcept {
    if (place == nullptr) return false;
    const int result = c.attempt(*place);
    if (result == -EAGAIN) return false;
    detail::io_request& request = *std::exchange(place, nullptr);
    request.result = result;
    request.pending = false;
    request.completed();
    return true;
  }

  std::array<channel, 2> channels_;
  std::shared_ptr<link> queued_;  // set while it stands in the ready queue
};

/// One end.
class memory_transport final : public detail::transport {
 public:
  memory_transport(std::shared_ptr<link> shared, unsigned side) : link_(std::move(shared)), side_(side) {}

  bool start(detail::io_request& request) override {
    if (try_now(request)) return true;
    place_of(request) = &request;
    request.pending = true;
    return false;
  }
  bool try_now(detail::io_request& request) override {
    detail::io_faults* const faults = event_loop::current().scheduler().faults;
    request.result = faults == nullptr ? channel_of(request).attempt(request) : attempt_with(*faults, request);
    if (request.result == -EAGAIN) return false;
    link_->changed();
    return true;
  }
  bool withdraw(detail::io_request& request) noexcept override {
    place_of(request) = nullptr;
    request.pending = false;
    return true;
  }
  void shut_down_sending() override {
    link_->from(side_).ended = true;
    link_->changed();
  }
  void close(bool reset) noexcept override {
    link_->from(side_).ended = true;
    link_->from(side_).reset = reset;
    link_->from(1 - side_).abandoned = true;
    link_->changed();
  }

 private:
  channel& channel_of(const detail::io_request& request) noexcept {
    return link_->from(detail::reads(request.kind) ? 1 - side_ : side_);
  }
  // What a test wants to go wrong does so at once: nothing here completes by itself.
  int attempt_with(detail::io_faults& faults, detail::io_request& request) {
    const auto fault = faults.strike(request);
    if (!fault) return channel_of(request).attempt(request);
    return fault->error != 0 ? -fault->error : channel_of(request).attempt(request, 1);
  }
  detail::io_request*& place_of(const detail::io_request& request) noexcept {
    channel& c = channel_of(request);
    return detail::reads(request.kind) ? c.reading : c.writing;
  }

  std::shared_ptr<link> link_;
  unsigned side_;
};

}  // namespace

std::pair<stream, stream> memory_pipe(memory_pipe_options options) {
  if (options.capacity_ == 0 || options.chunk_ == 0)
    throw misuse_error("memory_pipe: capacity and chunk are at least 1 byte");
  const auto shared = std::make_shared<link>(options.capacity_, options.chunk_);
  return {stream(std::make_unique<memory_transport>(shared, 0U)),
          stream(std::make_unique<memory_transport>(shared, 1U))};
}

}  // namespace eddy
