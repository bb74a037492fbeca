// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <string>

#include "eddy/base/owned.hpp"
#include "eddy/flow/named_work.hpp"
#include "eddy/flow/single_scope.hpp"
#include "eddy/http/detail/deadlines.hpp"
#include "eddy/http/reply.hpp"

namespace eddy::http::detail {

class exchange;

/// A part of an exchange, as a callable for a branch.
class exchange_step {
 public:
  using part = coro<> (exchange::*)();
  exchange_step(exchange& x, part what) noexcept : exchange_(&x), part_(what) {}
  coro<> operator()() { return (exchange_->*part_)(); }

 private:
  exchange* exchange_;
  part part_;
};

/// Runs a part of an exchange within its limits on time.
///
/// One timer for all of them: it is armed for the earliest deadline that can be, and looks when it fires whether one
/// has really been reached. So a read costs a look at the clock, and no timer.
class limited_exchange : public eddy::detail::single_scope<void, exchange_step>,
                         public eddy::detail::named_work,
                         private eddy::detail::timer,
                         private deadline_keeper {
 public:
  limited_exchange(exchange& x, exchange_step::part what) : single_scope(exchange_step(x, what)), exchange_(&x) {}

  template <class Promise>
  std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> frame) {
    begin();
    return this->start(frame);
  }
  void await_resume();
  std::string describe() const override;

 protected:
  exchange* exchange_;

 private:
  void begin();
  void deadline_changed() noexcept override;
  std::coroutine_handle<> branch_ended(eddy::detail::branch_base& ended) noexcept override;
  void due() noexcept override;

  time_point armed_for_{};
  bool expired_ = false;
};

/// A request that is awaited: gives the reply.
class request_operation final : public limited_exchange {
 public:
  explicit request_operation(eddy::detail::owned<exchange> x);
  ~request_operation();
  http::reply await_resume();

 private:
  eddy::detail::owned<exchange> owned_;
};

}  // namespace eddy::http::detail
