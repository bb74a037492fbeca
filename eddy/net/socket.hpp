// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <sys/socket.h>

#include <memory>
#include <string>

#include "eddy/base/frame_pool.hpp"
#include "eddy/coro/io_operation.hpp"
#include "eddy/net/transport.hpp"

namespace eddy::detail {

class connect_operation;

/// A socket that a loop's backend watches: non-blocking, closed on exec, closed with this object.
///
/// It stays where it was made, since the backend knows its address: hence always behind a unique_ptr.
class socket final : public transport {
 public:
  /// A new TCP socket for addresses of this kind, attached to the current loop. @throws std::system_error
  static std::unique_ptr<socket> make(const ip_address& kind);
  socket();
  ~socket() override { close(false); }
  static void* operator new(std::size_t size) { return frame_pool::allocate(size); }
  static void operator delete(void* block, std::size_t size) noexcept { frame_pool::release(block, size); }
  socket(const socket&) = delete;
  socket& operator=(const socket&) = delete;

  /// Takes over a non-blocking descriptor and attaches it; it is closed also when this throws. @throws
  /// std::system_error
  void adopt(int fd);

  [[nodiscard]] connect_operation connect(const endpoint& to);

  /// @param reuse_port  Several sockets may listen on one port, and the kernel shares connections out. @throws
  /// std::system_error
  void listen(const endpoint& at, int backlog, bool reuse_port);
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
  void set_nodelay(bool on) override;

  int fd() const noexcept { return descriptor_.fd; }
  void set_option(int level, int name, int value, const char* what);

 private:
  descriptor descriptor_;
  backend* backend_;
};

/// Atomic as far as the caller sees: cancelled, the socket goes away with whatever the attempt had come to.
class connect_operation final : public io_operation<connect_operation> {
 public:
  connect_operation(socket& s, const endpoint& to) noexcept : socket_(&s), to_(to) {}
  connect_operation(connect_operation&&) = default;

  bool try_complete();
  /// errno; 0 when it is connected.
  int await_resume() const noexcept { return -result; }
  std::string describe() const override { return "connect to " + to_.to_string(); }

 private:
  socket* socket_;
  endpoint to_;
  sockaddr_storage address_{};
};

inline connect_operation socket::connect(const endpoint& to) { return {*this, to}; }

}  // namespace eddy::detail
