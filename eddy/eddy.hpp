// SPDX-License-Identifier: BSL-1.0
// All of eddy, for trying things out. A program that is here to stay compiles faster with the headers that
// it uses: knowing a name is knowing its header. Written by scripts/check_tree --fix.
#pragma once

#include "eddy/version.hpp"

#include "eddy/base/config.hpp"
#include "eddy/base/describe.hpp"
#include "eddy/base/errors.hpp"
#include "eddy/base/exception_group.hpp"
#include "eddy/base/frame_pool.hpp"
#include "eddy/base/intrusive_list.hpp"
#include "eddy/base/outcome.hpp"
#include "eddy/base/reports.hpp"

#include "eddy/loop/backend.hpp"
#include "eddy/loop/callback.hpp"
#include "eddy/loop/epoll_backend.hpp"
#include "eddy/loop/event_loop.hpp"
#include "eddy/loop/mailbox.hpp"
#include "eddy/loop/runnable.hpp"
#include "eddy/loop/scheduler.hpp"
#include "eddy/loop/timer_heap.hpp"

#include "eddy/coro/branch.hpp"
#include "eddy/coro/context.hpp"
#include "eddy/coro/coro.hpp"
#include "eddy/coro/future.hpp"
#include "eddy/coro/io_operation.hpp"
#include "eddy/coro/leaf.hpp"
#include "eddy/coro/promise.hpp"
#include "eddy/coro/run.hpp"
#include "eddy/coro/task.hpp"
#include "eddy/coro/task_registry.hpp"
#include "eddy/coro/task_state.hpp"
#include "eddy/coro/task_tree.hpp"

#include "eddy/flow/as_outcome.hpp"
#include "eddy/flow/shield.hpp"
#include "eddy/flow/single_scope.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/timeout.hpp"

#if EDDY_HAS_HTTP
#include "eddy/http/charset.hpp"
#include "eddy/http/content_decoder.hpp"
#include "eddy/http/fields.hpp"
#include "eddy/http/link.hpp"
#include "eddy/http/media_type.hpp"
#include "eddy/http/message.hpp"
#include "eddy/http/parse_error.hpp"
#include "eddy/http/parser.hpp"
#include "eddy/http/parser_limits.hpp"
#include "eddy/http/percent.hpp"
#include "eddy/http/serializer.hpp"
#include "eddy/http/status.hpp"
#include "eddy/http/url.hpp"
#include "eddy/http/utf8.hpp"
#endif

#if EDDY_HAS_SQLITE
#include "eddy/db/sqlite/cell.hpp"
#include "eddy/db/sqlite/columns.hpp"
#include "eddy/db/sqlite/conversion.hpp"
#include "eddy/db/sqlite/cursor.hpp"
#include "eddy/db/sqlite/database.hpp"
#include "eddy/db/sqlite/error.hpp"
#include "eddy/db/sqlite/options.hpp"
#include "eddy/db/sqlite/parameters.hpp"
#include "eddy/db/sqlite/row.hpp"
#include "eddy/db/sqlite/row_reader.hpp"
#include "eddy/db/sqlite/value.hpp"
#endif
