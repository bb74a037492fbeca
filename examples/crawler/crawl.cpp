// SPDX-License-Identifier: BSL-1.0
#include "crawl.hpp"

#include <algorithm>
#include <ctime>
#include <functional>
#include <stdexcept>
#include <thread>
#include <utility>

#include "eddy/exec/to_thread.hpp"
#include "eddy/flow/on_cancel.hpp"
#include "eddy/flow/with.hpp"
#include "eddy/http/media_type.hpp"
#include "eddy/http/url.hpp"
#include "page_reader.hpp"

namespace crawler {

namespace {

eddy::http::client_options client_options_for(const crawl_options& options) {
  eddy::http::client_options made;
  made.total(options.concurrency).per_host(options.connections_per_host());
  return made;
}

std::string normal_start(const std::string& url) {
  const auto start = eddy::http::url::parse(url);  // throws url_error: says what is wrong with it
  if (!start.is_http()) throw std::invalid_argument(url + " is no page of a web site; begin with http://host/");
  return start.without_fragment().str();
}

}  // namespace

crawl::crawl(crawl_options options, observer on_page)
    : options_(std::move(options)),
      on_page_(std::move(on_page)),
      start_(normal_start(options_.url)),
      client_(client_options_for(options_)),
      parsers_(std::max(1U, std::thread::hardware_concurrency()), "parser"),
      store_(options_.database) {
  // What a tenth of a second allows may go out at once.
  if (options_.rate != 0) rate_.emplace(eddy::per_second(options_.rate).burst(std::max(1U, options_.rate / 10)));
}

eddy::coro<> crawl::run() {
  co_await eddy::with(store_, [&](store&) -> eddy::coro<> { co_await crawl_all(); });
}

eddy::coro<> crawl::crawl_all() {
  co_await read_robots();
  co_await seed();
  begin_ = std::chrono::steady_clock::now();
  co_await eddy::with(eddy::task_group(), [&](eddy::task_group& group) -> eddy::coro<> {
    if (store_.enabled()) group.create_task([this] { return store_.write_all(); }).name("store");
    for (std::size_t i = 0; i < options_.concurrency; ++i) group.create_task([this] { return work(); });
    co_await frontier_.join();
    group.cancel("every page is done");
  });
}

// A site without robots.txt allows everything; one that cannot answer allows nothing (RFC 9309).
eddy::coro<> crawl::read_robots() {
  const std::string where = eddy::http::url::parse(start_).origin() + "/robots.txt";
  const fetched got = co_await fetch(client_, where, options_, limiter());
  if (got.row.kind == error_kind::none)
    robots_ = robots::parse(got.body, options_.user_agent);
  else if (got.row.status < 400 || got.row.status >= 500)
    robots_ = got.row.status == 0 ? robots() : robots::deny_all();  // no answer at all: the start page will say why
}

eddy::coro<> crawl::seed() {
  if (!options_.resume) {
    co_await store_.begin(start_);
    note(start_);
    co_await frontier_.put(start_);
    co_return;
  }
  store::progress before = co_await store_.resume();
  done_before_ = before.done.size();
  for (std::string& url : before.done) known_.insert(std::move(url));
  for (const std::string& url : before.open)
    if (note(url)) co_await frontier_.put(url);
  if (known_.empty() && note(start_)) co_await frontier_.put(start_);
}

eddy::coro<> crawl::work() {
  while (true) {
    auto url = co_await frontier_.take();  // dropped without done(), as on Ctrl-C, it goes back
    co_await visit(*url);
    url.done();
  }
}

eddy::coro<> crawl::visit(const std::string& url) {
  page_record record;
  if (!robots_.allows(eddy::http::url::parse(url).request_target())) {
    record.row.url = record.row.final_url = url;
    record.row.kind = error_kind::robots;
    record.row.error = "robots.txt forbids it";
    record.row.fetched_at = std::time(nullptr);
  } else {
    ++active_;
    const auto count = eddy::on_exit([this] { --active_; });
    fetched got = co_await fetch(client_, url, options_, limiter());
    co_await read_links(got, record);
  }
  std::string text = std::exchange(record.row.text, {});
  const page row = record.row;  // without its text, which only the store needs
  record.row.text = std::move(text);
  const std::vector<std::string> discovered = record.discovered;
  // Stored first: a link that is followed before its page is stored would be fetched twice after --resume.
  co_await store_.put(std::move(record));
  for (const std::string& link : discovered) co_await frontier_.put(link);
  finished(row);
}

eddy::coro<> crawl::read_links(fetched& got, page_record& record) {
  if (got.row.kind == error_kind::none) {
    page_content content =
        co_await eddy::run_in_executor(parsers_, read_page, std::move(got.body), std::cref(got.row.content_type),
                                       std::cref(got.row.final_url), store_.enabled());
    got.row.title = std::move(content.title);
    got.row.text = std::move(content.text);
    record.discovered = note_links(content.links);
    record.links = std::move(content.links);
    if (got.row.status == 200 && eddy::http::parse_media_type(got.row.content_type).is_html()) ++html_pages_;
  }
  record.row = std::move(got.row);
}

std::vector<std::string> crawl::note_links(const std::vector<std::string>& links) {
  std::vector<std::string> discovered;
  for (const std::string& link : links)
    if (note(link)) discovered.push_back(link);
  return discovered;
}

bool crawl::note(const std::string& url) {
  if (options_.max_pages != 0 && known_.size() >= options_.max_pages && !known_.contains(url)) return false;
  return known_.insert(url).second;
}

void crawl::finished(const page& row) {
  statistics_.add(row.url, row.status, row.kind, row.elapsed, static_cast<std::uint64_t>(row.size));
  if (on_page_) on_page_(row);
}

progress crawl::now() const {
  progress p;
  p.done = done_before_ + statistics_.pages();
  p.known = known_.size();
  p.errors = statistics_.errors();
  p.active = active_;
  p.elapsed = std::chrono::steady_clock::now() - begin_;
  return p;
}

}  // namespace crawler
