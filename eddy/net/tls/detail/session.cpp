// SPDX-License-Identifier: BSL-1.0
#include "eddy/net/tls/detail/session.hpp"

#include <algorithm>
#include <cstring>
#include <new>
#include <system_error>
#include <utility>

#include "eddy/base/owned.hpp"
#include "eddy/net/tls/detail/secure_transport.hpp"

namespace eddy::tls::detail {

using eddy::detail::io_kind;
using eddy::detail::io_request;
using eddy::detail::reads;

namespace {

// What OpenSSL writes by itself (answers to key updates) waits for the peer to read; more than this it may not pile up.
constexpr std::size_t most_unsent = 2 * scratch::at_once;

// One record, however little of it the caller wants: less would cost a call of the system for each part of it.
constexpr std::size_t least_input = scratch::record + 512;

/// A try without waiting, of one piece.
struct piece_request final : io_request {
  piece_request(iovec& piece) noexcept {
    kind = io_kind::send_parts;
    data = &piece;
    size = 1;
  }
  void completed() noexcept override {}  // it is never started
};

}  // namespace

session::session(ssl_ptr ssl, std::string_view early, std::string_view late, std::chrono::nanoseconds close_wait)
    : ssl_(std::move(ssl)), close_wait_(close_wait), receive_(*this, &session::received), send_(*this, &session::sent) {
  kept_.append(early.data(), early.size());
  sent_now().append(late.data(), late.size());
  set_ends(SSL_get_rbio(ssl_.get()), *this);
}

void session::stand_on(eddy::detail::owned<eddy::detail::transport> lower) {
  lower_ = std::move(lower);
  if (const auto* const secure = dynamic_cast<const secure_transport*>(lower_.get())) depth_ = secure->depth() + 1;
  flush();
  if (write_failure_ != 0) eddy::detail::throw_stream_error(write_failure_, "write");
}

// -- OpenSSL's side ------------------------------------------------------------------------------------------

std::size_t session::pull(char* out, std::size_t count) noexcept {
  if (!kept_.empty()) return kept_.take(out, count);
  const std::size_t taken = std::min(count, lent_.size());
  if (taken != 0) std::memcpy(out, lent_.data(), taken);
  lent_.remove_prefix(taken);
  return taken;
}

bool session::push(const char* bytes, std::size_t count) noexcept {
  if (direct_ != nullptr && direct_size_ + count <= direct_->encrypted.size()) {
    std::memcpy(direct_->encrypted.data() + direct_size_, bytes, count);
    direct_size_ += count;
    return true;
  }
  eddy::detail::byte_buffer& free = send_.pending ? sent_next() : sent_now().empty() ? sent_now() : sent_next();
  if (free.size() + count > most_unsent) return false;
  try {
    free.append(bytes, count);
    return true;
  } catch (const std::bad_alloc&) {
    return false;
  }
}

// -- receiving -----------------------------------------------------------------------------------------------

/// As a system call: bytes, 0 at the end, -code; -EAGAIN when more has to be received first.
int session::read_now(io_request& request) noexcept {
  const bool lends = request.data == nullptr;
  std::size_t room = request.size;
  char* out = static_cast<char*>(request.data);
  if (lends) {
    try {
      out = scratch::of_depth(depth_).plain.data();
    } catch (const std::bad_alloc&) {
      return -ENOMEM;
    }
    room = room == 0 ? scratch::at_once : std::min(room, scratch::at_once);
  }
  room = std::min(room, std::size_t{1} << 30U);
  std::size_t got = 0;
  int outcome = 1;
  while (got < room && read_failure_ == 0 && !ended_ && outcome == 1) {
    clear_errors();
    std::size_t count = 0;
    outcome = SSL_read_ex(ssl_.get(), out + got, room - got, &count);
    got += count;
  }
  if (got != 0 && lends) request.data = out;
  const int end = outcome == 1 ? 0 : failed_to_read(outcome);
  if (got != 0) return static_cast<int>(got);
  if (read_failure_ != 0) return -read_failure_;
  if (ended_) return 0;
  return end;
}

/// Looks why OpenSSL gives no more. @returns -EAGAIN, or the transport's failure when that is why.
int session::failed_to_read(int outcome) noexcept {
  switch (SSL_get_error(ssl_.get(), outcome)) {
    case SSL_ERROR_ZERO_RETURN:
      ended_ = true;
      return 0;
    case SSL_ERROR_WANT_WRITE:
      reading_waits_ = true;
      return -EAGAIN;
    case SSL_ERROR_WANT_READ:
      return input_failure_ != 0 ? -input_failure_ : -EAGAIN;
    default:
      read_failure_ = take_error();
      fail_writing(read_failure_);  // OpenSSL does not write after that, but for the alert that says why
      return 0;
  }
}

/// The same, and asks the transport below as often as it answers at once.
int session::read_more(io_request& request) noexcept {
  while (true) {
    reading_waits_ = false;
    const int result = read_now(request);
    keep_input();
    if (result != -EAGAIN) return result;
    if (reading_waits_) {
      flush();
      if (holds()) return -EAGAIN;
      continue;
    }
    if (receive_.pending) return -EAGAIN;
    receive_.kind = io_kind::receive;
    receive_.data = nullptr;
    receive_.size = request.size == 0 ? 0 : std::max(request.size + request.size / 64, least_input);
    if (!lower_->start(receive_)) return result;
    take_input();
  }
}

void session::take_input() noexcept {
  if (receive_.result > 0)
    lent_ = {static_cast<const char*>(receive_.data), static_cast<std::size_t>(receive_.result)};
  else if (receive_.result == 0)
    input_ended_ = true;
  else if (receive_.result != -ECANCELED)
    input_failure_ = -receive_.result;
}

/// Before the transport below is asked for anything: the memory that it lent is its own again.
void session::keep_input() noexcept {
  if (!lent_.empty()) {
    try {
      kept_.append(lent_.data(), lent_.size());
    } catch (const std::bad_alloc&) {
      read_failure_ = ENOMEM;  // bytes are gone: nothing can be decrypted any more
    }
    lent_ = {};
  }
  kept_.release();
}

void session::received() noexcept {
  if (closed_) {
    close_lower();
    return;
  }
  take_input();
  if (reading_ != nullptr)
    resume_reading();
  else
    keep_input();
}

void session::resume_reading() noexcept {
  const int result = read_more(*reading_);
  flush();
  if (result == -EAGAIN) return;
  io_request& request = *std::exchange(reading_, nullptr);
  request.result = result;
  request.pending = false;
  request.completed();
}

// -- sending -------------------------------------------------------------------------------------------------

/// Goes through the parts of a send in pieces of a record's size, joining small ones.
class session::parts_cursor {
 public:
  explicit parts_cursor(const io_request& request) noexcept
      : next_(static_cast<const iovec*>(request.data)), end_(next_ + request.size) {
    skip_empty();
  }

