// SPDX-License-Identifier: BSL-1.0
#include "eddy/os/detail/file_engine.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <system_error>

#include "eddy/base/errors.hpp"
#include "eddy/base/owned.hpp"
#include "eddy/os/file_engine.hpp"

namespace eddy::detail {

namespace {

class thread_driver final : public file_driver {
 public:
  thread_driver(event_loop& loop, file_engine& engine) : loop_(loop), engine_(engine) {}
  std::string_view name() const noexcept override { return "threads"; }
  void start(file_request& request) override { engine_.threads().submit(request, loop_.scheduler()); }
  bool withdraw(file_request& request) noexcept override { return engine_.threads().withdraw(request); }
  void shut_down() noexcept override {}

 private:
  event_loop& loop_;
  file_engine& engine_;
};

/// A close that nobody waits for, so that it owns itself. It counts as no work of the loop's: the engine's end waits
/// for it.
class late_close final : public pool_job {
 public:
  late_close(int fd, scheduler& home) noexcept : fd_(fd), home_(home) {}
  void work() noexcept override { ::close(fd_); }
  void back() noexcept override {
    ++home_.external;  // counted down when it was submitted
    delete this;
  }

 private:
  int fd_;
  scheduler& home_;
};

}  // namespace

file_engine& file_engine::of(scheduler& s) { return s.service<file_engine>(); }

file_engine::file_engine(event_loop& loop) : loop_(loop) {}
file_engine::~file_engine() = default;

void file_engine::shut_down() noexcept {
  if (driver_) driver_->shut_down();
  threads_.reset();
  driver_.reset();
}

std::span<char> file_engine::scratch() {
  constexpr std::size_t size = 64 * 1024;
  if (!scratch_) scratch_ = std::make_unique<char[]>(size);
  return {scratch_.get(), size};
}

thread_pool& file_engine::threads() {
  if (!threads_) threads_ = make_owned<thread_pool>(most_threads, "eddy-files");
  return *threads_;
}

file_driver& file_engine::driver() {
  if (!driver_) choose({});
  return *driver_;
}

void file_engine::choose(std::string_view name) {
  if (driver_ && driver_->name() != name)
    throw misuse_error("the file engine is chosen before the loop's first use of files; it is " +
                       std::string(driver_->name()) + " by now");
  if (driver_) return;
  const char* wanted = std::getenv("EDDY_FILES");
  reason_ = "as the program asked";
  if (name.empty() && wanted != nullptr && *wanted != '\0') {
    name = wanted;
    reason_ = "as EDDY_FILES says";
  }
  if (!name.empty() && name != "threads" && name != "io_uring")
    throw misuse_error("there is no file engine \"" + std::string(name) + "\", only io_uring and threads");
  if (name != "threads") {
    try {
      driver_ = make_ring_driver(loop_, *this);
      if (name.empty()) reason_ = "the system allows it";
      return;
    } catch (const std::system_error& e) {
      if (!name.empty()) throw;
      reason_ = e.what();
    }
  }
  driver_ = std::make_unique<thread_driver>(loop_, *this);
}

bool file_engine::try_at_once(file_request& request, file_limits* limits) {
  if (faults != nullptr) {
    if (const auto fault = faults->strike(request)) {
      if (fault->error != 0) {
        request.result = -fault->error;
        return true;
      }
      request.size = request.size != 0 ? 1 : 0;
    }
  }
  return perform_at_once(request, limits);
}

void file_engine::close_later(int fd) noexcept {
  scheduler& s = loop_.scheduler();
  try {
    auto job = std::make_unique<late_close>(fd, s);
    threads().submit(*job, s);
    --s.external;
    (void)job.release();  // NOLINT(bugprone-unused-return-value): deletes itself
  } catch (...) {
    ::close(fd);  // no thread, no memory: better late than never
  }
}

file_operation open_operation(file_engine& engine, const char* path, int flags, unsigned mode) {
  file_operation op(engine, file_call::open, "open_file");
  op.fd = AT_FDCWD;
  op.path = path;
  op.flags = flags | O_CLOEXEC;
  op.mode = mode;
  return op;
}

#if !EDDY_HAS_IO_URING
owned<file_driver> make_ring_driver(event_loop&, file_engine&) {
  throw std::system_error(ENOSYS, std::generic_category(), "eddy was built without liburing");
}
#endif

}  // namespace eddy::detail

namespace eddy {

file_engine_info file_engine() {
  auto& engine = detail::file_engine::of(event_loop::current().scheduler());
  const std::string name(engine.driver().name());
  return {name, engine.reason()};
}

void use_file_engine(std::string_view name) { detail::file_engine::of(event_loop::current().scheduler()).choose(name); }

}  // namespace eddy
