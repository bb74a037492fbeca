// SPDX-License-Identifier: BSL-1.0
// The limit on io_uring: an echo server on liburing alone. Accepts and receives are multishot, receives take provided
// buffers, and what was received is sent from the buffer that it came in.
//   bench_echo_io_uring PORT (0: any), which it prints; ends with its stdin
#include <liburing.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>
#include <vector>

#include "plain_socket.hpp"

namespace {

constexpr unsigned buffer_count = 1024;
constexpr unsigned buffer_size = 16 * 1024;
constexpr int group = 1;

enum class what : std::uint8_t { accepted, received, sent, told_to_end };

/// A buffer with bytes that have to go back.
struct part {
  std::uint16_t buffer;
  unsigned size;
};

/// What has been received and not yet sent: one send is under way at a time, so that bytes keep their order.
struct connection {
  std::vector<part> parts;
  bool receiving = false;
  bool ended = false;
};

class server {
 public:
  explicit server(int listening) : listening_(listening) {
    io_uring_params settings{};
    settings.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_CQSIZE;
    settings.cq_entries = 8192;
    const int error = io_uring_queue_init_params(1024, &ring_, &settings);
    if (error < 0) {
      std::fprintf(stderr, "this system refuses io_uring: error %d\n", -error);
      std::exit(77);
    }
    make_buffers();
    accept();
    wait_for_end();
  }

  void run() {
    while (true) {
      io_uring_submit_and_wait(&ring_, 1);
      unsigned head = 0;
      unsigned seen = 0;
      io_uring_cqe* completion = nullptr;
      io_uring_for_each_cqe(&ring_, head, completion) {
        dispatch(*completion);
        ++seen;
      }
      io_uring_cq_advance(&ring_, seen);
      if (recycled_ == 0) continue;
      io_uring_buf_ring_advance(buffers_, recycled_);
      recycled_ = 0;
      receive_again();
    }
  }

 private:
  void make_buffers() {
    const std::size_t table = buffer_count * sizeof(io_uring_buf);
    if (posix_memalign(reinterpret_cast<void**>(&buffers_), 4096, table) != 0) fail("posix_memalign");
    io_uring_buf_reg registration{};
    registration.ring_addr = reinterpret_cast<std::uint64_t>(buffers_);
    registration.ring_entries = buffer_count;
    registration.bgid = group;
    if (io_uring_register_buf_ring(&ring_, &registration, 0) != 0) std::exit(77);
    io_uring_buf_ring_init(buffers_);
    memory_ = static_cast<char*>(std::malloc(std::size_t{buffer_count} * buffer_size));
    for (unsigned i = 0; i < buffer_count; ++i) recycle(static_cast<std::uint16_t>(i));
    io_uring_buf_ring_advance(buffers_, recycled_);
    recycled_ = 0;
  }

  char* bytes(std::uint16_t buffer) { return memory_ + std::size_t{buffer} * buffer_size; }
  void recycle(std::uint16_t buffer) {
    io_uring_buf_ring_add(buffers_, bytes(buffer), buffer_size, buffer, io_uring_buf_ring_mask(buffer_count),
                          recycled_++);
  }

  io_uring_sqe* next() {
    io_uring_sqe* entry = io_uring_get_sqe(&ring_);
    if (entry == nullptr) {
      io_uring_submit(&ring_);
      entry = io_uring_get_sqe(&ring_);
    }
    return entry;
  }
  // The preparing functions leave user_data alone in newer versions and clear it in older ones: it is set after them.
  void mark(io_uring_sqe* entry, what kind, int fd) {
    entry->user_data = (static_cast<std::uint64_t>(kind) << 32U) | static_cast<unsigned>(fd);
  }
  void accept() {
    io_uring_sqe* const entry = next();
    io_uring_prep_multishot_accept(entry, listening_, nullptr, nullptr, SOCK_CLOEXEC);
    mark(entry, what::accepted, listening_);
  }
  void wait_for_end() {
    io_uring_sqe* const entry = next();
    io_uring_prep_read(entry, STDIN_FILENO, &last_, 1, 0);
    mark(entry, what::told_to_end, STDIN_FILENO);
  }
  void receive(int fd) {
    io_uring_sqe* const entry = next();
    io_uring_prep_recv_multishot(entry, fd, nullptr, 0, 0);
    entry->flags |= IOSQE_BUFFER_SELECT;
    entry->buf_group = group;
    mark(entry, what::received, fd);
    at(fd).receiving = true;
  }
  void send(int fd) {
    const part& first = at(fd).parts.front();
    io_uring_sqe* const entry = next();
    io_uring_prep_send(entry, fd, bytes(first.buffer), first.size, MSG_NOSIGNAL | MSG_WAITALL);
    mark(entry, what::sent, fd);
  }
  connection& at(int fd) { return connections_[static_cast<std::size_t>(fd)]; }

  void dispatch(const io_uring_cqe& completion) {
    const int fd = static_cast<int>(completion.user_data & UINT32_MAX);
    switch (static_cast<what>(completion.user_data >> 32U)) {
      case what::accepted:
        if (completion.res >= 0) accepted(completion.res);
        if ((completion.flags & IORING_CQE_F_MORE) == 0) accept();
        return;
      case what::received:
        return received(fd, completion);
      case what::sent:
        return sent(fd, completion.res);
      case what::told_to_end:
        std::exit(0);
    }
  }
  void accepted(int fd) {
    set_nodelay(fd);
    if (connections_.size() <= static_cast<std::size_t>(fd)) connections_.resize(static_cast<std::size_t>(fd) + 1);
    receive(fd);
  }
  void received(int fd, const io_uring_cqe& completion) {
    connection& c = at(fd);
    if ((completion.flags & IORING_CQE_F_MORE) == 0) c.receiving = false;
    if (completion.res > 0) {
      const auto buffer = static_cast<std::uint16_t>(completion.flags >> IORING_CQE_BUFFER_SHIFT);
      c.parts.push_back({buffer, static_cast<unsigned>(completion.res)});
      if (c.parts.size() == 1) send(fd);
      if (!c.receiving) receive(fd);
    } else if (completion.res == -ENOBUFS) {
      starving_.push_back(fd);
    } else {
      c.ended = true;
      end_if_idle(fd);
    }
  }
  void sent(int fd, int result) {
    connection& c = at(fd);
    recycle(c.parts.front().buffer);
    c.parts.erase(c.parts.begin());
    if (result < 0) c.ended = true;
    if (!c.parts.empty() && !c.ended)
      send(fd);
    else
      end_if_idle(fd);
  }
  void end_if_idle(int fd) {
    connection& c = at(fd);
    if (!c.ended || c.receiving) return;
    for (const part& each : c.parts) recycle(each.buffer);
    c = connection();
    close(fd);
  }
  /// No buffer was free: there is one now.
  void receive_again() {
    for (const int fd : std::exchange(starving_, {})) receive(fd);
  }

  int listening_;
  io_uring ring_{};
  io_uring_buf_ring* buffers_ = nullptr;
  char* memory_ = nullptr;
  int recycled_ = 0;
  char last_ = 0;
  std::vector<connection> connections_;
  std::vector<int> starving_;
};

}  // namespace

int main(int count, char** arguments) {
  raise_descriptor_limit();
  server(listen_and_say(static_cast<std::uint16_t>(count > 1 ? std::atoi(arguments[1]) : 0), 0)).run();
}
