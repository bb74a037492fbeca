// SPDX-License-Identifier: BSL-1.0
#include "eddy/exec/from_awaitable.hpp"

namespace eddy::detail {

foreign_proxy make_foreign_proxy(foreign_wait&) { co_return; }

}  // namespace eddy::detail
