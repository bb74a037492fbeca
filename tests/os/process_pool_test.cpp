// SPDX-License-Identifier: BSL-1.0
#include "eddy/os/process_pool.hpp"

#include <gtest/gtest.h>

#include <cctype>
#include <fstream>
#include <map>
#include <optional>
#include <span>
#include <stdexcept>
#include <thread>

#include "eddy/coro/run.hpp"
#include "eddy/flow/gather.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/with.hpp"
#include "eddy/os/detail/process_frame.hpp"
#include "eddy/testing/test.hpp"
#include "tests/os/process_functions.hpp"

namespace {

using namespace eddy;
using namespace std::chrono_literals;
using namespace eddy::testing::processes;

static_assert(!std::is_copy_constructible_v<process_pool>);
static_assert(std::is_nothrow_move_constructible_v<process_pool>);

struct pixel {
  std::uint8_t red = 0;
  std::uint8_t green = 0;
  bool operator==(const pixel&) const = default;
};
EDDY_DESCRIBE(pixel, red, green)

struct scene {
  std::string title;
  int width = 0;
  int height = 0;
  std::optional<pixel> background;
};
EDDY_DESCRIBE(scene, title, width, height, background)

struct image {
  std::string title;
  std::vector<pixel> pixels;
  std::map<std::string, double> statistics;
};
EDDY_DESCRIBE(image, title, pixels, statistics)

image render(const scene& of) {
  image made;
  made.title = of.title + ", rendered";
  made.pixels.assign(static_cast<std::size_t>(of.width * of.height), of.background.value_or(pixel()));
  made.statistics["pixels"] = of.width * of.height;
  return made;
}

std::string reversed(std::string text) {
  std::reverse(text.begin(), text.end());
  return text;
}
std::size_t total(std::string_view text, std::span<const int> numbers) {
  std::size_t sum = text.size();
  for (const int n : numbers) sum += static_cast<std::size_t>(n);
  return sum;
}
int fail(std::string text) { throw std::out_of_range(text); }
int fail_strangely() { throw 7; }
void nothing() {}

const std::string made_before_main = "made before main";
std::string from_static_object() { return made_before_main; }

int started_with = 0;
void start_with(int value) { started_with = value; }
int what_it_started_with() { return started_with; }
void cannot_start() { throw std::runtime_error("no licence"); }

std::string text_of(std::exception_ptr error) { return error ? detail::describe_exception(error) : "no exception"; }

template <class Operation>
coro<std::string> text_of_failure(Operation operation) {
  try {
    co_await std::move(operation);
  } catch (...) {
    co_return text_of(std::current_exception());
  }
  co_return "no exception";
}

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

EDDY_IO_TEST(process_pool, S37_a_function_runs_in_another_process_and_its_value_comes_back) {
  co_await with(process_pool(1), [](process_pool& pool) -> coro<> {
    const int sum = co_await pool.submit(add, 2, 3);
    EXPECT_EQ(sum, 5);
    const int where = co_await pool.submit(pid);
    EXPECT_NE(where, ::getpid());
    EXPECT_EQ(pool.pids(), std::vector<int>{where});
    co_await pool.submit(nothing);
  });
}

EDDY_IO_TEST(process_pool, S37_described_structs_travel) {
  co_await with(process_pool(1), [](process_pool& pool) -> coro<> {
    scene of;
    of.title = "sunrise";
    of.width = 4;
    of.height = 3;
    of.background = pixel{255, 128};
    const image made = co_await pool.submit(render, of);
    EXPECT_EQ(made.title, "sunrise, rendered");
    EXPECT_EQ(made.pixels, std::vector<pixel>(12, pixel{255, 128}));
    EXPECT_EQ(made.statistics.at("pixels"), 12.0);
  });
}

EDDY_IO_TEST(process_pool, S37_lambdas_views_and_library_functions_are_called) {
  co_await with(process_pool(1), [](process_pool& pool) -> coro<> {
    const int square = co_await pool.submit([](int x) { return x * x; }, 12);
    EXPECT_EQ(square, 144);
    const std::vector<int> numbers{1, 2, 3};
    const std::size_t sum = co_await pool.submit(total, "four", numbers);
    EXPECT_EQ(sum, 10u);
    const int upper = co_await pool.submit(static_cast<int (*)(int)>(std::toupper), 'a');  // of a shared library
    EXPECT_EQ(upper, 'A');
  });
}

EDDY_IO_TEST(process_pool, S37_ten_mebibytes_go_there_and_back) {
  co_await with(process_pool(1), [](process_pool& pool) -> coro<> {
    std::string text(10 << 20, 'x');
    text.front() = 'a';
    const std::string back = co_await pool.submit(reversed, text);
    EXPECT_EQ(back.size(), text.size());
    EXPECT_EQ(back.back(), 'a');
    EXPECT_EQ(back.front(), 'x');
  });
}

EDDY_IO_TEST(process_pool, S37_static_objects_are_made_in_workers) {
  co_await with(process_pool(1), [](process_pool& pool) -> coro<> {
    const std::string text = co_await pool.submit(from_static_object);
    EXPECT_EQ(text, made_before_main);
  });
}

EDDY_IO_TEST(process_pool, S37_exceptions_come_back_with_type_and_text_and_the_worker_stays) {
  co_await with(process_pool(1), [](process_pool& pool) -> coro<> {
    const int before = co_await pool.submit(pid);
    try {
      co_await pool.submit(fail, "nobody home");
      ADD_FAILURE() << "nothing was thrown";
    } catch (const remote_error& error) {
      EXPECT_EQ(error.type_name(), "std::out_of_range");
      EXPECT_EQ(error.text(), "nobody home");
      EXPECT_STREQ(error.what(), "std::out_of_range in a worker process: nobody home");
    }
    const std::string strange = co_await text_of_failure(pool.submit(fail_strangely));
    EXPECT_TRUE(contains(strange, "int in a worker process")) << strange;
    const int after = co_await pool.submit(pid);
    EXPECT_EQ(before, after);
  });
}

EDDY_IO_TEST(process_pool, S37_jobs_run_side_by_side_in_at_most_so_many_processes) {
  listener_of_workers heard;
  co_await with(process_pool(2).on_stderr(heard.handler()), [&](process_pool& pool) -> coro<> {
    gate first;
    auto blocked = create_task([&] { return pool.submit(pass, first.path(), 1); });
    co_await heard.begun();
    const int other = co_await pool.submit(add, 1, 1);  // does not wait for the one that blocks
    EXPECT_EQ(other, 2);
    EXPECT_EQ(pool.pids().size(), 2u);
    auto sums = co_await gather(pool.submit(add, 1, 2), pool.submit(add, 3, 4), pool.submit(add, 5, 6));
    EXPECT_EQ(std::get<0>(sums) + std::get<1>(sums) + std::get<2>(sums), 21);
    EXPECT_EQ(pool.statistics().workers, 2u);
    first.open();
    co_await blocked;
    EXPECT_EQ(pool.statistics().busy, 0u);
  });
}

EDDY_IO_TEST(process_pool, S37_jobs_wait_in_line) {
  co_await with(process_pool(1), [](process_pool& pool) -> coro<> {
    std::vector<int> order;
    const auto job = [&](int number) -> coro<> {
      const int same = co_await pool.submit([](int n) { return n; }, number);
      order.push_back(same);
    };
    co_await gather(job(1), job(2), job(3));
    EXPECT_EQ(order, (std::vector<int>{1, 2, 3}));
    EXPECT_EQ(pool.pids().size(), 1u);
  });
}

EDDY_IO_TEST(process_pool, S37_a_worker_is_replaced_after_so_many_jobs) {
  co_await with(process_pool(1).max_jobs(2), [](process_pool& pool) -> coro<> {
    const int first = co_await pool.submit(pid);
    const int second = co_await pool.submit(pid);
    const int third = co_await pool.submit(pid);
    EXPECT_EQ(first, second);
    EXPECT_NE(second, third);
  });
}

EDDY_IO_TEST(process_pool, S37_workers_start_with_the_first_job_or_before_the_body) {
  co_await with(process_pool(2), [](process_pool& pool) { EXPECT_EQ(pool.statistics().workers, 0u); });
  co_await with(process_pool(2).eager(), [](process_pool& pool) { EXPECT_EQ(pool.statistics().workers, 2u); });
}

EDDY_IO_TEST(process_pool, S37_an_initializer_runs_in_each_worker) {
  co_await with(process_pool(1).initializer(start_with, 42), [](process_pool& pool) -> coro<> {
    const int value = co_await pool.submit(what_it_started_with);
    EXPECT_EQ(value, 42);
  });
  co_await with(process_pool(1).initializer(cannot_start), [](process_pool& pool) -> coro<> {
    const std::string text = co_await text_of_failure(pool.submit(pid));
    EXPECT_TRUE(contains(text, "no licence")) << text;
  });
}

EDDY_IO_TEST(process_pool, S37_messages_have_a_limit_both_ways) {
  co_await with(process_pool(1).max_message(100'000), [](process_pool& pool) -> coro<> {
    EXPECT_THROW(static_cast<void>(pool.submit(reversed, std::string(200'000, 'x'))), std::length_error);
    const std::string text =
        co_await text_of_failure(pool.submit([](std::size_t n) { return std::string(n, 'x'); }, 200'000u));
    EXPECT_TRUE(contains(text, "std::length_error") && contains(text, "max_message")) << text;
    const int sum = co_await pool.submit(add, 1, 1);
    EXPECT_EQ(sum, 2);
  });
}

EDDY_IO_TEST(process_pool, S37_workers_have_a_name_and_only_the_descriptors_that_they_need) {
  const auto look = [](int) {
    std::ifstream comm("/proc/self/comm");
    std::string name;
    std::getline(comm, name);
    int open = 0;
    for ([[maybe_unused]] const auto& each : std::filesystem::directory_iterator("/proc/self/fd")) ++open;
    return std::pair(name, open);
  };
  co_await with(process_pool(1).name("painter"), [&](process_pool& pool) -> coro<> {
    const auto seen = co_await pool.submit(look, 0);
    EXPECT_EQ(seen.first, "painter");
    EXPECT_EQ(seen.second, 6);  // stdin, stdout, stderr, its socket; the file and the folder that it reads
  });
}

/// How often a process gave up its processor by itself since it began.
std::string sleeps_of(int process) {
  std::ifstream status("/proc/" + std::to_string(process) + "/status");
  std::string line;
  while (std::getline(status, line))
    if (line.starts_with("voluntary_ctxt_switches")) return line;
  return {};
}

EDDY_IO_TEST(process_pool, S37_idle_workers_use_no_processor_time) {
  co_await with(process_pool(1), [](process_pool& pool) -> coro<> {
    const int worker = co_await pool.submit(pid);
    co_await sleep(20ms);  // it goes to sleep
    const std::string before = sleeps_of(worker);
    co_await sleep(50ms);
    EXPECT_FALSE(before.empty());
    EXPECT_EQ(sleeps_of(worker), before);  // it has not been awake in between
  });
}

EDDY_IO_TEST(process_pool, S37_ctrl_c_is_the_parents_business) {
  co_await with(process_pool(1), [](process_pool& pool) -> coro<> {
    const int before = co_await pool.submit(pid);
    ::kill(before, SIGINT);
    const int after = co_await pool.submit(pid);
    EXPECT_EQ(before, after);
  });
}

EDDY_IO_TEST(process_pool, L9_a_pool_that_is_not_open_says_so) {
  process_pool closed(1);
  const std::string early = co_await text_of_failure(closed.submit(pid));
  EXPECT_TRUE(contains(early, "with(process_pool(), body)")) << early;
  co_await with(closed, [](process_pool&) {});
  const std::string late = co_await text_of_failure(closed.submit(pid));
  EXPECT_TRUE(contains(late, "has been left")) << late;
}

EDDY_IO_TEST(process_pool, L9_a_pool_belongs_to_its_loop) {
  co_await with(process_pool(1), [](process_pool& pool) -> coro<> {
    std::string text;
    std::thread other([&] {
      run(run_options().handle_interrupt(false),
          [&]() -> coro<> { text = co_await text_of_failure(pool.submit(pid)); });
    });
    other.join();
    EXPECT_TRUE(contains(text, "wrong_thread")) << text;
    co_return;
  });
}

TEST(process_pool, L9_a_worker_that_comes_to_main_is_told_what_to_call) {
  ::setenv(detail::worker_variable, "1:test", 1);
  std::string text;
  try {
    const process_pool pool(1);
  } catch (const misuse_error& error) {
    text = error.what();
  }
  ::unsetenv(detail::worker_variable);
  EXPECT_TRUE(contains(text, "process_pool_main")) << text;
}

}  // namespace
