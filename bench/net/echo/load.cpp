// SPDX-License-Identifier: BSL-1.0
// What drives the echo servers: bare epoll, each connection sends its next message when the last one is back, and every
// byte that comes back is compared.
//
//   bench_echo_load PORT CONNECTIONS BYTES time MILLISECONDS PID   prints rate, p50_us, p99_us; of the process PID the
//                                                                  CPU time a message, cpu_us, and user_us of it
//   bench_echo_load PORT CONNECTIONS BYTES count MESSAGES          that many in all, prints messages
//   bench_echo_load PORT CONNECTIONS BYTES hold                    one message each, prints "open", waits for stdin
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "plain_socket.hpp"

namespace {

using clock_type = std::chrono::steady_clock;

/// What a process has used, in nanoseconds. Its sum is exact; the share of user space is what the kernel's ticks saw.
struct used_time {
  double all = 0;
  double user_share = 0;

  static used_time of(const std::string& pid) {
    used_time sum;
    for (const auto& thread : std::filesystem::directory_iterator("/proc/" + pid + "/task")) {
      double nanoseconds = 0;
      std::ifstream(thread.path() / "schedstat") >> nanoseconds;
      sum.all += nanoseconds;
    }
    std::ifstream stat("/proc/" + pid + "/stat");
    std::string text;
    std::getline(stat, text);
    text.erase(0, text.rfind(')') + 2);
    double user = 0;
    double system = 0;
    long skipped = 0;
    if (std::sscanf(text.c_str(), "%*c %ld %ld %ld %ld %ld %ld %ld %ld %ld %ld %lf %lf", &skipped, &skipped, &skipped,
                    &skipped, &skipped, &skipped, &skipped, &skipped, &skipped, &skipped, &user, &system) != 12)
      fail("/proc/PID/stat");
    sum.user_share = user * 1e9 / static_cast<double>(sysconf(_SC_CLK_TCK));
    return sum;
  }
};

struct connection {
  int fd = -1;
  unsigned offset = 0;  // where in the pattern the message begins: another place each time
  unsigned sent = 0;
  unsigned received = 0;
  clock_type::time_point started;
};

class load {
 public:
  load(std::uint16_t port, std::size_t connections, unsigned size) : size_(size), connections_(connections) {
    pattern_.resize(size + shifts);
    for (std::size_t i = 0; i < pattern_.size(); ++i) pattern_[i] = static_cast<char>((i * 7919) >> 3U);
    unsigned number = 0;
    for (connection& each : connections_) open(each, port, number++);
  }

  void run_for(std::chrono::milliseconds length, const std::string& pid) {
    start_all();
    run_until(clock_type::now() + length / 5);
    latencies_.clear();
    const used_time before = used_time::of(pid);
    const auto start = clock_type::now();
    run_until(start + length);
    const std::chrono::duration<double> taken = clock_type::now() - start;
    const used_time after = used_time::of(pid);
    const auto count = static_cast<double>(latencies_.size());
    if (count < 100) fail("too few messages came back");
    std::printf("rate %.0f\n", count / taken.count());
    std::printf("p50_us %.1f\np99_us %.1f\n", percentile(0.50), percentile(0.99));
    std::printf("cpu_us %.3f\n", (after.all - before.all) / 1000 / count);
    std::printf("user_us %.3f\n", (after.user_share - before.user_share) / 1000 / count);
  }

  void run_count(std::size_t messages) {
    to_start_ = messages;
    start_all();
    while (latencies_.size() < messages) turn(-1);
    std::printf("messages %zu\n", messages);
  }

  void hold() {
    run_count(connections_.size());
    std::puts("open");
    std::fflush(stdout);
    std::getchar();
  }

 private:
  static constexpr unsigned shifts = 251;

