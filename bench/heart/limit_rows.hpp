// SPDX-License-Identifier: BSL-1.0
// The rows of limit.cpp that have files of their own.
#pragma once

#include "measure.hpp"

extern const std::span<const heart::row> limit_time_rows;    // limit_time.cpp
extern const std::span<const heart::row> limit_thread_rows;  // limit_cross.cpp
