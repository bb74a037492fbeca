// SPDX-License-Identifier: BSL-1.0
// libuv as an echo server: one buffer for all connections, a write that is tried first and queued when it must be.
//   bench_echo_libuv PORT (0: any), which it prints
#include <uv.h>

#include <array>
#include <string>

#include "plain_socket.hpp"

namespace {

std::array<char, 64 * 1024> buffer;

struct queued_write {
  uv_write_t request;
  std::string bytes;
};

void forget(uv_handle_t* handle) { delete reinterpret_cast<uv_tcp_t*>(handle); }

void give_buffer(uv_handle_t*, std::size_t, uv_buf_t* out) {
  *out = uv_buf_init(buffer.data(), static_cast<unsigned>(buffer.size()));
}

void written(uv_write_t* request, int) { delete static_cast<queued_write*>(request->data); }

void received(uv_stream_t* peer, ssize_t count, const uv_buf_t*) {
  if (count == 0) return;
  if (count < 0) return uv_close(reinterpret_cast<uv_handle_t*>(peer), forget);
  uv_buf_t bytes = uv_buf_init(buffer.data(), static_cast<unsigned>(count));
  int sent = uv_try_write(peer, &bytes, 1);
  if (sent == count) return;
  if (sent < 0) sent = 0;  // it was busy, or broken: the queued write tells
  auto* const rest = new queued_write{{}, std::string(buffer.data() + sent, static_cast<std::size_t>(count - sent))};
  rest->request.data = rest;
  bytes = uv_buf_init(rest->bytes.data(), static_cast<unsigned>(rest->bytes.size()));
  uv_write(&rest->request, peer, &bytes, 1, written);
}

void connected(uv_stream_t* listening, int status) {
  if (status < 0) return;
  auto* const peer = new uv_tcp_t;
  uv_tcp_init(listening->loop, peer);
  auto* const as_stream = reinterpret_cast<uv_stream_t*>(peer);
  if (uv_accept(listening, as_stream) != 0) return uv_close(reinterpret_cast<uv_handle_t*>(peer), forget);
  uv_tcp_nodelay(peer, 1);
  uv_read_start(as_stream, give_buffer, received);
}

}  // namespace

int main(int count, char** arguments) {
  raise_descriptor_limit();
  uv_loop_t* const loop = uv_default_loop();
  uv_tcp_t listening;
  uv_tcp_init(loop, &listening);
  sockaddr_in at{};
  uv_ip4_addr("127.0.0.1", count > 1 ? std::atoi(arguments[1]) : 0, &at);
  uv_tcp_bind(&listening, reinterpret_cast<sockaddr*>(&at), 0);
  if (uv_listen(reinterpret_cast<uv_stream_t*>(&listening), 4096, connected) != 0) fail("uv_listen");
  int size = sizeof at;
  uv_tcp_getsockname(&listening, reinterpret_cast<sockaddr*>(&at), &size);
  say_port(ntohs(at.sin_port));
  return uv_run(loop, UV_RUN_DEFAULT);
}
