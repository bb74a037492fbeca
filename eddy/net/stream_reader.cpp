// SPDX-License-Identifier: BSL-1.0
#include "eddy/net/stream_reader.hpp"

#include <algorithm>
#include <new>

#include "eddy/net/connection.hpp"

namespace eddy {

namespace {

// From here on the bytes go straight into the caller's memory; below it one receive that also brings what follows saves
// more than the copy costs.
constexpr std::size_t direct_size = 16 * 1024;
// 256 of them, which one poll may find, are as much as a core's cache holds.
constexpr std::size_t large_size = 4 * 1024;

}  // namespace

namespace detail {

bool receive_operation::try_complete() {
  const stream_reader& r = *reader_;
  const bool nothing_there = r.buffer_.empty() && wanted_ != 0 && r.failure_ == 0 && !r.ended_;
  if (!nothing_there && settle()) return true;
  if (r.waiting_ != nullptr)
    throw misuse_error("two reads of one stream at a time; let one task read, or keep others out with a mutex");
  if (start()) return true;
  reader_->waiting_ = this;
  reader_->buffer_.release();
  return false;
}

bool receive_operation::settle() noexcept {
  stream_reader& r = *reader_;
  if (direct_ && (wanted_ == 0 || !r.buffer_.empty())) {
    count_ = r.buffer_.take(this->data, wanted_);
    return true;
  }
  count_ = direct_ ? 0 : r.buffer_.size();
  if (!direct_ && count_ >= wanted_) return true;
  if (r.failure_ != 0) {
    fail(r.failure_);
    return true;
  }
  return r.ended_;
}

// Small messages are received in the poll, for one connection after the other: the kernel's code for it stays in the
// caches, which is worth a tenth. Of large ones that would fill the caches with bytes: they are received in the
// reader's own step, and go through the same memory.
bool receive_operation::start() {
  transport& from = reader_->owner().carrier();
  do {
    kind = io_kind::receive;
    in_step = reader_->large_;
    may_take = false;
    if (!direct_) this->data = nullptr;
    this->size = direct_ ? wanted_ : 0;
    if (!from.start(*this)) return false;
  } while (!absorb());
  return true;
}

// Not a part of its callers: most of the time they only begin to wait, and need none of its registers.
EDDY_NOINLINE bool receive_operation::absorb() noexcept {
  stream_reader& r = *reader_;
  if (result > 0) [[likely]] {
    const auto count = static_cast<std::size_t>(result);
    r.large_ = count >= large_size;
    if (direct_) {
      count_ = count;
      return true;
    }
    try {
      if (may_take && r.buffer_.empty())
        r.buffer_.adopt(byte_block::take(this->data, count));
      else
        r.buffer_.append(this->data, count);
      count_ = r.buffer_.size();
      if (count_ >= wanted_) return true;
    } catch (const std::bad_alloc&) {
      r.failure_ = ENOMEM;  // the bytes are gone: the stream cannot be used any more
    }
  } else if (result == 0) {
    r.ended_ = true;
  } else {
    r.failure_ = -result;
  }
  return settle();
}

void receive_operation::completed() noexcept {
  reader_->waiting_ = nullptr;
  connection& whole = reader_->owner();
  if (whole.closed()) {
    leave_closed();
    whole.reported_back();
    return;
  }
  // A cancellation that came while the system held the request: what has come stays in the reader. Without one it was
  // the operation's owner who took it back: it ends with what there is.
  const bool cancelled = context_->cancel_requested();
  if (result == -ECANCELED) return cancelled ? context_->withdrawn() : context_->completed();
  if (absorb()) [[likely]]
    return context_->completed();
  if (cancelled)
    context_->withdrawn();
  else if (start())
    context_->completed();
  else
    reader_->waiting_ = this;
}

bool receive_operation::try_in_step() noexcept {
  if (!context_->scheduler().io->finish(*this)) return false;
  reader_->waiting_ = nullptr;
  if (absorb() || start()) return true;
  reader_->waiting_ = this;
  return false;
}

/// The stream was closed while the system held the request.
void receive_operation::leave_closed() noexcept {
  fail(stream_closed);
  if (context_->cancel_requested())
    context_->withdrawn();
  else
    context_->completed();
}

bool receive_operation::take_back() noexcept {
  if (!pending || !reader_->owner().carrier().withdraw(*this)) return false;
  reader_->waiting_ = nullptr;
  return true;
}

}  // namespace detail

detail::connection& stream_reader::owner() noexcept { return static_cast<detail::connection&>(*this); }

bool stream_reader::close() noexcept {
  if (failure_ == 0) failure_ = detail::stream_closed;
  buffer_.clear();
  buffer_.release();
  if (waiting_ == nullptr) return true;
  if (!owner().carrier().withdraw(*waiting_)) return false;
  detail::receive_operation& op = *std::exchange(waiting_, nullptr);
  op.fail(detail::stream_closed);
  op.context_->completed();
  return true;
}

std::string stream_reader::take(std::size_t count) {
  std::string bytes(buffer_.data(), count);
  buffer_.consume(count);
  return bytes;
}

void stream_reader::consume(std::size_t count) {
  if (count > buffer_.size())
    throw misuse_error("stream_reader::consume: there are fewer bytes; ask buffered().size()");
  buffer_.consume(count);
}

coro<std::string> stream_reader::read(std::size_t max) {
  if (max == 0) co_return std::string();
  co_await fill_to(1);
  co_return take(std::min(max, buffer_.size()));
}

/// Gives bytes that stand in a caller's memory back to the reader, unless they were handed over.
class stream_reader::put_back {
 public:
  put_back(stream_reader& reader, const std::byte* bytes) noexcept : reader_(reader), bytes_(bytes) {}
  put_back(const put_back&) = delete;
  put_back& operator=(const put_back&) = delete;
  ~put_back() {
    try {
      reader_.buffer_.prepend(bytes_, count);
    } catch (const std::bad_alloc&) {
      reader_.buffer_.clear();  // a hole must not go unseen
      reader_.failure_ = ENOMEM;
    }
  }
  void handed_over() noexcept { count = 0; }