  std::string_view piece(scratch& memory) noexcept {
    if (next_ == end_) return {};
    const std::size_t here = next_->iov_len - offset_;
    const bool last = std::all_of(next_ + 1, end_, [](const iovec& part) { return part.iov_len == 0; });
    if (last || here >= scratch::record)
      return {static_cast<const char*>(next_->iov_base) + offset_, std::min(here, scratch::record)};
    std::size_t size = 0;
    std::size_t offset = offset_;
    for (const iovec* part = next_; part != end_ && size < scratch::record; ++part, offset = 0) {
      const std::size_t count = std::min(part->iov_len - offset, scratch::record - size);
      if (count != 0)
        std::memcpy(memory.gathered.data() + size, static_cast<const char*>(part->iov_base) + offset, count);
      size += count;
    }
    return {memory.gathered.data(), size};
  }

  void advance(std::size_t count) noexcept {
    while (count != 0) {
      const std::size_t here = std::min(count, next_->iov_len - offset_);
      offset_ += here;
      count -= here;
      skip_empty();
    }
  }

 private:
  void skip_empty() noexcept {
    for (; next_ != end_ && offset_ == next_->iov_len; ++next_) offset_ = 0;
  }
  const iovec* next_;
  const iovec* end_;
  std::size_t offset_ = 0;
};

/// As a system call that never waits: nothing is unsent. @returns bytes that were taken, or -code.
int session::write_now(const io_request& request) noexcept {
  if (write_failure_ != 0) return tell_failure();
  if (request.size == 0) return 0;  // it only waited until nothing was unsent
  if (notified_) return -EPIPE;
  parts_cursor parts(request);
  try {
    direct_ = &scratch::of_depth(depth_);
  } catch (const std::bad_alloc&) {
    return -ENOMEM;
  }
  const std::size_t taken = encrypt(parts);
  send_scratch();
  if (write_failure_ != 0) return tell_failure();
  has_written_ = true;
  return static_cast<int>(taken);
}

int session::tell_failure() noexcept {
  lost_ = false;
  return -write_failure_;
}

std::size_t session::encrypt(parts_cursor& parts) noexcept {
  std::size_t taken = 0;
  while (taken < scratch::at_once) {
    const std::string_view piece = parts.piece(*direct_);
    if (piece.empty()) break;
    clear_errors();
    std::size_t count = 0;
    // It never waits: there is room for what it writes, and without renegotiation it need not read.
    if (SSL_write_ex(ssl_.get(), piece.data(), piece.size(), &count) != 1) {
      fail_writing(take_error());
      break;
    }
    taken += count;
    parts.advance(count);
  }
  return taken;
}

/// Offers what was encrypted to the transport below, and keeps what it does not take.
void session::send_scratch() noexcept {
  const char* at = std::exchange(direct_, nullptr)->encrypted.data();
  std::size_t left = std::exchange(direct_size_, 0);
  while (left != 0) {
    iovec piece{const_cast<char*>(at), left};
    piece_request once(piece);
    if (!lower_->try_now(once)) break;
    if (once.result < 0) {
      fail_writing(-once.result);
      return;
    }
    at += once.result;
    left -= static_cast<std::size_t>(once.result);
  }
  if (left == 0) return;
  try {
    sent_now().prepend(at, left);  // before what did not fit into the scratch
  } catch (const std::bad_alloc&) {
    fail_writing(ENOMEM);
  }
  flush();
}

/// Sends what is unsent, until the transport below makes it wait.
void session::flush() noexcept {
  while (!send_.pending) {
    if (sent_now().empty()) {
      sent_now().release();
      now_ = 1 - now_;
    }
    if (sent_now().empty()) break;
    send_part_ = {const_cast<char*>(sent_now().data()), sent_now().size()};
    send_.kind = io_kind::send_parts;
    send_.data = &send_part_;
    send_.size = 1;
    if (!lower_->start(send_)) return;
    account(send_.result);
  }
}

void session::account(int result) noexcept {
  if (result >= 0) {
    sent_now().consume(static_cast<std::size_t>(result));
  } else if (result != -ECANCELED) {
    lost_ = has_written_;
    sent_now().clear();
    sent_next().clear();
    fail_writing(-result);
  }
}

void session::fail_writing(int code) noexcept {
  if (write_failure_ == 0) write_failure_ = code;
}

void session::sent() noexcept {
  account(send_.result);
  if (closed_) {
    close_lower();
    return;
  }
  flush();
  if (reading_waits_ && reading_ != nullptr && !send_.pending) resume_reading();
  resume_writing();
}

void session::resume_writing() noexcept {
  if (writing_ == nullptr || holds()) return;
  const int result = write_now(*writing_);
  io_request& request = *std::exchange(writing_, nullptr);
  request.result = result;
  request.pending = false;
  request.completed();
}

// -- the transport's side ------------------------------------------------------------------------------------

bool session::start(io_request& request) {
  if (reads(request.kind)) {
    request.result = read_more(request);
    flush();
    if (request.result != -EAGAIN) return true;
    reading_ = &request;
  } else {
    if (try_now(request)) return true;
    writing_ = &request;
  }
  request.pending = true;
  return false;
}

bool session::try_now(io_request& request) {
  if (!reads(request.kind)) {
    if (holds()) return false;
    request.result = write_now(request);
    return true;
  }
  request.result = read_now(request);
  keep_input();
  flush();
  return request.result != -EAGAIN;
}

void session::withdraw(io_request& request) noexcept {
  request.pending = false;
  if (writing_ == &request) writing_ = nullptr;
  if (reading_ != &request) return;
  reading_ = nullptr;
  // What it brings if it cannot be taken back is kept.
  if (receive_.pending) lower_->withdraw(receive_);
}

void session::shut_down_sending() {
  if (notified_) return;
  if (write_failure_ != 0) eddy::detail::throw_stream_error(write_failure_, "write");
  notified_ = true;
  clear_errors();
  SSL_shutdown(ssl_.get());  // 0 is the usual: the peer has not answered yet
  clear_errors();
  flush();
  if (write_failure_ != 0) eddy::detail::throw_stream_error(write_failure_, "write");
}

std::chrono::nanoseconds session::goodbye() const noexcept {
  const bool over = closed_ || (notified_ && ended_) || read_failure_ != 0 || write_failure_ != 0 ||
                    input_failure_ != 0 || input_ended_;
  return over ? std::chrono::nanoseconds(0) : close_wait_;
}

void session::close(bool reset) noexcept {
  if (std::exchange(closed_, true)) return;
  reset_ = reset || has_unsent();  // that the goodbye is not taken any more is no reason to take back what was sent
  if (!reset_ && !notified_ && write_failure_ == 0) {
    try {
      shut_down_sending();
    } catch (const std::system_error&) {
    }
  }
  if (receive_.pending) lower_->withdraw(receive_);
  if (send_.pending) lower_->withdraw(send_);
  close_lower();
}

void session::close_lower() noexcept {
  if (receive_.pending || send_.pending) return;
  lower_->close(reset_);
  if (abandoned_) delete this;
}

void session::abandon() noexcept {
  abandoned_ = true;
  if (!closed_)
    close(true);
  else if (!receive_.pending && !send_.pending)
    delete this;
}

}  // namespace eddy::tls::detail
