// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "eddy/os/detail/file_core.hpp"

namespace eddy::detail {

/// One read or write of an open file. Atomic: the position moves together with the delivery of what was transferred.
class transfer_operation final : public leaf<transfer_operation>, public file_request, public io_request {
 public:
  static constexpr std::int64_t at_position = -1;

  transfer_operation(file_ref file, file_call what, void* bytes, std::size_t count, std::int64_t where) noexcept;
  transfer_operation(transfer_operation&&) = default;

  bool try_complete();
  void begin();
  bool take_back() noexcept;
  /// Bytes. @throws std::filesystem::filesystem_error
  std::size_t await_resume();
  std::string describe() const override;

 private:
  void check() const;
  bool positioned() const noexcept { return where_ == at_position; }
  void enter() noexcept;
  void leave() noexcept;
  void settle() noexcept;
  void spend_more() noexcept;
  void completed() noexcept override;
  void done() noexcept override;
  void tell() noexcept;

  file_ref file_;
  std::int64_t where_;
  bool under_way_ = false;
};

}  // namespace eddy::detail
