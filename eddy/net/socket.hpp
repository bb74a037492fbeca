// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <sys/socket.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "eddy/base/frame_pool.hpp"
#include "eddy/base/owned.hpp"
#include "eddy/coro/io_operation.hpp"
#include "eddy/net/socket_address.hpp"
#include "eddy/net/socket_options.hpp"
#include "eddy/net/transport.hpp"

namespace eddy::detail {

class connect_operation;

/// A socket that a loop's backend watches: non-blocking, closed on exec, closed with this object.
///
/// It stays where it was made, since the backend knows its address: hence always behind an owned.
class socket final : public transport {
 public:
  /// A new TCP socket for addresses of this kind, attached to the current loop. @throws std::system_error
  static owned<socket> make(const ip_address& kind);
  /// @param family  AF_INET, AF_INET6 or AF_UNIX.  @param type  SOCK_STREAM or SOCK_DGRAM.
  static owned<socket> make(int family, int type);
  socket();
  ~socket() override { close(false); }
  static void* operator new(std::size_t size) { return frame_pool::allocate(size); }
  static void operator delete(void* block, std::size_t size) noexcept { frame_pool::release(block, size); }
  socket(const socket&) = delete;
  socket& operator=(const socket&) = delete;

  /// Takes over a non-blocking descriptor and attaches it; it is closed also when this throws. @throws
  /// std::system_error
  void adopt(int fd);

  [[nodiscard]] connect_operation connect(const socket_address& to);

  /// Binds to an endpoint. @param what  For the error: "cannot <what> 127.0.0.1:80". @throws std::system_error
  void bind(const endpoint& at, const char* what);
  void listen(const socket_address& at, int backlog);
  /// No connection comes in any more and the port is free again, though the descriptor is open.
  void stop_listening() noexcept;

  bool start(io_request& request) override {
    request.target = &descriptor_;
    return backend_->start(request);
  }
  bool try_now(io_request& request) override {
    request.target = &descriptor_;
    return backend_->try_now(request);
  }
  bool withdraw(io_request& request) noexcept override { return backend_->withdraw(request); }
  void shut_down_sending() override;
  void close(bool reset) noexcept override;
  std::optional<endpoint> local_endpoint() const override;
  std::optional<endpoint> remote_endpoint() const override;
  socket_address local_address() const override;
  socket_address remote_address() const override;
  int native_handle() const noexcept override { return descriptor_.fd; }
  int release() override { return backend_->detach(descriptor_); }
  void set_nodelay(bool on) override;

  int fd() const noexcept { return descriptor_.fd; }
  void set_option(int level, int name, int value, const char* what);
  void set_options(const std::vector<socket_option>& options);

 private:
  descriptor descriptor_;
  backend* backend_;
};

/// Atomic as far as the caller sees: cancelled, the socket goes away with whatever the attempt had come to.
///
/// A Unix listener whose queue is full gives EBUSY: nothing is under way then, and nothing will tell when to try again.
class connect_operation final : public io_operation<connect_operation> {
 public:
  connect_operation(socket& s, socket_address to) noexcept : socket_(&s), to_(std::move(to)) {}
  connect_operation(connect_operation&&) = default;

  bool try_complete();
  /// errno; 0 when it is connected.
  int await_resume() const noexcept { return -result; }
  std::string describe() const override { return "connect to " + to_.to_string(); }

 private:
  socket* socket_;
  socket_address to_;
  sockaddr_storage address_{};
};

inline connect_operation socket::connect(const socket_address& to) { return {*this, to}; }

}  // namespace eddy::detail
