// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <system_error>

#include "eddy/testing/faults.hpp"

namespace eddy::detail {

/// Lets one request of a run go wrong: the `at`-th, with the `which`-th fault that is declared for its kind.
class one_fault final : public io_faults {
 public:
  one_fault(std::size_t at, std::size_t which) : at_(at), which_(which) {}

  std::optional<io_fault> strike(const io_request& request) override {
    if (count_++ != at_) return std::nullopt;
    const auto all = testing::declared_faults(request.kind);
    reached_ = true;
    known_ = all.size();
    reading_ = reads(request.kind);
    if (which_ >= known_) return std::nullopt;
    struck_ = all[which_];
    return struck_;
  }
  /// For another run.
  void begin() noexcept {
    count_ = 0;
    reached_ = false;
  }

  /// Whether there was such a request.
  bool reached() const noexcept { return reached_; }
  /// Whether a fault was declared for it.
  bool struck() const noexcept { return reached_ && which_ < known_; }
  std::string describe() const {
    const std::string request = std::string(reading_ ? "reading" : "writing") + " request " + std::to_string(at_);
    if (struck_.error == 0) return request + " moved one byte at most";
    return request + " failed " + (struck_.later ? "later" : "at once") + " with \"" +
           std::generic_category().message(struck_.error) + "\"";
  }

 private:
  std::size_t at_;
  std::size_t which_;
  std::size_t count_ = 0;
  std::size_t known_ = 0;
  bool reached_ = false;
  bool reading_ = false;
  io_fault struck_;
};

}  // namespace eddy::detail
