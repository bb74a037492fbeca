// SPDX-License-Identifier: BSL-1.0
// Prints the links of HTML files as the crawler sees them: with count_pages.py --links-by, that script walks a
// directory by the crawler's own reading of its pages instead of Python's. With --speed it measures that reading.
//
//   walk_links < names-of-files      for each file: a line with the number of links, then one line for each
//   walk_links --speed < names       megabytes a second on one core
#include "examples/crawler/html.hpp"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

namespace {

std::string contents(const std::string& name) {
  std::ifstream file(name, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void print_links(const std::string& name) {
  const auto page = crawler::read_html(contents(name));
  std::cout << page.links.size() << '\n';
  for (auto [href, nofollow] : page.links) {
    std::replace(href.begin(), href.end(), '\n', ' ');
    std::cout << href << '\n';
  }
  std::cout.flush();
}

void measure() {
  std::vector<std::string> pages;
  for (std::string name; std::getline(std::cin, name);) pages.push_back(contents(name));
  std::size_t bytes = 0;
  std::size_t links = 0;
  const auto begin = std::chrono::steady_clock::now();
  for (const auto& page : pages) {
    bytes += page.size();
    links += crawler::read_html(page).links.size();
  }
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  std::cout << pages.size() << " pages, " << bytes / 1000000 << " MB, " << links << " links, "
            << static_cast<double>(bytes) / 1e6 / seconds.count() << " MB/s\n";
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1 && std::string(argv[1]) == "--speed") {
    measure();
    return 0;
  }
  for (std::string name; std::getline(std::cin, name);) print_links(name);
}
