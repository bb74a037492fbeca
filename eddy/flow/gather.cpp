// SPDX-License-Identifier: BSL-1.0
#include "eddy/flow/gather.hpp"

namespace eddy::detail {

void many_scope::on_cancel(cancellation& c) noexcept {
  for (std::size_t i = 0; i < count(); ++i) c.add(at(i));
}

void many_scope::visit_children(const detail::function<void(context&)>& visit) const {
  for (std::size_t i = 0; i < count(); ++i)
    if (!at(i).ended()) visit(at(i));
}

void many_scope::start_all() noexcept {
  running_ = count();
  for (std::size_t i = 0; i < count(); ++i) at(i).start_in_turn();
}

void many_scope::cancel_others(const branch_base* ended, const char* reason) noexcept {
  if (std::exchange(cancelled_others_, true)) return;
  cancellation going(context_->scheduler(), reason);
  for (std::size_t i = 0; i < count(); ++i)
    if (&at(i) != ended) going.add(at(i));
  going.run();
}

}  // namespace eddy::detail
