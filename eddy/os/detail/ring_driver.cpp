// SPDX-License-Identifier: BSL-1.0
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include "eddy/base/owned.hpp"
#include "eddy/loop/detail/ring.hpp"
#include "eddy/loop/event_loop.hpp"
#include "eddy/os/detail/file_engine.hpp"

namespace eddy::detail {

namespace {

enum stage : std::uint8_t { queued, with_kernel, to_cancel, cancelling, on_thread };

constexpr std::uint64_t of_nobody = 0;  // how a cancellation went: the request itself tells
constexpr std::size_t copies_elsewhere = std::size_t{1} << 20;
constexpr std::size_t most_of_one_call = std::size_t{1} << 30;

/// File requests through a ring of their own, beside whatever backend the loop has.
///
/// What a turn's tasks start is handed over together: the first request queues `flush` behind all that is ready. What
/// the kernel can do at once has completed by the end of that call; for the rest the loop's backend watches an eventfd
/// that the kernel writes to, as long as there is any.
class ring_driver final : public file_driver, private io_request, private runnable {
 public:
  ring_driver(event_loop& loop, file_engine& engine) : loop_(loop), engine_(engine), ring_(ring_sizes{256, 1024}) {
    check_operations();
    kind = io_kind::wait_readable;
    target = &news_;
    news_.fd = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (news_.fd < 0) throw std::system_error(errno, std::generic_category(), "eventfd for a ring");
    const int answer = io_uring_register_eventfd(&ring_.handle(), news_.fd);
    try {
      if (answer < 0) throw std::system_error(-answer, std::generic_category(), "io_uring_register_eventfd");
      loop_.scheduler().io->attach(news_);
    } catch (...) {
      ::close(news_.fd);
      throw;
    }
    announce(false);
  }
  ~ring_driver() override { loop_.scheduler().io->close(news_); }  // nothing after shut_down()

  std::string_view name() const noexcept override { return "io_uring"; }

  void start(file_request& request) override {
    request.stage = queued;
    waiting_.push_back(request);
    plan_flush();
  }

  bool withdraw(file_request& request) noexcept override {
    switch (request.stage) {
      case queued:
        request.unlink();
        return true;
      case with_kernel:
        request.stage = to_cancel;
        cancels_.push_back(request);
        plan_flush();
        return false;
      case on_thread:
        return engine_.threads().withdraw(request);
      default:
        return false;
    }
  }

  void shut_down() noexcept override {
    while (flush_planned_) loop_.scheduler().turn_ready();  // it stands in the loop's queue
    while (in_flight_ != 0) {
      ring_.wait(std::nullopt);
      harvest();
    }
    backend& io = *loop_.scheduler().io;
    if (pending) io.withdraw(*this);
    io.close(news_);
    while (io.leaving() != 0) io.poll(std::nullopt);  // nobody does so later, and it is at hand
  }

 private:
  void check_operations() {
    constexpr std::array operations{IORING_OP_OPENAT, IORING_OP_CLOSE, IORING_OP_READ,
                                    IORING_OP_WRITE,  IORING_OP_FSYNC, IORING_OP_STATX};
    const std::unique_ptr<io_uring_probe, void (*)(io_uring_probe*)> probe(io_uring_get_probe_ring(&ring_.handle()),
                                                                           io_uring_free_probe);
    for (const int operation : operations)
      if (probe == nullptr || io_uring_opcode_supported(probe.get(), operation) == 0)
        throw std::system_error(EOPNOTSUPP, std::generic_category(),
                                "this kernel's io_uring lacks operations on files that are needed");
  }

  void plan_flush() noexcept {
    if (std::exchange(flush_planned_, true)) return;
    loop_.scheduler().make_ready(*this);
  }

  // -- towards the kernel
  void run() noexcept override {
    flush_planned_ = false;
    while (!cancels_.empty()) {
      io_uring_sqe* const entry = ring_.next();
      if (entry == nullptr) break;
      file_request& request = cancels_.pop_front();
      request.stage = cancelling;
      io_uring_prep_cancel64(entry, key_of(request), 0);
      entry->user_data = of_nobody;
      if (ring_.can_skip_success()) entry->flags |= IOSQE_CQE_SKIP_SUCCESS;
    }
    while (!waiting_.empty()) {
      io_uring_sqe* const entry = ring_.next();
      if (entry == nullptr) break;
      file_request& request = waiting_.pop_front();
      prepare(request, *entry);
      entry->user_data = key_of(request);
      request.stage = with_kernel;
      ++in_flight_;
    }
    ring_.poll();
    harvest();
    watch();
    if (!waiting_.empty() || !cancels_.empty()) plan_flush();
  }