  std::size_t count = 0;

 private:
  stream_reader& reader_;
  const std::byte* bytes_;
};

coro<> stream_reader::read_exactly(std::span<std::byte> out) {
  put_back received(*this, out.data());
  while (out.size() - received.count > direct_size) {
    const std::size_t count = co_await read_some(out.subspan(received.count));
    received.count += count;
    if (count == 0) {
      std::string partial(reinterpret_cast<const char*>(out.data()), received.count);
      received.handed_over();
      throw incomplete_read_error(std::move(partial), out.size());
    }
  }
  const std::size_t rest = out.size() - received.count;
  const bool enough = co_await fill_to(rest);
  if (!enough) {
    std::string partial(reinterpret_cast<const char*>(out.data()), received.count);
    partial.append(buffer_.view());
    buffer_.consume(buffer_.size());
    received.handed_over();
    throw incomplete_read_error(std::move(partial), out.size());
  }
  buffer_.take(out.data() + received.count, rest);
  received.handed_over();
}

coro<std::string> stream_reader::read_exactly(std::size_t count) {
  std::string bytes(count, '\0');
  co_await read_exactly(std::as_writable_bytes(std::span<char>(bytes)));
  co_return bytes;
}

coro<std::string> stream_reader::read_until(std::string delimiter, std::size_t limit) {
  if (delimiter.empty())
    throw misuse_error("stream_reader::read_until: the delimiter is empty; use read() or read_all()");
  std::size_t seen = 0;
  while (true) {
    const bool more = co_await fill_to(seen + 1);
    const std::string_view all = buffer_.view();
    // The delimiter may have begun in what was seen before.
    const std::size_t from = seen < delimiter.size() ? 0 : seen - (delimiter.size() - 1);
    const std::size_t at = all.find(delimiter, from);
    if (at != std::string_view::npos ? at > limit
                                     : all.size() >= limit + delimiter.size() && limit < SIZE_MAX - delimiter.size())
      throw limit_overrun_error("what precedes the delimiter", limit);
    if (at != std::string_view::npos) co_return take(at + delimiter.size());
    if (!more) throw incomplete_read_error(take(all.size()), 0);
    seen = all.size();
  }
}

coro<std::optional<std::string>> stream_reader::readline(std::size_t limit) {
  std::size_t seen = 0;
  while (true) {
    const bool more = co_await fill_to(seen + 1);
    const std::string_view all = buffer_.view();
    const std::size_t at = all.find('\n', seen);
    const bool found = at != std::string_view::npos;
    std::string_view line = all.substr(0, at);
    if (found && line.ends_with('\r')) line.remove_suffix(1);
    // A '\r' at the limit may be half of the line's end.
    const bool half_end = !found && more && line.ends_with('\r') && line.size() - 1 == limit;
    if (line.size() > limit && !half_end) throw limit_overrun_error("a line", limit);
    if (!found && more) {
      seen = all.size();
      continue;
    }
    if (!found && all.empty()) co_return std::nullopt;
    std::optional<std::string> result(std::in_place, line);
    buffer_.consume(found ? at + 1 : all.size());
    co_return result;
  }
}

coro<std::string> stream_reader::read_all(std::size_t limit) {
  while (true) {
    const bool more = co_await fill();
    if (buffer_.size() > limit) throw limit_overrun_error("the rest of the stream", limit);
    if (!more) co_return take(buffer_.size());
  }
}

coro<std::optional<std::string>> stream_lines::next() { return reader_->readline(limit_); }

coro<> stream_reader::read_exactly(std::span<char> out) { return read_exactly(std::as_writable_bytes(out)); }

}  // namespace eddy
