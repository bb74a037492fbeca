// SPDX-License-Identifier: BSL-1.0
#include "store.hpp"

#include <utility>

#include "eddy/flow/on_cancel.hpp"
#include "eddy/flow/with.hpp"

namespace crawler {

namespace {

// A JSON array is one parameter for any number of links: four statements a page instead of hundreds.
std::string json_array(const std::vector<std::string>& texts) {
  std::string json = "[";
  for (const std::string& text : texts) {
    if (json.size() > 1) json += ',';
    json += '"';
    for (const char c : text) {  // URLs in normal form: no control characters
      if (c == '"' || c == '\\') json += '\\';
      json += c;
    }
    json += '"';
  }
  return json + "]";
}

constexpr const char* put_page =
    "INSERT OR REPLACE INTO pages(url, final_url, status, title, size, elapsed, attempts, error_kind, error, "
    "content_type, "
    "fetched_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
constexpr const char* put_text = "INSERT INTO page_text(title, url, text) VALUES (?, ?, ?)";
constexpr const char* put_links = "INSERT OR IGNORE INTO links(\"from\", \"to\") SELECT ?, value FROM json_each(?)";
constexpr const char* put_frontier = "INSERT OR IGNORE INTO frontier(url, depth) SELECT value, 0 FROM json_each(?)";
constexpr const char* end_frontier = "DELETE FROM frontier WHERE url = ?";

// On the database's thread.
void write_page(eddy::sqlite::database& db, const page_record& record) {
  const page& p = record.row;
  db.execute(put_page, p.url, p.final_url, p.status, p.title, p.size, p.elapsed, p.attempts, name_of(p.kind), p.error,
             p.content_type, p.fetched_at);
  db.execute(put_links, p.url, json_array(record.links));
  db.execute(put_frontier, json_array(record.discovered));
  db.execute(end_frontier, p.url);
  if (p.kind == error_kind::none && !(p.title.empty() && p.text.empty())) db.execute(put_text, p.title, p.url, p.text);
}

}  // namespace

eddy::coro<> store::aenter() {
  if (!enabled()) co_return;
  database_ = co_await eddy::sqlite::open(path_);
  co_await database_->execute_script(schema);
}

eddy::coro<> store::aexit() {
  if (!database_) co_return;
  std::vector<page_record> rest = std::exchange(late_, {});
  while (auto record = waiting_.try_get()) rest.push_back(*std::move(record));
  std::vector<const page_record*> records;
  records.reserve(rest.size());
  for (const page_record& each : rest) records.push_back(&each);
  if (!records.empty()) co_await write(records);
  co_await database_->close();
}

eddy::coro<> store::begin(std::string start) {
  if (!enabled()) co_return;
  co_await eddy::with(database_->transaction(), [&](eddy::sqlite::connection& tx) -> eddy::coro<> {
    co_await tx.execute_script("DELETE FROM pages; DELETE FROM links; DELETE FROM frontier; DELETE FROM page_text;");
    co_await tx.execute("INSERT INTO frontier(url, depth) VALUES (?, 0)", start);
  });
}

eddy::coro<store::progress> store::resume() {
  progress known;
  if (!enabled()) co_return known;
  known.done = co_await database_->fetch_as<std::string>("SELECT url FROM pages");
  known.open = co_await database_->fetch_as<std::string>("SELECT url FROM frontier");
  co_return known;
}

eddy::coro<> store::put(page_record record) {
  if (!enabled()) co_return;
  const auto keep = eddy::on_cancel([&] { late_.push_back(std::move(record)); });
  co_await waiting_.put(std::move(record));  // moves from it only when there is room
}

eddy::coro<> store::write_all() {
  while (true) {
    // A lease that is dropped, because this task is cancelled in the middle, puts its page back for aexit() to write.
    std::vector<lease> batch;
    batch.push_back(co_await waiting_.take());
    while (batch.size() < most_in_transaction) {
      auto more = waiting_.try_take();
      if (!more) break;
      batch.push_back(*std::move(more));
    }
    std::vector<const page_record*> records;
    records.reserve(batch.size());
    for (lease& each : batch) records.push_back(&*each);
    co_await write(records);
    for (lease& each : batch) each.done();
  }
}

eddy::coro<> store::write(const std::vector<const page_record*>& records) {
  co_await eddy::with(database_->transaction(), [&](eddy::sqlite::connection& tx) -> eddy::coro<> {
    co_await tx.run([&](eddy::sqlite::database& db) {  // one trip to the thread for all of them
      for (const page_record* each : records) write_page(db, *each);
    });
  });
}

}  // namespace crawler