  static std::uint64_t key_of(file_request& request) noexcept { return reinterpret_cast<std::uintptr_t>(&request); }

  static void prepare(const file_request& r, io_uring_sqe& to) noexcept {
    const auto size = static_cast<unsigned>(std::min(r.size, most_of_one_call));
    switch (r.call) {
      case file_call::open:
        io_uring_prep_openat(&to, r.fd, r.path, r.flags, r.mode);
        break;
      case file_call::close:
        io_uring_prep_close(&to, r.fd);
        break;
      case file_call::read:
        io_uring_prep_read(&to, r.fd, r.data, size, static_cast<std::uint64_t>(r.offset));
        break;
      case file_call::write:
        io_uring_prep_write(&to, r.fd, r.data, size, static_cast<std::uint64_t>(r.offset));
        break;
      case file_call::sync:
        io_uring_prep_fsync(&to, r.fd, r.flags != 0 ? IORING_FSYNC_DATASYNC : 0U);
        break;
      case file_call::status:
        io_uring_prep_statx(&to, r.fd, r.path, r.flags, r.mode, static_cast<struct statx*>(r.data));
        break;
    }
    // So much is better copied by a thread of the kernel's than here, inside of the call that hands it over.
    if (r.size > copies_elsewhere) to.flags |= IOSQE_ASYNC;
  }

  // -- from the kernel
  void completed() noexcept override {
    take_news();
    watch();
  }

  void take_news() noexcept {
    std::uint64_t count = 0;
    [[maybe_unused]] const ssize_t got = ::read(news_.fd, &count, sizeof count);  // so that the next makes an edge
    ring_.poll();
    harvest();
  }

  void harvest() noexcept {
    while (ring_.ready() != 0) {
      const completion c = ring_.take();
      if (c.user_data == of_nobody) continue;
      --in_flight_;
      ended(*reinterpret_cast<file_request*>(static_cast<std::uintptr_t>(c.user_data)), c.result);
    }
  }

  void ended(file_request& request, int came) noexcept {
    const bool withdrawn = request.stage == to_cancel || request.stage == cancelling;
    if (request.linked()) request.unlink();  // its cancellation has not been handed over
    if (withdrawn && came == -EINTR) came = -ECANCELED;
    if (!withdrawn && (came == -EAGAIN || came == -EINTR) && try_on_thread(request)) return;
    request.result = came;
    request.done();
  }

  /// The kernel would not wait by itself.
  bool try_on_thread(file_request& request) noexcept {
    try {
      request.stage = on_thread;
      engine_.threads().submit(request, loop_.scheduler());
      return true;
    } catch (...) {
      return false;
    }
  }

  /// Has the loop wake for what is under way, and only then, so that a loop with nothing to do is seen to be idle.
  void watch() noexcept {
    backend& io = *loop_.scheduler().io;
    if (in_flight_ != 0) {
      announce(true);
      ring_.poll();  // what came before the kernel was told to tell
      harvest();
    }
    if (in_flight_ == 0) {
      announce(false);
      if (pending) io.withdraw(*this);
      return;
    }
    while (!pending && in_flight_ != 0) {
      if (!io.start(*this)) return;
      take_news();
    }
  }

  /// Whether the kernel writes to the eventfd. While requests are handed over it need not: that call looks by itself.
  void announce(bool on) noexcept {
    if (announcing_ == on) return;
    announcing_ = on;
    io_uring_cq_eventfd_toggle(&ring_.handle(), on);
  }

  event_loop& loop_;
  file_engine& engine_;
  ring ring_;
  descriptor news_;                       // an eventfd
  intrusive_list<file_request> waiting_;  // not seen by the kernel
  intrusive_list<file_request> cancels_;  // with it, and to be cancelled
  std::size_t in_flight_ = 0;
  bool flush_planned_ = false;
  bool announcing_ = true;
};

}  // namespace

owned<file_driver> make_ring_driver(event_loop& loop, file_engine& engine) {
  return std::make_unique<ring_driver>(loop, engine);
}

}  // namespace eddy::detail
