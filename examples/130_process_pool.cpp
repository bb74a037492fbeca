// SPDX-License-Identifier: BSL-1.0
// Functions in processes of their own: one that crashes, or never ends, takes nobody along. Run:
// `example_130_process_pool`.
#include <eddy/eddy.hpp>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using eddy::coro;

// [types]
struct scene {
  std::string title;
  int width = 0;
  int height = 0;
};
EDDY_DESCRIBE(scene, title, width, height)

struct picture {
  std::string title;
  std::vector<int> pixels;
};
EDDY_DESCRIBE(picture, title, pixels)

picture render(const scene& of) { return {of.title, std::vector<int>(static_cast<std::size_t>(of.width * of.height))}; }
// [types]

// [submit]
coro<> draw(eddy::process_pool& pool) {
  scene sunrise{"sunrise", 640, 480};
  auto image = co_await pool.submit(render, sunrise);
  std::cout << image.title << ": " << image.pixels.size() << " pixels\n";
}
// [submit]

int parse_untrusted(const std::string& text) {
  if (text.empty()) std::abort();  // stands for a bug in somebody's library
  return std::stoi(text);
}

// [crash]
coro<int> parse(eddy::process_pool& pool, std::string text) {
  try {
    co_return co_await pool.submit(parse_untrusted, text);
  } catch (const eddy::broken_process_pool& crash) {  // this job's worker; another one takes its place
    std::cout << "signal " << crash.signal().value_or(0) << '\n';
  } catch (const eddy::remote_error& thrown) {  // parse_untrusted threw
    std::cout << thrown.type_name() << '\n';
  }
  co_return 0;
}
// [crash]

// [limit]
int search_for_ever() {
  volatile bool found = false;
  while (!found) continue;
  return 0;
}

coro<> give_up_after_a_while(eddy::process_pool& pool) {
  try {
    co_await eddy::wait_for(pool.submit(search_for_ever).kill_on_cancel(), 50ms);
  } catch (const eddy::timeout_error&) {
    std::cout << "not found in time\n";  // and the process is gone
  }
}
// [limit]

// [pool]
coro<> main_coro() {
  co_await eddy::with(eddy::process_pool(2), [](eddy::process_pool& pool) -> coro<> {
    co_await draw(pool);
    auto numbers = co_await eddy::gather(parse(pool, "42"), parse(pool, ""), parse(pool, "x"));
    std::cout << std::get<0>(numbers) << '\n';
    co_await give_up_after_a_while(pool);
  });  // the workers have gone
}

int main() { eddy::run(main_coro); }
// [pool]
