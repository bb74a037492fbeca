// SPDX-License-Identifier: BSL-1.0
// Runs random programs, each made from a seed, and checks every one against its plan and its books:
//
//     eddy_soak [--minutes N | --seconds N | --programs N] [--seed S]
//
// It stops with the seed at the first difference. Memory has to stay flat once it is warm.
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <random>
#include <string>
#include <string_view>

#include "eddy/base/config.hpp"
#include "eddy/testing/detail/faulty_backend.hpp"
#include "eddy/testing/detail/order_chooser.hpp"
#include "eddy/testing/run_test.hpp"
#include "tests/soak/nodes.hpp"

namespace {

using std::chrono::steady_clock;

/// What the command line asks for.
struct wishes {
  std::chrono::seconds time{60};
  std::uint64_t programs = 0;  // 0: as many as fit the time
  std::uint64_t seed = 1;
};

/// What has been done so far.
struct totals {
  std::uint64_t programs = 0;
  std::uint64_t with_sockets = 0;
  std::uint64_t nodes = 0;
  std::uint64_t values = 0;
  std::uint64_t errors = 0;
};

[[noreturn]] void usage() {
  std::fputs("eddy_soak [--minutes N | --seconds N | --programs N] [--seed S]\n", stderr);
  std::exit(2);
}

std::uint64_t number(const char* text) {
  std::uint64_t value = 0;
  if (text == nullptr) usage();
  const auto [end, error] = std::from_chars(text, text + std::strlen(text), value);
  if (error != std::errc() || *end != '\0') usage();
  return value;
}

wishes read_wishes(int count, char** arguments) {
  wishes w;
  for (int i = 1; i < count; i += 2) {
    const std::string_view name = arguments[i];
    const std::uint64_t value = number(i + 1 < count ? arguments[i + 1] : nullptr);
    if (name == "--minutes")
      w.time = std::chrono::minutes(value);
    else if (name == "--seconds")
      w.time = std::chrono::seconds(value);
    else if (name == "--programs")
      w.programs = value;
    else if (name == "--seed")
      w.seed = value;
    else
      usage();
  }
  return w;
}

double resident_mebibytes() {
  std::ifstream pages("/proc/self/statm");
  double all = 0;
  double resident = 0;
  pages >> all >> resident;
  return resident * static_cast<double>(::sysconf(_SC_PAGESIZE)) / (1024 * 1024);
}

/// Some requests move one byte only: nothing may be lost by that.
class short_counts final : public eddy::detail::io_faults {
 public:
  explicit short_counts(std::uint64_t seed) : random_(static_cast<std::uint32_t>(seed)) {}
  std::optional<eddy::detail::io_fault> strike(const eddy::detail::io_request& request) override {
    using eddy::detail::io_kind;
    const bool moves_bytes = request.kind == io_kind::receive || request.kind == io_kind::send_parts;
    if (!moves_bytes || random_() % 8 != 0) return std::nullopt;
    return eddy::detail::io_fault();
  }

 private:
  std::minstd_rand random_;
};

/// Runs the program of one seed. @returns what is wrong with it; empty when nothing is.
std::string run_seed(std::uint64_t seed, totals& so_far) {
  const bool sockets = seed % 16 == 0;
  const soak::plan plan = soak::make_plan(seed, sockets);
  soak::world world;
  std::unique_ptr<soak::result> result;
  short_counts faults(seed);
  eddy::detail::decision_source source(seed);
  const eddy::detail::order_freedom freedom;
  std::unique_ptr<eddy::detail::order_chooser> chooser;
  eddy::testing::body_settings settings;
  settings.clock = sockets ? eddy::testing::test_clock::real_time : eddy::testing::test_clock::virtual_time;
  settings.prepare = [&](eddy::runner_base& runner, eddy::detail::task_state& main) {
    eddy::detail::scheduler& s = runner.loop().scheduler();
    s.seed_random(seed);
    eddy::detail::faulty_backend::wrap(s);
    s.faults = &faults;
    if (seed % 2 == 0) return;  // the usual order
    chooser = std::make_unique<eddy::detail::order_chooser>(source, freedom, main, nullptr);
    s.set_choices(chooser.get());
  };
  const auto run = eddy::testing::run_body([&] { return soak::run_program(world, plan, result, sockets); }, settings);
  std::string problems = world.judge();
  if (!run.exception.empty()) problems += "the program threw " + run.exception + "; ";
  for (const std::string& problem : run.problems) problems += problem + "; ";
  if (result) problems += soak::explain(plan, *result);
  ++so_far.programs;
  so_far.with_sockets += sockets ? 1 : 0;
  so_far.nodes += static_cast<std::uint64_t>(world.started);
  so_far.values += world.values;
  so_far.errors += world.thrown.size();
  return problems;
}

void print(const char* what, std::chrono::duration<double> passed, const totals& t) {
  std::printf("%s %5.0f s: %llu programs (%llu with sockets), %llu nodes, %llu values, %llu errors, memory %.1f MiB\n",
              what, passed.count(), static_cast<unsigned long long>(t.programs),
              static_cast<unsigned long long>(t.with_sockets), static_cast<unsigned long long>(t.nodes),
              static_cast<unsigned long long>(t.values), static_cast<unsigned long long>(t.errors),
              resident_mebibytes());
  std::fflush(stdout);
}

}  // namespace

int main(int count, char** arguments) {
  const wishes w = read_wishes(count, arguments);
  const auto begin = steady_clock::now();
  const auto warm_after = w.time / 5;
  auto next_line = begin + std::chrono::seconds(10);
  double warm = 0;
  totals t;
  for (std::uint64_t seed = w.seed;; ++seed) {
    if (const std::string problems = run_seed(seed, t); !problems.empty()) {
      std::printf("seed %llu differs: %s\nrepeat it with: eddy_soak --programs 1 --seed %llu\n",
                  static_cast<unsigned long long>(seed), problems.c_str(), static_cast<unsigned long long>(seed));
      return 1;
    }
    const auto now = steady_clock::now();
    if (warm == 0 && now - begin >= warm_after) warm = resident_mebibytes();
    if (now >= next_line) {
      print("soak", now - begin, t);
      next_line += std::chrono::seconds(10);
    }
    if (w.programs != 0 ? t.programs >= w.programs : now - begin >= w.time) break;
  }
  print("done", steady_clock::now() - begin, t);
  const double end = resident_mebibytes();
  std::printf("0 differences; memory %.1f MiB when warm, %.1f MiB at the end\n", warm, end);
  // Sanitizers keep what was freed for a while.
  if (w.programs == 0 && !EDDY_ASAN && !EDDY_TSAN && end > warm * 1.1 + 4) {
    std::puts("memory is not flat");
    return 1;
  }
  return 0;
}
