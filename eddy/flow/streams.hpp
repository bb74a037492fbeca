// SPDX-License-Identifier: BSL-1.0
// All shapers of streams: `numbers() | streams::filter(odd) | streams::batch(10)`.
#pragma once

#include "eddy/flow/for_each.hpp"
#include "eddy/flow/stream_batch.hpp"
#include "eddy/flow/stream_buffer.hpp"
#include "eddy/flow/stream_filter.hpp"
#include "eddy/flow/stream_map.hpp"
#include "eddy/flow/stream_merge.hpp"
#include "eddy/flow/stream_range.hpp"
#include "eddy/flow/stream_take.hpp"
