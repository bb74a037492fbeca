// SPDX-License-Identifier: BSL-1.0
#include "bench/os/files_peers.hpp"

#include <fcntl.h>
#include <uv.h>

namespace bench {

namespace {

/// What the readers of one run share.
struct work {
  const std::vector<std::string>& paths;
  std::size_t next = 0;
  std::size_t sum = 0;
};

/// Goes from file to file: open, read until the end, close.
struct reader {
  work* all;
  bool to_the_end;
  std::vector<char> buffer;
  uv_loop_t* loop;
  uv_fs_t request{};
  uv_file fd = -1;

  void open() {
    if (all->next == all->paths.size()) return;
    request.data = this;
    uv_fs_open(loop, &request, all->paths[all->next++].c_str(), O_RDONLY, 0, [](uv_fs_t* r) {
      auto* self = static_cast<reader*>(r->data);
      self->fd = static_cast<uv_file>(r->result);
      uv_fs_req_cleanup(r);
      self->read();
    });
  }
  void read() {
    uv_buf_t part = uv_buf_init(buffer.data(), static_cast<unsigned>(buffer.size()));
    uv_fs_read(loop, &request, fd, &part, 1, -1, [](uv_fs_t* r) {
      auto* self = static_cast<reader*>(r->data);
      const auto count = static_cast<std::size_t>(r->result);
      uv_fs_req_cleanup(r);
      self->all->sum += count;
      if (self->to_the_end && count != 0)
        self->read();
      else
        self->close();
    });
  }
  void close() {
    uv_fs_close(loop, &request, fd, [](uv_fs_t* r) {
      uv_fs_req_cleanup(r);
      static_cast<reader*>(r->data)->open();
    });
  }
};

std::size_t run(const std::vector<std::string>& paths, std::size_t at_once, std::size_t size, bool to_the_end) {
  uv_loop_t loop;
  uv_loop_init(&loop);
  work all{paths};
  std::vector<reader> readers(at_once, reader{&all, to_the_end, std::vector<char>(size), &loop});
  for (reader& each : readers) each.open();
  uv_run(&loop, UV_RUN_DEFAULT);
  uv_loop_close(&loop);
  return all.sum;
}

}  // namespace

std::size_t uv_small(const std::vector<std::string>& paths, std::size_t at_once) {
  return run(paths, at_once, 4096, false);
}

std::size_t uv_large(const std::string& path, std::size_t step) { return run({path}, 1, step, true); }

}  // namespace bench
