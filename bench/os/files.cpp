// SPDX-License-Identifier: BSL-1.0
// Files on one engine against the other, plain calls, libuv and asyncio, in one run, warm.
//
//   bench_files [files, default 10000] [MiB of the large file, default 1024] [rounds, default 3]
//
// Small: open, read and close files of 4 KiB, 64 at a time. Large: one file from its beginning to its end into one
// buffer of 1 MiB. The rounds go through all ways in turn, so that a busy machine slows all of them down; the best of
// each counts. The last column is the processor time of all threads, which a busy machine changes least. asyncio reads
// a tenth of the small files with run_in_executor.
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bench/os/files_uv.hpp"
#include "eddy/coro/run.hpp"
#include "eddy/flow/task_group.hpp"
#include "eddy/flow/with.hpp"
#include "eddy/os/file_engine.hpp"
#include "eddy/os/open_file.hpp"
#include "eddy/os/whole_file.hpp"

namespace {

using namespace eddy;
using watch_clock = std::chrono::steady_clock;

constexpr std::size_t file_size = 4096;
constexpr std::size_t at_once = 64;
constexpr std::size_t large_step = 1 << 20;

/// Wall clock, and processor time of all threads.
struct cost {
  double seconds = 1e9;
  double processor = 1e9;
};

double processor_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

cost cost_of(const std::function<void()>& f) {
  const auto begin = watch_clock::now();
  const double before = processor_seconds();
  f();
  return {std::chrono::duration<double>(watch_clock::now() - begin).count(), processor_seconds() - before};
}

class data {
 public:
  data(std::size_t count, std::size_t large_mib) {
    std::string name = (std::filesystem::temp_directory_path() / "eddy_bench_XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    folder_ = name;
    for (std::size_t i = 0; i < count; ++i) {
      paths.push_back((folder_ / std::to_string(i)).string());
      std::ofstream(paths.back()) << std::string(file_size, 'x');
    }
    large = (folder_ / "large").string();
    std::ofstream out(large);
    const std::string block(large_step, 'y');
    for (std::size_t i = 0; i < large_mib; ++i) out << block;
  }
  ~data() { std::filesystem::remove_all(folder_); }
  data(const data&) = delete;

  std::vector<std::string> paths;
  std::string large;

 private:
  std::filesystem::path folder_;
};

// -- plain calls
std::size_t plain_small(const data& d) {
  std::vector<char> buffer(file_size);
  std::size_t sum = 0;
  for (const std::string& path : d.paths) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    sum += static_cast<std::size_t>(::read(fd, buffer.data(), buffer.size()));
    ::close(fd);
  }
  return sum;
}

std::size_t plain_large(const data& d) {
  std::vector<char> buffer(large_step);
  const int fd = ::open(d.large.c_str(), O_RDONLY | O_CLOEXEC);
  std::size_t sum = 0;
  for (ssize_t count = 1; count > 0; sum += static_cast<std::size_t>(count))
    count = ::read(fd, buffer.data(), buffer.size());
  ::close(fd);
  return sum;
}

// -- eddy
coro<> read_every(const data& d, std::size_t& next, std::size_t& sum) {
  while (next < d.paths.size()) {
    const std::string content = co_await read_file(d.paths[next++]);
    sum += content.size();
  }
}

coro<> eddy_small(std::string engine, const data& d, std::size_t& sum) {
  use_file_engine(engine);
  std::size_t next = 0;
  co_await with(task_group(), [&](task_group& group) -> coro<> {
    for (std::size_t i = 0; i < at_once; ++i)
      group.create_task(read_every, std::cref(d), std::ref(next), std::ref(sum));
    co_return;
  });
}

coro<> eddy_large(std::string engine, const data& d, std::size_t& sum) {
  use_file_engine(engine);
  std::vector<char> buffer(large_step);
  file f = co_await open_file(d.large);
  while (true) {
    const std::size_t count = co_await f.read_some(std::span<char>(buffer));
    if (count == 0) break;
    sum += count;
  }
  co_await f.close();
}

struct way {
  std::string name;
  std::function<std::size_t(const data&)> run;  // gives bytes
  double part = 1;                              // of the small files
  cost best{};
};

way on_eddy(const std::string& engine, coro<> (*work)(std::string, const data&, std::size_t&)) {
  return {"eddy, " + engine, [engine, work](const data& d) {
            std::size_t sum = 0;
            eddy::run(work, engine, std::cref(d), std::ref(sum));
            return sum;
          }};
}

/// A Python program that prints how many seconds it took.
double python_seconds(const data& d, const char* loop, std::size_t count, bool large) {
  const std::string script = "import asyncio,time,os,sys\n" + std::string(loop) +
                             "def small(p):\n with open(p,'rb') as f: return len(f.read())\n"
                             "def big(p):\n n=0\n with open(p,'rb',buffering=0) as f:\n  b=bytearray(1<<20)\n  while "
                             "True:\n   k=f.readinto(b)\n   if not k: "
                             "return n\n   n+=k\n"
                             "async def main():\n loop=asyncio.get_running_loop()\n t=time.perf_counter()\n" +
                             (large ? " await loop.run_in_executor(None,big,'" + d.large + "')\n"
                                    : " sem=asyncio.Semaphore(64)\n async def one(p):\n  async with sem: await "
                                      "loop.run_in_executor(None,small,p)\n"
                                      " await asyncio.gather(*(one('" +
                                          std::filesystem::path(d.large).parent_path().string() +
                                          "/%d'%i) for i in range(" + std::to_string(count) + ")))\n") +
                             " print(time.perf_counter()-t)\nasyncio.run(main())\n";
  const std::string file = d.large + ".py";
  std::ofstream(file) << script;
  FILE* const out = ::popen(("python3 " + file + " 2>/dev/null").c_str(), "r");
  double seconds = 0;
  if (out == nullptr || std::fscanf(out, "%lf", &seconds) != 1) seconds = 0;
  if (out != nullptr) ::pclose(out);
  std::filesystem::remove(file);
  return seconds;
}

void measure(std::vector<way>& ways, const data& d, std::size_t expected, int rounds) {
  for (int round = 0; round < rounds; ++round)
    for (way& each : ways) {
      std::size_t sum = 0;
      const cost now = cost_of([&] { sum = each.run(d); });
      each.best = {std::min(each.best.seconds, now.seconds), std::min(each.best.processor, now.processor)};
      if (sum != expected) std::printf("%s: read %zu of %zu bytes\n", each.name.c_str(), sum, expected);
    }
}

/// @param cost_unit  What one of `amount / per` costs the processor, in microseconds.
void print(const char* title, const char* unit, double amount, const char* cost_unit, double per,
           const std::vector<way>& ways, double base) {
  std::printf("\n%-34s %10s %12s %14s\n", title, unit, "times libuv", cost_unit);
  for (const way& each : ways) {
    const double rate = amount * each.part / each.best.seconds;
    std::printf("%-34s %10.2f", each.name.c_str(), rate);
    base != 0 ? std::printf(" %12.2f", rate / base) : std::printf(" %12s", "-");
    if (each.run)
      std::printf(" %14.2f\n", each.best.processor * 1e6 / per);
    else
      std::printf(" %14s\n", "-");
  }
}

bool has_ring() {
  bool works = true;
  eddy::run([&]() -> coro<> {
    try {
      use_file_engine("io_uring");
    } catch (const std::system_error&) {
      works = false;
    }
    co_return;
  });
  return works;
}

double rate_of_uv(const std::vector<way>& ways, double amount) {
  for (const way& each : ways)
    if (each.name.starts_with("libuv")) return amount / each.best.seconds;
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::size_t count = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 10'000;
  const std::size_t mib = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1024;
  const int rounds = argc > 3 ? std::atoi(argv[3]) : 3;
  const data d(count, mib);

  std::vector<way> small{{"plain calls", plain_small}, on_eddy("threads", eddy_small)};
  std::vector<way> large{{"plain calls", plain_large}, on_eddy("threads", eddy_large)};
  if (has_ring()) {
    small.push_back(on_eddy("io_uring", eddy_small));
    large.push_back(on_eddy("io_uring", eddy_large));
  }
  if (bench::has_uv) {
    small.push_back({"libuv, 4 threads", [](const data& x) { return bench::uv_small(x.paths, at_once); }});
    large.push_back({"libuv, 4 threads", [](const data& x) { return bench::uv_large(x.large, large_step); }});
  }
  measure(small, d, count * file_size, rounds);
  measure(large, d, mib << 20, rounds);
  const double files = static_cast<double>(count) / 1000;
  const double gib = static_cast<double>(mib) / 1024;
  for (const auto& [name, setup] : {std::pair{"asyncio, run_in_executor", ""},
                                    std::pair{"uvloop, run_in_executor", "import uvloop; uvloop.install()\n"}}) {
    const double few = python_seconds(d, setup, count / 10, false);
    const double one = python_seconds(d, setup, 0, true);
    if (few > 0) small.push_back({name, {}, 0.1, {few, 0}});
    if (one > 0) large.push_back({name, {}, 1, {one, 0}});
  }
  print(("files of 4 KiB, " + std::to_string(at_once) + " at a time").c_str(), "1000/s", files, "us a file",
        static_cast<double>(count), small, rate_of_uv(small, files));
  print("one large file, 1 MiB at a time", "GiB/s", gib, "us a MiB", static_cast<double>(mib), large,
        rate_of_uv(large, gib));
}
