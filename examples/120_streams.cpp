// SPDX-License-Identifier: BSL-1.0
// Generators: pages that are asked for one after the other, a resource written as one function, shapers of streams.
// Run: `example_120_streams`.
#include <eddy/eddy.hpp>

#include <chrono>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using eddy::coro;

// [pages]
struct page {
  page(std::vector<std::string> i, int n) : items(std::move(i)), next(n) {}
  std::vector<std::string> items;
  int next;  // the number of the next page; 0 after the last
};

coro<page> fetch_page(int number) {
  co_await eddy::sleep(1ms);
  std::cout << "fetched page " << number << '\n';
  std::vector<std::string> items;
  for (char c : {'a', 'b', 'c'}) items.push_back(std::to_string(number) + c);
  co_return page(std::move(items), number < 3 ? number + 1 : 0);
}

eddy::async_generator<std::string> all_items() {
  for (int number = 1; number != 0;) {
    page p = co_await fetch_page(number);  // only when the items of the last one have been used
    for (std::string& item : p.items) co_yield std::move(item);
    number = p.next;
  }
}

coro<> read_some() {
  auto items = all_items();
  while (auto item = co_await items.next()) {
    std::cout << *item << '\n';
    if (*item == "2b") co_return;  // page 3 is never fetched
  }
}
// [pages]

// [manager]
struct connection {
  explicit connection(std::string h) : host(std::move(h)) {}
  std::string host;
  coro<> send(std::string text) {
    co_await eddy::sleep(1ms);
    std::cout << "to " << host << ": " << text << '\n';
  }
};

eddy::context_manager<connection> connected(std::string host) {
  co_await eddy::sleep(1ms);  // cancelled here: nothing is open, and what follows never runs
  connection c(host);
  auto how = co_yield c;  // the body of `with` runs here, with c
  co_await c.send(how.has_value() ? "goodbye" : "sorry, I have to go");
}

coro<> talk() {
  co_await eddy::with(connected("peer"), [](connection& c) -> coro<> { co_await c.send("hello"); });
}
// [manager]

// [enter]
eddy::async_generator<std::string> replies() {
  auto& c = co_await eddy::enter(connected("server"));  // closed when for_each ends, whatever ended it
  for (int i = 1;; ++i) {
    co_await c.send("question " + std::to_string(i));
    co_yield "answer " + std::to_string(i);
  }
}

coro<> ask_twice() {
  co_await eddy::for_each(replies() | eddy::streams::take(2),
                          [](const std::string& answer) { std::cout << answer << '\n'; });
}
// [enter]

// [shapers]
coro<> in_bundles() {
  auto long_ones = all_items() | eddy::streams::filter([](const std::string& item) { return item != "1b"; }) |
                   eddy::streams::map([](std::string item) { return "<" + item + ">"; }) |
                   eddy::streams::batch(4, 100ms);
  co_await eddy::for_each(std::move(long_ones), [](const std::vector<std::string>& bundle) {
    for (const auto& item : bundle) std::cout << item;
    std::cout << '\n';
  });
}
// [shapers]

coro<> main_coro() {
  co_await read_some();
  co_await talk();
  co_await ask_twice();
  co_await in_bundles();
}

int main() { eddy::run(main_coro); }
