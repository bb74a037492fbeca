// SPDX-License-Identifier: BSL-1.0
#include "bench/choosing/files.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <fstream>
#include <numeric>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include "eddy/coro/run.hpp"
#include "eddy/exec/to_thread.hpp"
#include "eddy/flow/gather.hpp"

namespace choosing {

namespace {

constexpr std::size_t file_size = 4096;

long count_in(const std::filesystem::path& path) {
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) throw std::system_error(errno, std::generic_category(), path.string());
  std::array<char, file_size> text{};
  const ssize_t size = read(descriptor, text.data(), text.size());
  close(descriptor);
  return std::count(text.begin(), text.begin() + std::max<ssize_t>(size, 0), 'x');
}

eddy::coro<long> count_on_a_thread(std::filesystem::path path) {
  co_return co_await eddy::to_thread(count_in, std::move(path));
}

}  // namespace

small_files::small_files(int count) {
  std::string name = (std::filesystem::temp_directory_path() / "eddy_choosing_XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw std::system_error(errno, std::generic_category(), name);
  folder_ = name;
  for (int i = 0; i < count; ++i) {
    paths_.push_back(folder_ / std::to_string(i));
    std::ofstream(paths_.back()) << std::string(static_cast<std::size_t>(i) % file_size, 'x')
                                 << std::string(file_size - static_cast<std::size_t>(i) % file_size, '.');
  }
}

small_files::~small_files() {
  std::error_code ignored;  // a folder that is left in the temporary one does no harm
  std::filesystem::remove_all(folder_, ignored);
}

long files_in_a_loop(const small_files& files) {
  long sum = 0;
  for (const auto& path : files.paths()) sum += count_in(path);
  return sum;
}

long files_in_threads(const small_files& files) {
  std::atomic<std::size_t> next{0};
  std::atomic<long> sum{0};
  auto work = [&] {
    for (std::size_t i = next++; i < files.paths().size(); i = next++) sum += count_in(files.paths()[i]);
  };
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < std::max(1U, std::thread::hardware_concurrency()); ++i) threads.emplace_back(work);
  for (std::thread& each : threads) each.join();
  return sum;
}

long files_in_coroutines(const small_files& files) {
  return eddy::run([&files]() -> eddy::coro<long> {
    std::vector<eddy::coro<long>> reading;
    for (const auto& path : files.paths()) reading.push_back(count_on_a_thread(path));
    auto counts = co_await eddy::gather(std::move(reading));
    co_return std::accumulate(counts.begin(), counts.end(), 0L);
  });
}

}  // namespace choosing
