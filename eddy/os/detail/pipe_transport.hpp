// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "eddy/base/detail/exchanged.hpp"
#include "eddy/net/transport.hpp"

namespace eddy::detail {

/// A share of the kernel's pipe memory, which it counts for each user: the more of it this program's pipes hold, the
/// less a new one gets.
class large_pipe_share {
 public:
  large_pipe_share() noexcept = default;
  large_pipe_share(large_pipe_share&& other) noexcept : held_(detail::exchanged(other.held_, std::size_t{0})) {}
  large_pipe_share& operator=(large_pipe_share&&) = delete;
  ~large_pipe_share();
  /// Called once. @returns what a pipe may be made to hold: `wanted` bytes, or less; 0 for the system's usual size.
  std::size_t take(std::size_t wanted) noexcept;

 private:
  std::size_t held_ = 0;  // bytes
};

/// One end of a pipe, under a stream: the reading or the writing one.
///
/// A pipe ends when the last of its writers has gone, and a child may leave writers behind that nobody knows of. So
/// its owner can end it from this side: what stands in the pipe by then is still read, then comes the end.
class pipe_transport final : public transport {
 public:
  /// Takes over a non-blocking descriptor and attaches it to the current loop; it is closed also when this throws.
  /// @throws std::system_error
  explicit pipe_transport(int fd, large_pipe_share share = {});
  ~pipe_transport() override { close(false); }
  pipe_transport(const pipe_transport&) = delete;
  pipe_transport& operator=(const pipe_transport&) = delete;

  /// The reader gets what is in the pipe now, then the end of the stream.
  void end_now() noexcept;

  bool start(io_request& request) override;
  bool try_now(io_request& request) override;
  bool withdraw(io_request& request) noexcept override { return backend_->withdraw(request); }
  void shut_down_sending() override { close(false); }
  void close(bool reset) noexcept override;

 private:
  void read_rest(io_request& request) noexcept;

  descriptor descriptor_;
  backend* backend_;
  large_pipe_share share_;
  bool was_read_ = false;  // its first read waits to be told: a new child has written nothing yet
  bool ending_ = false;
  std::size_t rest_ = 0;         // once it is ending: bytes that may still be read
  std::vector<std::byte> lent_;  // once it is ending: for receives without memory of their own
};

/// Both ends of a pipe; closed with this object and in other programs, blocking.
class pipe_ends {
 public:
  /// @param size  Bytes that the kernel may keep in it, as far as it allows. 0: the usual size.
  /// @throws std::system_error
  explicit pipe_ends(std::size_t size);
  pipe_ends(pipe_ends&& other) noexcept;
  pipe_ends& operator=(pipe_ends&&) = delete;
  ~pipe_ends();

  int reading() const noexcept { return reading_; }
  int writing() const noexcept { return writing_; }
  /// Hand one over.
  int take_reading() noexcept;
  int take_writing() noexcept;
  large_pipe_share take_share() noexcept { return std::move(share_); }

 private:
  int reading_ = -1;
  int writing_ = -1;
  large_pipe_share share_;
};

}  // namespace eddy::detail
