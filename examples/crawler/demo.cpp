// SPDX-License-Identifier: BSL-1.0
#include "demo.hpp"

#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <functional>
#include <map>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "demo_site.hpp"
#include "eddy/db/sqlite/connection.hpp"
#include "eddy/flow/on_cancel.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/task_group.hpp"
#include "eddy/flow/with.hpp"
#include "eddy/http/url.hpp"
#include "eddy/net/server.hpp"
#include "ranking.hpp"
#include "report.hpp"

namespace crawler {

namespace {

void print(std::FILE* out, std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), out);
  std::fflush(out);
}

eddy::coro<> show_progress(const crawl& running, progress_display& display) {
  while (true) {
    if (const auto text = display.update(running.now())) print(stderr, *text);
    co_await eddy::sleep(std::chrono::milliseconds(50));
  }
}

// Runs it with its progress beside it; the tables come also when it is interrupted.
eddy::coro<> run_shown(crawl& running) {
  progress_display display(terminal::of(STDERR_FILENO));
  const auto tables = eddy::on_exit([&] {
    print(stderr, display.finish());
    print(stdout, running.results().tables(running.now().elapsed, terminal::of(STDOUT_FILENO)));
  });
  co_await eddy::with(eddy::task_group(), [&](eddy::task_group& group) -> eddy::coro<> {
    group.create_task(show_progress, std::cref(running), std::ref(display)).name("progress");
    co_await running.run();
    group.cancel("the crawl has ended");
  });
}

// How the pages of the made-up site ended, by target.
class findings {
 public:
  explicit findings(const site& pages) : site_(pages) {}

  void note(const page& row) {
    const std::string target(eddy::http::url::parse(row.url).request_target());
    pages_[target] = row;
  }
  void note_text(const std::string& url, std::string text) {
    texts_[std::string(eddy::http::url::parse(url).request_target())] = std::move(text);
  }

  /// A few of the pages that ended otherwise than expected, a line each.
  std::string examples(bool with_text) const {
    std::string text;
    unsigned left = 5;
    for (const auto& [target, row] : pages_) {
      const auto kind = site_.kind_of(target);
      if (!kind || as_expected(target, *kind, row, with_text)) continue;
      text += "  " + target + ": " + std::string(row.kind == error_kind::none ? "stored" : name_of(row.kind)) +
              ", title \"" + row.title + "\" " + row.error + "\n";
      if (--left == 0) break;
    }
    return text;
  }

  std::vector<comparison> compare(bool with_text) const {
    std::map<page_kind, std::size_t> got;
    for (const auto& [target, row] : pages_)
      if (const auto kind = site_.kind_of(target); kind && as_expected(target, *kind, row, with_text)) ++got[*kind];
    std::vector<comparison> rows;
    for (const expected_row& each : site::expected())
      rows.push_back({std::string(name_of(each.kind)),
                      each.end == error_kind::none ? "stored" : std::string(name_of(each.end)), each.pages,
                      got[each.kind]});
    return rows;
  }

 private:
  bool as_expected(const std::string& target, page_kind kind, const page& row, bool with_text) const {
    if (row.kind != site::expected_end(kind)) return false;
    if (row.kind != error_kind::none) return true;
    if (row.title != site_.expected_title(target)) return false;
    const std::string sentence = site_.expected_text(target);
    if (!with_text || sentence.empty()) return true;
    const auto text = texts_.find(target);
    return text != texts_.end() && text->second.find(sentence) != std::string::npos;
  }

  const site& site_;
  std::unordered_map<std::string, page> pages_;
  std::unordered_map<std::string, std::string> texts_;
};

eddy::coro<> read_texts(const std::string& path, findings& found) {
  auto database = co_await eddy::sqlite::open(path);
  auto rows = database.rows("SELECT url, text FROM page_text");
  while (auto row = co_await rows.next()) found.note_text(row->get<std::string>(0), row->get<std::string>(1));
  co_await database.close();
}

bool equal(const std::vector<comparison>& rows) {
  for (const comparison& each : rows)
    if (each.expected != each.got) return false;
  return true;
}

