// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <sys/uio.h>

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "eddy/base/owned.hpp"
#include "eddy/loop/scheduler.hpp"

namespace eddy::detail {

/// A backend around the real one: lets requests go wrong as the scheduler's `faults` say, and notices when a descriptor
/// that it watches was closed, or closed and opened again, by somebody who does not own it.
class faulty_backend final : public backend {
 public:
  /// Puts one around the backend of a loop on which nothing has been done yet.
  static void wrap(scheduler& s) { s.io = std::make_unique<faulty_backend>(s, std::move(s.io)); }

  faulty_backend(scheduler& s, owned<backend> real) : scheduler_(s), real_(std::move(real)) {}

  std::string_view name() const noexcept override { return real_->name(); }
  void attach(descriptor& d) override;
  void close(descriptor& d) noexcept override;
  int detach(descriptor& d) noexcept override;
  bool start(io_request& request) override;
  bool try_now(io_request& request) override;
  bool finish(io_request& request) noexcept override;
  bool withdraw(io_request& request) noexcept override;
  void poll(std::optional<std::chrono::nanoseconds> limit) override;
  void wake() noexcept override { real_->wake(); }

 private:
  /// Which file a descriptor stands for: its number may be given out again.
  struct file {
    unsigned long long device = 0;
    unsigned long long number = 0;
    bool operator==(const file&) const = default;
  };
  static std::optional<file> file_of(int fd) noexcept;

  std::optional<io_fault> strike(const io_request& request) {
    return scheduler_.faults == nullptr ? std::nullopt : scheduler_.faults->strike(request);
  }
  /// Asks for one byte. @returns whether it completed at once; the request is otherwise as it was.
  bool try_one_byte(io_request& request);
  void check_owned(const descriptor& d) noexcept;
  void count() noexcept;

  scheduler& scheduler_;
  owned<backend> real_;
  std::map<const descriptor*, file> files_;
  io_request* delayed_ = nullptr;  // its error comes with the next poll
};

}  // namespace eddy::detail
