// SPDX-License-Identifier: BSL-1.0
// Files: a log that grows, read line by line, replaced in one step, and a folder of one's own for all of it.
// Run: `example_160_files`.
#include <eddy/eddy.hpp>

#include <chrono>
#include <filesystem>
#include <iostream>
#include <string>

using namespace std::chrono_literals;
using eddy::coro;
using std::filesystem::path;

// [write]
coro<> write_log(path name) {
  co_await eddy::with(eddy::open_file(name, "a"), [&](eddy::file& log) -> coro<> {
    for (int i = 1; i <= 3; ++i) co_await log.write("visit " + std::to_string(i) + "\n");
    co_await log.sync_data();  // on the disk, not only in the system's memory
  });                          // closed here, whatever happened
}
// [write]

// [lines]
coro<int> count_visits(path name) {
  int count = 0;
  co_await eddy::with(eddy::open_file(name), [&](eddy::file& log) -> coro<> {
    auto lines = log.lines();
    while (auto line = co_await lines.next()) count += line->starts_with("visit") ? 1 : 0;
  });
  co_return count;
}
// [lines]

// [replace]
coro<> keep_summary(path name, int visits) {
  // Who reads it sees the old summary or the new one, never half of one; also after a crash.
  co_await eddy::replace_file(name, "visits: " + std::to_string(visits) + "\n");
}
// [replace]

// [list]
coro<> print_folder(path folder) {
  auto entries = co_await eddy::list_directory(folder);
  for (const auto& entry : entries) {
    auto info = co_await eddy::file_status(entry.path);
    std::cout << entry.name() << ", " << info.size << " bytes\n";
  }
}
// [list]

coro<> main_coro() {
  co_await eddy::with(eddy::temporary_directory(), [&](const path& folder) -> coro<> {
    co_await write_log(folder / "log");
    const int visits = co_await count_visits(folder / "log");
    co_await keep_summary(folder / "summary", visits);
    co_await print_folder(folder);
    const std::string summary = co_await eddy::read_file(folder / "summary");
    std::cout << summary;
  });  // the folder is gone here
}

int main() { eddy::run(main_coro); }