eddy::coro<int> crawl_made_up_site(crawl_options options, const site& pages, std::uint16_t port) {
  options.url = "http://127.0.0.1:" + std::to_string(port) + "/";
  findings found(pages);
  crawl running(options, [&](const page& row) { found.note(row); });
  co_await run_shown(running);
  const bool stored = !options.database.empty();
  if (stored) co_await read_texts(options.database, found);
  const std::vector<comparison> rows = found.compare(stored);
  print(stdout, comparison_table(rows, terminal::of(STDOUT_FILENO)));
  const bool as_expected = equal(rows);
  print(stdout, as_expected ? std::string("\nEverything is as expected.\n")
                            : "\nWhat was got is not what was expected:\n" + found.examples(stored));
  co_return as_expected ? 0 : 1;
}

eddy::coro<int> demo_made_up(crawl_options options) {
  // The site's slow pages take up to a second and its stalled ones a minute: this limit tells them apart soon.
  if (options.timeout == crawl_options().timeout) options.timeout = std::chrono::milliseconds(2'500);
  const site pages;
  made_up_server serve(pages);
  std::printf("Serving a made-up site of %zu pages on a loopback port and crawling it.\n", site::page_count);
  co_return co_await eddy::with(
      eddy::start_server(std::ref(serve), "127.0.0.1", 0).close_timeout(std::chrono::milliseconds(0)),
      [&](eddy::server& server) -> eddy::coro<int> {
        co_return co_await crawl_made_up_site(options, pages, server.port());
      });
}

eddy::coro<int> demo_directory(crawl_options options, const std::string& directory) {
  directory_server serve(directory);
  co_return co_await eddy::with(
      eddy::start_server(std::ref(serve), "127.0.0.1", 0), [&](eddy::server& server) -> eddy::coro<int> {
        const std::string start =
            std::filesystem::exists(std::filesystem::path(directory) / "index.html") ? "" : "en/index.html";
        options.url = "http://127.0.0.1:" + std::to_string(server.port()) + "/" + start;
        co_return co_await show_crawl(options);
      });
}

}  // namespace

eddy::coro<int> show_crawl(crawl_options options) {
  crawl running(options);
  std::printf("Crawling %s\n", options.url.c_str());
  co_await run_shown(running);
  std::printf("HTML pages answered with 200: %zu\n", running.html_pages());
  co_return running.results().pages() > running.results().errors() ? 0 : 1;
}

eddy::coro<int> run_demo(demo_options options) {
  if (!options.crawl.url.empty()) co_return co_await show_crawl(options.crawl);
  if (!options.directory.empty()) co_return co_await demo_directory(options.crawl, options.directory);
  co_return co_await demo_made_up(options.crawl);
}

eddy::coro<int> run_search(search_options options) {
  const std::string query = fts5_query(options.words);
  if (query.empty()) {
    std::fprintf(stderr, "crawler: there is no word in \"%s\"\n", options.words.c_str());
    co_return 2;
  }
  eddy::sqlite::open_options existing;
  existing.mode = eddy::sqlite::open_mode::read_only;
  auto database = co_await eddy::sqlite::open(options.database, existing);
  using found = std::tuple<std::string, std::string, std::string, double>;
  const auto rows =
      co_await database.fetch_as<found>(search_candidates, query, static_cast<std::int64_t>(search_candidate_count));
  co_await database.close();
  std::vector<search_hit> hits;
  for (const auto& [url, title, extract, bm25] : rows) {
    search_hit hit;
    hit.url = url;
    hit.title = title;
    hit.extract = extract;
    hit.bm25 = bm25;
    hits.push_back(std::move(hit));
  }
  rank(hits, options.words);
  for (std::size_t i = 0; i < hits.size() && i < options.limit; ++i)
    std::printf("%2zu. %s\n    %s\n    %s\n", i + 1, hits[i].title.c_str(), hits[i].url.c_str(),
                hits[i].extract.c_str());
  if (hits.empty()) std::printf("Nothing was found for \"%s\".\n", options.words.c_str());
  co_return hits.empty() ? 1 : 0;
}

}  // namespace crawler
