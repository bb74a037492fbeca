// SPDX-License-Identifier: BSL-1.0
#pragma once

namespace eddy::detail {

/// Marks an operation whose describe() tells people more than what it waits for in turn: "get http://..." rather than
/// the read inside of it. A timeout_error names it and looks no deeper.
class named_work {
 protected:
  named_work() = default;
  ~named_work() = default;
  virtual void named() const noexcept {}  // a table, to find it by
};

}  // namespace eddy::detail
