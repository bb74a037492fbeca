// SPDX-License-Identifier: BSL-1.0
#include "eddy/loop/io_uring_backend.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

#include "eddy/base/config.hpp"
#include "eddy/base/reports.hpp"
#include "eddy/loop/detail/buffer_ring.hpp"
#include "eddy/loop/detail/ring.hpp"

namespace eddy::detail {

namespace {

// How far a pending request has come: io_request::stage.
enum stage : std::uint8_t {
  waiting,      // for a poll of its descriptor; then it is tried again
  queued,       // an operation that the kernel has not seen
  with_kernel,  // an operation
  cancelling,   // the same, withdrawn
};

// Keys. A request's is its address, whose low bits are free. A poll's is its slot's number above the side.
constexpr std::uint64_t kind_bits = 3;
constexpr std::uint64_t of_request = 0;
constexpr std::uint64_t of_poll = 1;
constexpr std::uint64_t of_wake = 2;
constexpr std::uint64_t of_nobody = 3;   // how a cancellation went: the request itself tells
constexpr std::uint64_t cancel_bit = 4;  // only in the queue: not to begin, but to cancel
constexpr std::uint64_t write_bit = 8;
constexpr unsigned slot_shift = 4;
static_assert(alignof(io_request) >= 8);

std::uint64_t key_of(const io_request& request) noexcept { return reinterpret_cast<std::uintptr_t>(&request); }
std::uint64_t key_of(std::uint32_t index, bool reading) noexcept {
  return (std::uint64_t{index} << slot_shift) | (reading ? 0 : write_bit) | of_poll;
}
io_request& request_of(std::uint64_t key) noexcept {
  return *reinterpret_cast<io_request*>(static_cast<std::uintptr_t>(key & ~cancel_bit));
}
// A receive's length has 32 bits.
constexpr std::size_t most_at_once = std::size_t{1} << 30;

constexpr std::uint8_t side(bool reading) noexcept { return reading ? 1 : 2; }

io_request*& place_of(const io_request& request) noexcept {
  return reads(request.kind) ? request.target->reading : request.target->writing;
}

bool borrows(const io_request& request) noexcept { return request.kind == io_kind::receive && request.data == nullptr; }

/// Whether the operation could not be done in the kernel's way: wait for readiness and do it by a plain call.
bool try_otherwise(int result) noexcept {
  return would_block(result) || result == -EINTR || result == -ENOTSOCK || result == -ENOBUFS;
}

}  // namespace

io_uring_backend::io_uring_backend(const settings& how)
    : ring_(std::make_unique<ring>(ring_sizes{how.submissions, how.completions})), pieces_(how.pieces) {
  wake_ = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (wake_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd for a loop");
  queue_.push_back(of_wake);
}

io_uring_backend::~io_uring_backend() {
  cancel_everything();
  for (const slot& s : slots_)
    if (s.closing >= 0) ::close(s.closing);
  ::close(wake_);
}

// -- descriptors ------------------------------------------------------------------------------------------------------

void io_uring_backend::attach(descriptor& d) {
  if (free_slots_.empty()) {
    slots_.emplace_back();
    // So that nothing that must not throw has to allocate.
    const std::size_t wanted = 4 * slots_.size() + 1;
    if (queue_.capacity() < wanted) queue_.reserve(2 * wanted);
    if (free_slots_.capacity() < slots_.size()) free_slots_.reserve(2 * slots_.size());
    free_slots_.push_back(static_cast<std::uint32_t>(slots_.size() - 1));
  }
  d.slot = free_slots_.back();
  free_slots_.pop_back();
  slots_[d.slot] = slot{&d, -1, 0};
  d.attached = true;
  d.readable = false;
  d.no_socket = false;
  ++attached_;
}

void io_uring_backend::close(descriptor& d) noexcept {
  if (d.attached)
    give_up_slot(d, d.fd);
  else if (d.fd >= 0)
    ::close(d.fd);
  d.fd = -1;
}

int io_uring_backend::detach(descriptor& d) noexcept {
  if (d.attached) give_up_slot(d, -1);
  return std::exchange(d.fd, -1);
}

/// Ends the polls of a descriptor, then closes it: `closing` is its number, or -1 when it stays open.
void io_uring_backend::give_up_slot(descriptor& d, int closing) noexcept {
  EDDY_ASSERT(d.reading == nullptr && d.writing == nullptr,
              "a descriptor was closed with a read or write pending; cancel it and await its end first");
  slot& s = slots_[d.slot];
  s.owner = nullptr;
  s.closing = closing;
  d.attached = false;
  for (const bool reading : {true, false})
    if ((s.polls & side(reading)) != 0) disarm(d.slot, reading);
  ++pending_;
  ++leaving_;
  if (s.polls == 0) free_slot(d.slot);
}

/// The last poll has reported back: nothing of the kernel's refers to the descriptor any more.
void io_uring_backend::free_slot(std::uint32_t index) noexcept {
  if (slots_[index].closing >= 0) ::close(slots_[index].closing);
  slots_[index].closing = -1;
  free_slots_.push_back(index);
  --pending_;
  --leaving_;
  --attached_;
}

// -- requests ---------------------------------------------------------------------------------------------------------

bool io_uring_backend::start(io_request& request) {
  descriptor& d = *request.target;
  io_request*& place = place_of(request);
  EDDY_ASSERT(place == nullptr,
              "two reads or two writes of one descriptor at a time; let one task do each, or use a mutex");
  const bool reading = reads(request.kind);
  if ((!reading || d.readable) && try_now(request)) return true;
  place = &request;
  request.pending = true;
  ++pending_;
  if (is_operation(request)) {
    request.stage = queued;
    enqueue(request, key_of(request));
  } else {
    request.stage = waiting;
    arm(d, reading);
  }
  return false;
}

bool io_uring_backend::try_now(io_request& request) {
  descriptor& d = *request.target;
  const bool reading = reads(request.kind);
  // It was found full, and the kernel will tell.
  if (!reading && request.kind != io_kind::connect && is_armed(d, reading)) return false;
  const int result = attempt(request, lent_);
  if (reading) d.readable = !would_block(result) && (result <= 0 || static_cast<std::size_t>(result) == request.size);
  // Another may wait.
  if (request.kind == io_kind::accept && result >= 0) d.readable = true;
  if (request.kind == io_kind::receive_message) d.readable = !would_block(result);
  if (would_block(result)) return false;
  request.result = result;
  return true;
}

bool io_uring_backend::withdraw(io_request& request) noexcept {
  if (request.stage == cancelling) return false;
  if (request.stage == with_kernel) {
    request.stage = cancelling;
    ++leaving_;
    enqueue(request, key_of(request) | cancel_bit);
    return false;
  }
  if (request.stage == queued) drop(request.place);
  place_of(request) = nullptr;
  request.pending = false;
  --pending_;
  return true;
}

/// Whether the kernel is to do it as a whole.
bool io_uring_backend::is_operation(const io_request& request) {
  if (request.kind == io_kind::accept) return true;
  if (request.kind != io_kind::receive || request.target->no_socket) return false;
  if (borrows(request) && pieces_ != 0 && buffers_ == nullptr) {
    buffers_ = buffer_ring::make(*ring_, pieces_);
    if (buffers_ == nullptr) pieces_ = 0;
  }
  return !borrows(request) || buffers_ != nullptr;
}

bool io_uring_backend::is_armed(const descriptor& d, bool reading) const noexcept {
  return d.attached && (slots_[d.slot].polls & side(reading)) != 0;
}

void io_uring_backend::arm(descriptor& d, bool reading) noexcept {
  if (is_armed(d, reading)) return;
  slots_[d.slot].polls |= side(reading);
  queue_.push_back(key_of(d.slot, reading));
}

/// Ends a poll: now when the kernel has not seen it, else it reports back.
void io_uring_backend::disarm(std::uint32_t index, bool reading) noexcept {
  const key poll = key_of(index, reading);
  const auto at = std::find(queue_.begin(), queue_.end(), poll);
  if (at == queue_.end()) {
    queue_.push_back(poll | cancel_bit);
    return;
  }
  drop(static_cast<std::size_t>(at - queue_.begin()));
  slots_[index].polls &= static_cast<std::uint8_t>(~side(reading));
}

// -- the queue --------------------------------------------------------------------------------------------------------

void io_uring_backend::enqueue(io_request& request, key entry) noexcept {
  request.place = static_cast<std::uint32_t>(queue_.size());
  queue_.push_back(entry);
}

/// Takes an entry out; the last one moves to its place.
void io_uring_backend::drop(std::size_t place) noexcept {
  queue_[place] = queue_.back();
  queue_.pop_back();
  if (place < queue_.size() && (queue_[place] & kind_bits) == of_request)
    request_of(queue_[place]).place = static_cast<std::uint32_t>(place);
}

/// Puts what is queued where the kernel takes it from. What it does not take now stays queued.
void io_uring_backend::flush() noexcept {
  std::size_t done = 0;
  for (; done < queue_.size(); ++done) {
    io_uring_sqe* const entry = ring_->next();
    if (entry == nullptr) break;
    hand_over(queue_[done], *entry);
  }
  queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(done));
  for (std::size_t i = 0; i < queue_.size(); ++i)
    if ((queue_[i] & kind_bits) == of_request) request_of(queue_[i]).place = static_cast<std::uint32_t>(i);
}

void io_uring_backend::hand_over(key entry, io_uring_sqe& to) noexcept {
  if ((entry & cancel_bit) != 0) {
    io_uring_prep_cancel64(&to, entry & ~cancel_bit, 0);
    if (ring_->can_skip_success()) to.flags |= IOSQE_CQE_SKIP_SUCCESS;
    to.user_data = of_nobody;
    return;
  }
  if (entry == of_wake) {
    io_uring_prep_poll_multishot(&to, wake_, POLLIN);
  } else if ((entry & kind_bits) == of_poll) {
    const bool reading = (entry & write_bit) == 0;
    const descriptor& d = *slots_[entry >> slot_shift].owner;
    io_uring_prep_poll_add(&to, d.fd, reading ? POLLIN | POLLRDHUP : POLLOUT);
  } else {
    io_request& request = request_of(entry);
    prepare(request, to);
    request.stage = with_kernel;
    ++operations_;
  }
  to.user_data = entry;
}

void io_uring_backend::prepare(const io_request& request, io_uring_sqe& to) const noexcept {
  const int fd = request.target->fd;
  if (request.kind == io_kind::accept) {
    io_uring_prep_accept(&to, fd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  } else {
    io_uring_prep_recv(&to, fd, request.data, std::min(request.size, most_at_once), 0);
    // Tried at once it would overtake those that wait: with many connections some would be served time and again.
    if (ring_->can_wait_first()) to.ioprio |= IORING_RECVSEND_POLL_FIRST;
    if (borrows(request)) {
      to.len = static_cast<unsigned>(request.size == 0 ? buffer_ring::size : std::min(request.size, buffer_ring::size));
      to.flags |= IOSQE_BUFFER_SELECT;
      to.buf_group = buffer_ring::group;
    }
  }
}

// -- what comes back --------------------------------------------------------------------------------------------------

void io_uring_backend::poll(std::optional<std::chrono::nanoseconds> limit) {
  flush();
  const bool at_once = (limit && limit->count() <= 0) || !queue_.empty();
  if (at_once)
    ring_->poll();
  else
    ring_->wait(limit);
  // No more than there are now: what these start may complete in the next turn.
  for (unsigned left = ring_->ready(); left > 0; --left) dispatch(ring_->take());
}

void io_uring_backend::dispatch(const completion& c) noexcept {
  switch (c.user_data & kind_bits) {
    case of_request:
      operation_ended(request_of(c.user_data), c);
      break;
    case of_poll:
      poll_ended(static_cast<std::uint32_t>(c.user_data >> slot_shift), (c.user_data & write_bit) == 0, c.result);
      break;
    case of_wake:
      if ((c.flags & IORING_CQE_F_MORE) == 0) queue_.push_back(of_wake);
      break;
    default:
      break;
  }
}

void io_uring_backend::operation_ended(io_request& request, const completion& c) noexcept {
  --operations_;
  const bool has_piece = (c.flags & IORING_CQE_F_BUFFER) != 0;
  const unsigned piece = c.flags >> IORING_CQE_BUFFER_SHIFT;
  if (request.stage == cancelling && request.place < queue_.size() &&
      queue_[request.place] == (key_of(request) | cancel_bit))
    drop(request.place);  // it came to its end before it could be told
  if (note_result(request, c)) {
    if (has_piece) {
      request.data = buffers_->at(piece);
      request.may_take = c.result >= static_cast<int>(byte_block::worth_taking);
    }
    complete(request, c.result);
  }
  if (has_piece) buffers_->give_back(piece);
}

/// Learns from the end of an operation. @returns false when the request goes on in the other way.
bool io_uring_backend::note_result(io_request& request, const completion& c) noexcept {
  descriptor& d = *request.target;
  if (try_otherwise(c.result)) {
    d.no_socket = d.no_socket || (c.result == -ENOTSOCK && request.kind == io_kind::receive);
    if (request.stage == cancelling) {
      complete(request, -ECANCELED);
    } else {
      request.stage = waiting;
      if (c.result == -ENOBUFS) {
        if (buffers_ != nullptr) buffers_->refill();
        retry(request, 0);  // every piece is lent, and the bytes are probably there: no poll has to say so
      } else {
        arm(d, true);
      }
    }
    return false;
  }
  if (request.kind == io_kind::receive && c.result > 0) {
    if (borrows(request))
      request.size = request.size == 0 ? buffer_ring::size : std::min(request.size, buffer_ring::size);
    d.readable = (c.flags & IORING_CQE_F_SOCK_NONEMPTY) != 0 || static_cast<std::size_t>(c.result) == request.size;
  } else if (c.result != -ECANCELED) {
    d.readable = true;  // another connection may wait; the end of a stream and an error are there to stay
  }
  return true;
}

void io_uring_backend::poll_ended(std::uint32_t index, bool reading, int result) noexcept {
  slot& s = slots_[index];
  s.polls &= static_cast<std::uint8_t>(~side(reading));
  if (s.owner == nullptr) {
    // A cancellation that is still queued finds nothing then; it must not meet the next user of this slot.
    const auto at = std::find(queue_.begin(), queue_.end(), key_of(index, reading) | cancel_bit);
    if (at != queue_.end()) drop(static_cast<std::size_t>(at - queue_.begin()));
    if (s.polls == 0) free_slot(index);
    return;
  }
  if (reading) s.owner->readable = true;
  io_request* const request = reading ? s.owner->reading : s.owner->writing;
  if (request != nullptr && request->stage == waiting) retry(*request, result);
}

/// The descriptor is ready, or asking failed.
void io_uring_backend::retry(io_request& request, int polled) noexcept {
  int result = polled;
  if (polled >= 0) result = request.kind == io_kind::connect ? connect_result(request) : attempt(request, lent_);
  if (would_block(result)) {
    request.target->readable = request.target->readable && !reads(request.kind);
    arm(*request.target, reads(request.kind));
    return;
  }
  if (request.kind == io_kind::receive)
    request.target->readable = result <= 0 || static_cast<std::size_t>(result) == request.size;
  complete(request, result);
}

void io_uring_backend::complete(io_request& request, int result) noexcept {
  place_of(request) = nullptr;
  if (request.stage == cancelling) --leaving_;
  request.result = result;
  request.pending = false;
  --pending_;
  request.completed();
}

void io_uring_backend::wake() noexcept {
  const std::uint64_t one = 1;
  const int error = errno;  // also called from signal handlers
  [[maybe_unused]] const ssize_t written = ::write(wake_, &one, sizeof one);
  errno = error;
}

/// The loop goes, with requests that nobody ended. Their owners hear no more of them, but the kernel must let go of
/// their memory (L4). What has no memory ends with the ring.
void io_uring_backend::cancel_everything() noexcept {
  queue_.clear();
  for (const slot& s : slots_) {
    const io_request* const request = s.owner != nullptr ? s.owner->reading : nullptr;
    if (request != nullptr && request->stage >= with_kernel) queue_.push_back(key_of(*request) | cancel_bit);
  }
  try {
    while (operations_ != 0) {
      flush();
      ring_->wait(std::nullopt);
      while (ring_->ready() != 0)
        if ((ring_->take().user_data & kind_bits) == of_request) --operations_;
    }
  } catch (const std::exception& e) {
    report(std::string("a loop ends although the system may still write to memory that it was given: ") + e.what());
  }
}

}  // namespace eddy::detail
