// SPDX-License-Identifier: BSL-1.0
// Files with eddy, plain calls, libuv and a bare ring, warm.
//
//   bench_files small WAY [FILES, default 10000]     open, read and close files of 4 KiB; prints `rate`, files a second
//   bench_files large WAY [MIB, default 1024]        one file into one buffer of 1 MiB; prints `gib`, GiB a second
//   bench_files hold small|large COUNT_OR_MIB PROGRAM [ARGUMENT...]     makes the files for a program of somebody
//   else's
//
// WAY: eddy (64 tasks), eddy-threads (the same on the engine of threads), plain (a loop of calls), libuv (64 at a
// time), ring (small only: linked open, read and close on direct descriptors, 64 in flight). Each also prints `cpu_us`,
// the processor time of all threads for a file or a MiB. The best of five rounds; everything that is read is counted.
#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bench/os/files_peers.hpp"
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
    if (large_mib == 0) return;
    large = (folder_ / "large").string();
    std::ofstream out(large);
    const std::string block(large_step, 'y');
    for (std::size_t i = 0; i < large_mib; ++i) out << block;
  }
  ~data() { std::filesystem::remove_all(folder_); }
  data(const data&) = delete;
  std::string folder() const { return folder_.string(); }

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
  if (!engine.empty()) use_file_engine(engine);
  std::size_t next = 0;
  co_await with(task_group(), [&](task_group& group) -> coro<> {
    for (std::size_t i = 0; i < at_once; ++i)
      group.create_task(read_every, std::cref(d), std::ref(next), std::ref(sum));
    co_return;
  });
}

coro<> eddy_large(std::string engine, const data& d, std::size_t& sum) {
  if (!engine.empty()) use_file_engine(engine);
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
  const char* name;
  std::size_t (*small)(const data&);  // gives bytes
  std::size_t (*large)(const data&);
};

template <const char* Engine, coro<> (*Work)(std::string, const data&, std::size_t&)>
std::size_t on_eddy(const data& d) {
  std::size_t sum = 0;
  eddy::run(Work, std::string(Engine), std::cref(d), std::ref(sum));
  return sum;
}

constexpr char usual[] = "";
constexpr char threads[] = "threads";

constexpr way ways[] = {
    {"eddy", on_eddy<usual, eddy_small>, on_eddy<usual, eddy_large>},
    {"eddy-threads", on_eddy<threads, eddy_small>, on_eddy<threads, eddy_large>},
    {"plain", plain_small, plain_large},
#if EDDY_BENCH_UV
    {"libuv", [](const data& d) { return bench::uv_small(d.paths, at_once); },
     [](const data& d) { return bench::uv_large(d.large, large_step); }},
#endif
#if EDDY_BENCH_RING
    {"ring", [](const data& d) { return bench::ring_small(d.paths, at_once); }, nullptr},
#endif
};

int measure(bool small, std::string_view name, std::size_t amount) {
  const auto* const found =
      std::find_if(std::begin(ways), std::end(ways), [&](const way& w) { return w.name == name; });
  const auto run = found == std::end(ways) ? nullptr : (small ? found->small : found->large);
  if (run == nullptr) {
    std::fprintf(stderr, "this build has no \"%s\"\n", std::string(name).c_str());
    return 77;
  }
  const data d(small ? amount : 0, small ? 0 : amount);
  const std::size_t expected = small ? amount * file_size : amount << 20;
  cost best;
  for (int round = 0; round < 6; ++round) {
    std::size_t sum = 0;
    const cost now = cost_of([&] { sum = run(d); });
    if (sum != expected) {
      std::fprintf(stderr, "read %zu of %zu bytes\n", sum, expected);
      return 1;
    }
    if (round != 0) best = {std::min(best.seconds, now.seconds), std::min(best.processor, now.processor)};
  }
  const auto units = static_cast<double>(amount);
  std::printf(small ? "rate %.6g\n" : "gib %.4g\n", (small ? units : units / 1024) / best.seconds);
  std::printf("cpu_us %.4g\n", best.processor * 1e6 / units);
  return 0;
}

/// Runs `program arguments... FOLDER` while the files are there.
int hold(bool small, std::size_t amount, std::span<char*> program) {
  const data d(small ? amount : 0, small ? 0 : amount);
  std::string command;
  for (const char* part : program) command += std::string(part) + " ";
  const int status = std::system((command + d.folder()).c_str());
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  const std::string_view what = argv[1];
  const std::span<char*> rest(argv + 2, static_cast<std::size_t>(argc - 2));
  if (what == "hold") {
    if (rest.size() < 3) return 2;
    return hold(std::string_view(rest[0]) == "small", std::strtoull(rest[1], nullptr, 10), rest.subspan(2));
  }
  const bool small = what == "small";
  return measure(small, rest[0], rest.size() > 1 ? std::strtoull(rest[1], nullptr, 10) : (small ? 10'000 : 1024));
}
