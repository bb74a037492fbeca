// SPDX-License-Identifier: BSL-1.0
#include "eddy/os/detail/process_worker.hpp"

#include <cxxabi.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <limits>
#include <new>
#include <optional>
#include <string>
#include <typeinfo>

#include "eddy/base/errors.hpp"
#include "eddy/os/detail/process_call.hpp"
#include "eddy/os/detail/process_frame.hpp"

namespace eddy::detail {

namespace {

// The socket blocks: a worker that has nothing to do sleeps in the kernel.

/// @returns whether all of it came before the end.
bool read_all(void* into, std::size_t size) noexcept {
  auto* at = static_cast<std::byte*>(into);
  while (size > 0) {
    const ssize_t count = ::recv(worker_socket, at, size, 0);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    at += count;
    size -= static_cast<std::size_t>(count);
  }
  return true;
}

bool write_all(std::span<const std::byte> bytes) noexcept {
  while (!bytes.empty()) {
    const ssize_t count = ::send(worker_socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
  return true;
}

std::optional<received_frame> read_frame() {
  frame_header header;
  if (!read_all(&header, sizeof header) || header.magic != frame_header::expected_magic) return std::nullopt;
  received_frame frame;
  frame.kind = header.kind;
  frame.size = header.size;
  frame.data = std::make_unique_for_overwrite<std::byte[]>(header.size);
  if (!read_all(frame.data.get(), frame.size)) return std::nullopt;
  return frame;
}

std::vector<std::byte> hello() {
  msgpack::writer out(sizeof(frame_header));
  out.put_unsigned(frame_protocol);
  out.put_unsigned(program_fingerprint());
  return seal_frame(frame_kind::hello, std::move(out));
}

/// What is being caught now, as a frame.
std::vector<std::byte> caught() {
  const std::type_info* type = abi::__cxa_current_exception_type();
  std::string text;
  try {
    throw;
  } catch (const std::exception& error) {
    text = error.what();
  } catch (...) {  // its type has to say it all
  }
  msgpack::writer out(sizeof(frame_header));
  out.put_text(type != nullptr ? demangle(type->name()) : "an exception of another language");
  out.put_text(text);
  return seal_frame(frame_kind::exception, std::move(out));
}

std::vector<std::byte> answer(const received_frame& call) {
  try {
    msgpack::reader in(call.body());
    const std::uint64_t limit = in.get_unsigned();
    const auto stub = reinterpret_cast<process_stub>(unpack_code(in));
    const code_address function = in.take_nil() ? nullptr : unpack_code(in);
    msgpack::writer out(sizeof(frame_header));
    stub(function, in, out);
    if (out.size() > limit)
      throw std::length_error("the result has " + std::to_string(out.size()) +
                              " bytes, more than process_pool::max_message allows");
    return seal_frame(frame_kind::value, std::move(out));
  } catch (...) {
    return caught();
  }
}

/// What the variable says, which then goes: programs that a job starts are no workers.
bool take_orders() {
  const char* orders = std::getenv(worker_variable);
  if (orders == nullptr) return false;
  char* rest = nullptr;
  const auto parent = std::strtol(orders, &rest, 10);
  const std::string name = *rest == ':' ? rest + 1 : "";
  ::unsetenv(worker_variable);
  if (!name.empty()) ::prctl(PR_SET_NAME, name.c_str());
  // When the parent dies, so does a worker that computes; one that waits finds its socket closed. The parent may have
  // died before this line.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  return ::getppid() == parent;
}

/// Ctrl-C goes to all processes of a terminal, and is the parent's business. It was blocked until here.
void leave_interrupts_to_parent() noexcept {
  ::signal(SIGINT, SIG_IGN);
  sigset_t interrupt;
  sigemptyset(&interrupt);
  sigaddset(&interrupt, SIGINT);
  ::sigprocmask(SIG_UNBLOCK, &interrupt, nullptr);
}

}  // namespace

bool is_process_worker() noexcept { return std::getenv(worker_variable) != nullptr; }

int serve_process_worker() {
  if (!take_orders()) return 0;
  leave_interrupts_to_parent();
  ::fcntl(worker_socket, F_SETFD, FD_CLOEXEC);
  if (!write_all(hello())) return 0;
  while (auto call = read_frame()) {
    const auto reply = answer(*call);
    call.reset();
    std::cout.flush();
    std::fflush(nullptr);  // a worker that is killed later has lost nothing that it printed
    if (!write_all(reply)) break;
  }
  return 0;
}

}  // namespace eddy::detail

extern "C" int eddy_serve_process_worker() { return eddy::detail::serve_process_worker(); }
