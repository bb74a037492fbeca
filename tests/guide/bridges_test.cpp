// SPDX-License-Identifier: BSL-1.0
// The code of docs/guide/bridges.md.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <coroutine>
#include <exception>
#include <functional>
#include <future>
#include <map>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "eddy/coro/coro.hpp"
#include "eddy/coro/task.hpp"
#include "eddy/exec/from_awaitable.hpp"
#include "eddy/exec/from_callback.hpp"
#include "eddy/exec/from_future.hpp"
#include "eddy/exec/readable.hpp"
#include "eddy/flow/as_outcome.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/timeout.hpp"
#include "eddy/testing/test.hpp"

using namespace std::chrono_literals;
using eddy::coro;

namespace lib {

// A library with callbacks, in the way of C.
using callback = std::function<void(int error, std::string text)>;
class reader {
 public:
  int read(callback done) {
    const int id = ++last_;
    pending_[id] = std::move(done);
    return id;
  }
  void cancel(int id) { finish(id, 125, ""); }
  void finish(int id, int error, const std::string& text) {
    const auto found = pending_.extract(id);
    if (found) found.mapped()(error, text);
  }

 private:
  int last_ = 0;
  std::map<int, callback> pending_;
};

// A library with awaitables of its own.
class on_own_thread {
 public:
  on_own_thread() = default;
  on_own_thread(on_own_thread&&) = default;
  ~on_own_thread() {
    if (thread_.joinable()) thread_.join();
  }
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> handle) {
    thread_ = std::thread([handle] { handle.resume(); });
  }
  int await_resume() const noexcept { return 3; }

 private:
  std::thread thread_;
};

}  // namespace lib

namespace {

// [callback]
coro<std::string> read(lib::reader& from) {
  co_return co_await eddy::from_callback<std::string>([&](eddy::resolver<std::string> resolve) {
    from.read([resolve](int error, std::string text) {
      if (error != 0)
        resolve.fail(std::make_exception_ptr(std::system_error(error, std::generic_category())));
      else
        resolve(std::move(text));
    });
  });
}
// [callback]

EDDY_TEST(bridges, S73_callback) {
  lib::reader from;
  eddy::event_loop::current().call_later(1s, [&] { from.finish(1, 0, "text"); });
  const auto text = co_await read(from);
  EXPECT_EQ(text, "text");
  eddy::event_loop::current().call_later(1s, [&] { from.finish(2, 5, ""); });
  const auto failed = co_await eddy::as_outcome(read(from));
  EXPECT_THROW(failed.throw_if_failed(), std::system_error);
}

// [hook]
coro<std::string> read_or_call_off(lib::reader& from) {
  int id = 0;
  auto start = [&](eddy::resolver<std::string> resolve) {
    id = from.read([resolve](int error, std::string text) {
      if (error == ECANCELED)
        resolve.cancelled();  // nothing was read
      else
        resolve(std::move(text));
    });
  };
  co_return co_await eddy::from_callback<std::string>(start, [&] { from.cancel(id); });
}
// [hook]

EDDY_TEST(bridges, S73_hook) {
  lib::reader from;
  const auto end = co_await eddy::as_outcome(eddy::wait_for(read_or_call_off(from), 1s));
  EXPECT_THROW(end.throw_if_failed(), eddy::timeout_error);
  eddy::event_loop::current().call_later(1s, [&] { from.finish(2, 0, "text"); });
  const auto text = co_await read_or_call_off(from);
  EXPECT_EQ(text, "text");
}

EDDY_IO_TEST(bridges, S73_future) {
  // [future]
  std::future<int> f = std::async(std::launch::async, [] { return 7; });
  int x = co_await eddy::from_future(f);
  // [future]
  EXPECT_EQ(x, 7);
}

// [descriptor]
coro<std::string> read_all(int fd) {  // of another library, non-blocking
  std::string all;
  std::array<char, 256> bytes{};
  while (true) {
    co_await eddy::readable(fd);
    auto size = ::read(fd, bytes.data(), bytes.size());
    if (size == 0) co_return all;
    if (size > 0) all.append(bytes.data(), static_cast<std::size_t>(size));
    if (size < 0 && errno != EAGAIN) throw std::system_error(errno, std::generic_category(), "read");
  }
}
// [descriptor]

EDDY_IO_TEST(bridges, S73_descriptor) {
  std::array<int, 2> ends{};
  EXPECT_EQ(::pipe2(ends.data(), O_NONBLOCK | O_CLOEXEC), 0);
  auto reading = eddy::create_task(read_all, ends[0]);
  co_await eddy::sleep(100us);
  EXPECT_EQ(::write(ends[1], "bytes", 5), 5);
  ::close(ends[1]);
  const auto text = co_await reading;
  EXPECT_EQ(text, "bytes");
  ::close(ends[0]);
}

EDDY_IO_TEST(bridges, S73_awaitable) {
  // [awaitable]
  int x = co_await eddy::from_awaitable(lib::on_own_thread());
  // [awaitable]
  EXPECT_EQ(x, 3);
}

}  // namespace