  /// From one of many loopback addresses, so that ports do not run out.
  void open(connection& c, std::uint16_t port, unsigned number) {
    c.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c.fd < 0) fail("socket");
    const int on = 1;
    setsockopt(c.fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    set_nodelay(c.fd);
    sockaddr_in from{};
    from.sin_family = AF_INET;
    from.sin_addr.s_addr = htonl(0x7f000002U + number % 250);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(c.fd, reinterpret_cast<sockaddr*>(&from), sizeof from) != 0) fail("bind");
    if (connect(c.fd, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) fail("connect");
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = &c;
    if (epoll_ctl(poller_, EPOLL_CTL_ADD, c.fd, &event) != 0) fail("epoll_ctl");
    c.offset = number % shifts;
  }

  void start_all() {
    const auto now = clock_type::now();
    for (connection& each : connections_) start(each, now);
  }
  void start(connection& c, clock_type::time_point now) {
    if (to_start_ == 0) return;
    --to_start_;
    c.offset = (c.offset + 1) % shifts;
    c.sent = c.received = 0;
    c.started = now;
    send_rest(c);
    if (c.sent < size_) watch(c, EPOLLIN | EPOLLOUT);
  }
  void send_rest(connection& c) {
    const ssize_t count = send(c.fd, &pattern_[c.offset + c.sent], size_ - c.sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count < 0 && errno != EAGAIN) fail("send");
    if (count > 0) c.sent += static_cast<unsigned>(count);
  }
  void watch(connection& c, std::uint32_t events) {
    epoll_event event{};
    event.events = events;
    event.data.ptr = &c;
    if (epoll_ctl(poller_, EPOLL_CTL_MOD, c.fd, &event) != 0) fail("epoll_ctl");
  }
  void run_until(clock_type::time_point end) {
    while (clock_type::now() < end) turn(100);
  }
  void turn(int limit) {
    const int ready = epoll_wait(poller_, events_.data(), static_cast<int>(events_.size()), limit);
    for (int i = 0; i < ready; ++i) {
      const epoll_event& event = events_.at(static_cast<std::size_t>(i));
      connection& c = *static_cast<connection*>(event.data.ptr);
      if ((event.events & EPOLLOUT) != 0) {
        send_rest(c);
        if (c.sent == size_) watch(c, EPOLLIN);
      }
      if ((event.events & ~EPOLLOUT) != 0) receive(c);
    }
  }
  void receive(connection& c) {
    const ssize_t count = recv(c.fd, into_.data(), into_.size(), MSG_DONTWAIT);
    if (count < 0 && errno == EAGAIN) return;
    if (count <= 0) fail("recv: the server has closed");
    const auto got = static_cast<unsigned>(count);
    if (c.received + got > c.sent || std::memcmp(into_.data(), &pattern_[c.offset + c.received], got) != 0) {
      std::fputs("other bytes came back than were sent\n", stderr);
      std::exit(1);
    }
    c.received += got;
    if (c.received < size_) return;
    const auto now = clock_type::now();
    latencies_.push_back(static_cast<float>((now - c.started).count()));
    start(c, now);
  }
  double percentile(double share) {
    const auto at = latencies_.begin() + static_cast<std::ptrdiff_t>(share * static_cast<double>(latencies_.size()));
    std::nth_element(latencies_.begin(), at, latencies_.end());
    return *at / 1000.0;
  }

  unsigned size_;
  int poller_ = epoll_create1(EPOLL_CLOEXEC);
  std::size_t to_start_ = SIZE_MAX;
  std::vector<connection> connections_;
  std::string pattern_;
  std::vector<char> into_ = std::vector<char>(64 * 1024);
  std::vector<float> latencies_;
  std::array<epoll_event, 256> events_{};
};

}  // namespace

int main(int count, char** arguments) {
  const std::vector<std::string> words(arguments, arguments + count);
  if (count < 5) fail("PORT CONNECTIONS BYTES time|count|hold");
  raise_descriptor_limit();
  load all(static_cast<std::uint16_t>(std::stoi(words[1])), std::stoul(words[2]),
           static_cast<unsigned>(std::stoul(words[3])));
  if (words[4] == "time" && count == 7)
    all.run_for(std::chrono::milliseconds(std::stol(words[5])), words[6]);
  else if (words[4] == "count" && count == 6)
    all.run_count(std::stoul(words[5]));
  else
    all.hold();
}
