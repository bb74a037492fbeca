// SPDX-License-Identifier: BSL-1.0
//
// A web crawler on eddy: see `crawler --help`, and crawl.hpp for how it is built.

#include <cstdio>
#include <exception>
#include <variant>

#include "demo.hpp"
#include "eddy/coro/run.hpp"
#include "options.hpp"

namespace {

struct dispatch {
  int operator()(const crawler::exit_request& leave) const {
    std::fputs(leave.text.c_str(), leave.code == 0 ? stdout : stderr);
    return leave.code;
  }
  int operator()(const crawler::crawl_options& options) const { return eddy::run(crawler::show_crawl, options); }
  int operator()(const crawler::search_options& options) const { return eddy::run(crawler::run_search, options); }
  int operator()(const crawler::demo_options& options) const { return eddy::run(crawler::run_demo, options); }
};

}  // namespace

int main(int argc, char** argv) {
  try {
    return std::visit(dispatch(), crawler::parse_command_line(argc, argv));
  } catch (const eddy::interrupted&) {
    std::fputs("Interrupted; what was fetched is stored, --resume goes on from here.\n", stderr);
    return 130;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "crawler: %s\n", e.what());
    return 2;
  }
}
