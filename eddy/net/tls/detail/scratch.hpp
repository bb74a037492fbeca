// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <vector>

namespace eddy::tls::detail {

/// Memory that the secure streams of a thread use one after the other, so that none of them holds any while it waits.
struct scratch {
  static constexpr std::size_t record = 16 * 1024;    // the most that TLS puts into one
  static constexpr std::size_t at_once = 4 * record;  // plain bytes that are encrypted or decrypted in one go

  std::array<char, at_once> plain;             // lent to receives
  std::array<char, record> gathered;           // small pieces of a write, joined
  std::array<char, at_once + 4096> encrypted;  // on its way down

  /// A stream that stands on another secure stream is at work while that one is: each depth has memory of its own.
  /// @throws std::bad_alloc
  static scratch& of_depth(unsigned depth) {
    thread_local std::vector<std::unique_ptr<scratch>> all;
    while (all.size() <= depth) all.push_back(std::unique_ptr<scratch>(new scratch));
    return *all[depth];
  }

 private:
  scratch() {}  // NOLINT(modernize-use-equals-default): which would fill it with zeros
};

}  // namespace eddy::tls::detail
