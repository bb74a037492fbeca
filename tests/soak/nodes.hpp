// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "eddy/coro/coro.hpp"
#include "tests/soak/world.hpp"

namespace soak {

/// Runs a node. Both live until it has ended.
eddy::coro<result> run_node(world& w, const plan& p);

/// Runs a whole program: the root, cancelled after a while when the plan's draw says so.
///
/// @param out  Its result, unless it was cancelled or threw.
eddy::coro<> run_program(world& w, const plan& p, std::unique_ptr<result>& out, bool sockets);

}  // namespace soak
