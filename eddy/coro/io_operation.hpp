// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cerrno>
#include <string>

#include "eddy/coro/leaf.hpp"
#include "eddy/loop/backend.hpp"

namespace eddy::detail {

/// A request to the backend as something to await: the leaf under every socket and pipe operation.
///
/// What derives from it fills in the request's fields, and reads `result` in await_resume (negative: -errno). Atomic as
/// far as the system's call is: cancelled means that the kernel has done nothing and has let go of the memory; what it
/// has done is delivered, also when a cancellation came meanwhile.
template <class Derived>
class io_operation : public leaf<Derived>, public io_request {
 public:
  bool try_complete() { return this->context_->scheduler().io->start(*this); }
  void begin() const noexcept {}  // started by try_complete()
  bool take_back() noexcept { return pending && this->context_->scheduler().io->withdraw(*this); }

 protected:
  io_operation() = default;
  io_operation(io_operation&&) = default;
  ~io_operation() = default;

 private:
  void completed() noexcept final {
    // A backend that could not take the request back at once reports so here.
    if (result == -ECANCELED && this->context_->cancel_requested())
      this->context_->withdrawn();
    else
      this->context_->completed();
  }
};

}  // namespace eddy::detail
