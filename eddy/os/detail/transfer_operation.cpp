// SPDX-License-Identifier: BSL-1.0
#include "eddy/os/detail/transfer_operation.hpp"

#include <unistd.h>

#include <utility>

#include "eddy/base/errors.hpp"
#include "eddy/os/detail/file_failure.hpp"

namespace eddy::detail {

namespace {

constexpr std::int64_t costs_one_more = std::int64_t{1} << 16;  // bytes copied on the loop's thread

const char* name_of(file_call call) noexcept { return call == file_call::read ? "read" : "write"; }

}  // namespace

transfer_operation::transfer_operation(file_ref file, file_call what, void* bytes, std::size_t count,
                                       std::int64_t where) noexcept
    : file_(std::move(file)), where_(where) {
  call = what;
  file_request::data = bytes;
  file_request::size = count;
}

void transfer_operation::check() const {
  if (!file_ || file_->closed) throw closed_error(std::string("cannot ") + name_of(call) + ": the file is closed");
  const bool allowed = call == file_call::read ? file_->reads() : file_->writes();
  if (!allowed) throw_file_error(name_of(call), file_->path, EBADF);
  if (!positioned() && file_->watched()) throw_file_error(name_of(call), file_->path, ESPIPE);
  // A pipe's two directions have nothing to do with each other; a file has one position.
  const bool same_way = call == file_call::read ? file_->reads_here : file_->writes_here;
  const bool any_way = !file_->watched() && (file_->reads_here || file_->writes_here);
  if (positioned() && (same_way || any_way))
    throw misuse_error("two tasks read or write " + file_->path.string() +
                       " where it stands at the same time; use read_at and write_at, or a mutex");
}

bool transfer_operation::try_complete() {
  check();
  fd = file_->target.fd;
  if (file_->watched()) {
    kind = call == file_call::read ? io_kind::receive : io_kind::send;
    target = &file_->target;
    io_request::data = file_request::data;
    io_request::size = file_request::size;
    if (io_request::size == 0) {
      file_request::result = 0;
      return true;
    }
    if (file_->tries_first()) target->readable = true;
    if (!file_->io().start(*this)) {
      enter();
      return false;
    }
    file_request::result = io_request::result;
    return true;
  }
  // Where appending writes stand the kernel alone knows.
  offset = !positioned() ? where_ : (file_->appends() && call == file_call::write ? -1 : file_->position);
  if (!file_->engine().try_at_once(*this, &file_->limits)) return false;
  spend_more();
  settle();
  return true;
}

void transfer_operation::begin() {
  if (file_->watched()) return;  // started by try_complete()
  file_->let_it_wait();
  file_->engine().start(*this);
  enter();
}

bool transfer_operation::take_back() noexcept {
  const bool gone = file_->watched() ? pending && file_->io().withdraw(*this) : file_->engine().withdraw(*this);
  if (gone) leave();
  return gone;
}

void transfer_operation::enter() noexcept {
  under_way_ = true;
  ++file_->under_way;
  if (positioned()) (call == file_call::read ? file_->reads_here : file_->writes_here) = true;
}

void transfer_operation::leave() noexcept {
  if (!std::exchange(under_way_, false)) return;
  --file_->under_way;
  if (positioned()) (call == file_call::read ? file_->reads_here : file_->writes_here) = false;
}

/// Moves the position: what was transferred is going to be delivered.
void transfer_operation::settle() noexcept {
  if (!positioned() || file_->watched() || file_request::result <= 0) return;
  if (offset < 0) {
    if (const off_t now = ::lseek(fd, 0, SEEK_CUR); now >= 0) file_->position = now;
  } else {
    file_->position += file_request::result;
  }
}

/// Copying counts by its length, so that large reads from memory do not starve others (L7).
void transfer_operation::spend_more() noexcept {
  for (std::int64_t left = file_request::result; left > costs_one_more; left -= costs_one_more)
    if (!context_->scheduler().spend()) return;
}

void transfer_operation::completed() noexcept {
  file_request::result = io_request::result;
  tell();
}

void transfer_operation::done() noexcept { tell(); }

void transfer_operation::tell() noexcept {
  leave();
  if (file_request::result == -ECANCELED && context_->cancel_requested()) {
    context_->withdrawn();
    return;
  }
  settle();
  context_->completed();
}

std::size_t transfer_operation::await_resume() {
  if (file_request::result < 0) throw_file_error(name_of(call), file_->path, static_cast<int>(-file_request::result));
  return static_cast<std::size_t>(file_request::result);
}

std::string transfer_operation::describe() const {
  return std::string("file::") + name_of(call) + "(" + (file_ ? file_->path.string() : std::string()) + ")";
}

}  // namespace eddy::detail
