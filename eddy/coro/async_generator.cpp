// SPDX-License-Identifier: BSL-1.0
#include "eddy/coro/async_generator.hpp"

namespace eddy::detail {

bool generator_base::check_next() const {
  if (frame_ != nullptr && !running_) [[likely]]
    return true;
  if (running_ && frame_ != nullptr)
    throw misuse_error("next() of generator " + describe_function() +
                       " is being awaited already; one consumer at a time: let several share a queue instead");
  if (cancelled_inside())
    throw misuse_error("generator " + describe_function() + " was cancelled inside next(), while it waited at " +
                       format_place(place_) +
                       ", and cannot go on; set the limit inside of the generator, or put streams::buffer around it");
  if (closed_)
    throw misuse_error("generator " + describe_function() +
                       " was closed by the for_each or with that it was used in, before its end; make a new one");
  if (function_.line() == 0) throw misuse_error("async_generator::next: this generator is empty or was moved from");
  return false;
}

void generator_base::aenter() {
  if (entered_ || closed_)
    throw misuse_error("generator " + describe_function() +
                       " is used, or was left, by another for_each or with; make a new one");
  entered_ = true;
}

coro<> generator_base::aexit(const outcome<>& how) {
  entered_ = false;
  closed_ = frame_ != nullptr;
  destroy_frame();
  // Its own end goes before that of its consumer, who may have dealt with it.
  const outcome<> end = closed_ || (cancelled_inside() && how.cancelled()) ? how : ended_;
  co_await leave_all_operation(resources_, end);
}

}  // namespace eddy::detail
