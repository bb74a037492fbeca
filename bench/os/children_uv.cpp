// SPDX-License-Identifier: BSL-1.0
// The same with libuv: bench_children_uv spawn libuv COUNT AT_ONCE. Prints `rate`, children a second.
#include <uv.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>

namespace {

struct counts {
  int left;
  int failed = 0;
};

void start(uv_loop_t* loop);

void closed(uv_handle_t* handle) { delete reinterpret_cast<uv_process_t*>(handle); }

void exited(uv_process_t* process, std::int64_t status, int signal) {
  uv_loop_t* const loop = process->loop;
  if (status != 0 || signal != 0) ++static_cast<counts*>(loop->data)->failed;
  uv_close(reinterpret_cast<uv_handle_t*>(process), closed);
  start(loop);
}

void start(uv_loop_t* loop) {
  auto& count = *static_cast<counts*>(loop->data);
  if (count.left == 0) return;
  --count.left;
  static char name[] = "/bin/true";
  char* arguments[] = {name, nullptr};
  uv_stdio_container_t files[3];
  for (int i = 0; i < 3; ++i) {
    files[i].flags = UV_INHERIT_FD;
    files[i].data.fd = i;
  }
  uv_process_options_t options{};
  options.exit_cb = exited;
  options.file = name;
  options.args = arguments;
  options.stdio_count = 3;
  options.stdio = files;
  auto process = std::make_unique<uv_process_t>();
  if (uv_spawn(loop, process.get(), &options) != 0) std::abort();
  (void)process.release();  // closed() deletes it
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5) return 2;
  const int all = std::atoi(argv[3]);
  counts count{all};
  uv_loop_t loop;
  uv_loop_init(&loop);
  loop.data = &count;
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < std::atoi(argv[4]); ++i) start(&loop);
  uv_run(&loop, UV_RUN_DEFAULT);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  uv_loop_close(&loop);
  std::printf("rate %.5g\n", all / took.count());
  return count.failed == 0 ? 0 : 1;
}
