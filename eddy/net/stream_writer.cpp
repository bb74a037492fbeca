// SPDX-License-Identifier: BSL-1.0
#include "eddy/net/stream_writer.hpp"

#include <algorithm>
#include <new>
#include <system_error>

#include "eddy/net/connection.hpp"

namespace eddy {

namespace {

constexpr int rounds_a_turn = 16;

}  // namespace

namespace detail {

void write_operation::advance(std::size_t count) noexcept {
  begun_ = begun_ || count > 0;
  for (iovec& part : parts_) {
    const std::size_t here = std::min(count, part.iov_len);
    part.iov_base = static_cast<char*>(part.iov_base) + here;
    part.iov_len -= here;
    count -= here;
  }
}

void write_operation::begin() noexcept {
  writer_->backlog_->line.push_back(*this);
  writer_->pump();
}

// May only touch this operation: others may stand in the same cancellation's work list. Hence pump_later().
bool write_operation::take_back() noexcept {
  stream_writer& w = *writer_;
  const bool under_way = &w.backlog_->line.front() == this && w.under_way() && w.backlog_->has_callers_memory;
  if (under_way && !w.withdraw()) {
    cancelling_ = true;
    return false;
  }
  unlink();
  if (begun_) w.fail(stream_broken);
  w.pump_later();
  return true;
}

std::string write_operation::describe() const {
  if (goal_ == goal::drain) return "stream_writer::drain";
  return goal_ == goal::end ? "stream_writer::write_eof" : "stream_writer::write";
}

}  // namespace detail

detail::connection& stream_writer::owner() noexcept { return static_cast<detail::connection&>(*this); }

void stream_writer::set_water_marks(std::size_t high, std::size_t low) {
  if (low > high)
    throw misuse_error("stream_writer::set_water_marks: the low mark is above the high one; it must not be");
  constexpr std::size_t most = UINT32_MAX;
  if (backlog_ == nullptr) backlog_.reset(new backlog(*this));
  backlog_->high = static_cast<std::uint32_t>(std::min(high, most));
  backlog_->low = static_cast<std::uint32_t>(std::min(low, most));
}

/// The way without waiting. @returns false when `op` has to stand in line.
bool stream_writer::write_now(detail::write_operation& op) {
  using goal = detail::write_operation::goal;
  if (failure_ != 0) {
    op.failure_ = failure_;
    return true;
  }
  if (op.goal_ != goal::write) return write_or_wait(op);
  if (ended_) throw misuse_error("stream_writer::write after write_eof(): the outgoing direction has ended");
  if (unsent()) return write_or_wait(op);
  while (op.left() != 0) {
    detail::write_request once(op.parts_);
    if (!owner().carrier().try_now(once)) return write_or_wait(op);
    if (once.result < 0) {
      fail(-once.result);
      op.failure_ = failure_;
      return true;
    }
    const auto taken = static_cast<std::size_t>(once.result);
    if (taken == op.left()) [[likely]]
      return true;
    op.advance(taken);
  }
  return true;
}

/// What the system did not take at once. @returns false when `op` has to stand in line.
bool stream_writer::write_or_wait(detail::write_operation& op) {
  using goal = detail::write_operation::goal;
  if (op.goal_ != goal::write && !owner().has_unsent()) {
    if (op.goal_ == goal::end && !std::exchange(ended_, true)) owner().carrier().shut_down_sending();
    return true;
  }
  if (!make_backlog(op)) return true;
  if (!backlog_->line.empty() || op.goal_ != goal::write) return false;
  if (op.left() == 0) return true;
  if (backlog_->buffer.size() + op.left() > backlog_->high) return false;
  // The buffer may move when it grows: not while the system reads from it.
  if (under_way() && !withdraw()) return false;
  keep(op);
  pump();
  return true;
}

/// @returns false when there is no memory for it: the stream has failed then.
bool stream_writer::make_backlog(detail::write_operation& op) noexcept {
  if (backlog_ == nullptr) backlog_.reset(new (std::nothrow) backlog(*this));
  if (backlog_ != nullptr) return true;
  fail(ENOMEM);
  op.failure_ = failure_;
  return false;
}

/// Takes the rest of a write into the buffer.
void stream_writer::keep(detail::write_operation& op) noexcept {
  try {
    for (const iovec& part : op.parts_) backlog_->buffer.append(part.iov_base, part.iov_len);
    op.advance(op.left());
  } catch (const std::bad_alloc&) {
    fail(ENOMEM);
    op.failure_ = failure_;
  }
}

// Brings out what there is: settles who is first in line, then asks the transport, until it has to wait or nothing is
// left. A peer that takes everything at once does not keep the loop from other work (L7).
void stream_writer::pump() noexcept {
  if (backlog_ == nullptr) return;
  for (int round = 0; !under_way(); ++round) {
    if (round == rounds_a_turn) {
      pump_later();
      return;
    }
    while (!backlog_->line.empty() && settle_first()) {
    }
    if (failure_ != 0) break;
    if (!has_to_send()) {
      backlog_->buffer.release();
      break;
    }
    prepare();
    if (!owner().carrier().start(*backlog_)) return;
    account(backlog_->result);
  }
}

/// @returns whether the first in line has got what it waits for, and has left.
bool stream_writer::settle_first() noexcept {
  using goal = detail::write_operation::goal;
  detail::write_operation& op = backlog_->line.front();
  if (failure_ == 0) {
    const bool waits = op.goal_ == goal::write ? op.left() != 0 && backlog_->buffer.size() + op.left() > backlog_->low
                                               : !backlog_->buffer.empty() || owner().carrier().has_unsent();
    if (waits) return op.cancelling_ && withdraw_first();
    if (op.goal_ == goal::write) {
      keep(op);
    } else if (op.goal_ == goal::end && !std::exchange(ended_, true)) {
      try {
        owner().carrier().shut_down_sending();
      } catch (const std::system_error& e) {
        fail(e.code().value());
      }
    }
  }
  op.unlink();
  op.end_with(failure_);
  return true;
}

/// The first in line was cancelled while the system held its memory, which it has let go of now.
bool stream_writer::withdraw_first() noexcept {
  detail::write_operation& op = backlog_->line.pop_front();
  if (op.begun_) fail(detail::stream_broken);
  op.context_->withdrawn();
  return true;
}

bool stream_writer::has_to_send() noexcept {
  if (!backlog_->buffer.empty()) return true;
  // A send of no parts: somebody waits until the transport has sent what it holds.
  return !backlog_->line.empty() && (backlog_->line.front().left() != 0 || owner().carrier().has_unsent());
}

void stream_writer::prepare() noexcept {
  backlog& b = *backlog_;
  std::size_t count = 0;
  const auto add = [&](const iovec& part) {
    if (part.iov_len != 0) b.parts[count++] = part;
  };
  add({const_cast<char*>(b.buffer.data()), b.buffer.size()});
  b.has_callers_memory = false;
  if (!b.line.empty() && b.line.front().left() != 0) {
    for (const iovec& part : b.line.front().parts_) add(part);
    b.has_callers_memory = true;
  }
  b.kind = detail::io_kind::send_parts;
  b.data = b.parts.data();
  b.size = count;  // the request's; the buffer has its own
}

bool stream_writer::withdraw() noexcept { return owner().carrier().withdraw(*backlog_); }

void stream_writer::account(int result) noexcept {
  if (result < 0) {
    if (result != -ECANCELED) fail(-result);
    return;
  }
  const auto count = static_cast<std::size_t>(result);
  const std::size_t from_buffer = std::min(count, backlog_->buffer.size());
  backlog_->buffer.consume(from_buffer);
  if (count > from_buffer) backlog_->line.front().advance(count - from_buffer);
}

void stream_writer::sent() noexcept {
  account(backlog_->result);
  if (owner().closed()) {
    pump();  // ends what is left in line
    owner().reported_back();
    return;
  }
  pump();
}

void stream_writer::fail(int code) noexcept {
  if (failure_ == 0) failure_ = code;
}

void stream_writer::pump_later() noexcept {
  if (std::exchange(backlog_->queued, true)) return;
  owner().retain();
  event_loop::current().scheduler().make_ready(*backlog_);
}

void stream_writer::pump_in_turn() noexcept {
  backlog_->queued = false;
  pump();
  owner().release();
}

bool stream_writer::close() noexcept {
  fail(detail::stream_closed);
  if (under_way() && !withdraw()) return false;
  pump();
  return true;
}

}  // namespace eddy
