// SPDX-License-Identifier: BSL-1.0
#include "examples/crawler/ranking.hpp"

#include "examples/crawler/storage.hpp"

#include <gtest/gtest.h>
#include <sqlite3.h>

namespace {

using namespace crawler;

TEST(ranking, words_are_split_as_the_index_splits_them) {
  EXPECT_EQ(search_words("std::unique_ptr<T>, Caf\xc3\xa9!"),
            (std::vector<std::string>{"std", "unique_ptr", "t", "caf\xc3\xa9"}));
  EXPECT_EQ(fts5_query("a OR \"b* NEAR(c)"), "\"a\" \"or\" \"b\" \"near\" \"c\"");
  EXPECT_EQ(fts5_query(" ,;\" "), "");
}

TEST(ranking, the_page_that_is_about_it_stands_first) {
  std::vector<search_hit> hits{
      {"http://h/memory/unique_ptr/operator_cmp.html", "operator==(std::unique_ptr) - reference", "", -6.3},
      {"http://h/memory/unique_ptr/unique_ptr.html", "std::unique_ptr::unique_ptr - reference", "", -6.3},
      {"http://h/memory.html", "Dynamic memory - reference", "", -6.0},
      {"http://h/memory/unique_ptr.html", "std::unique_ptr - reference", "", -6.1}};
  rank(hits, "unique_ptr");
  EXPECT_EQ(hits.at(0).url, "http://h/memory/unique_ptr.html");
  EXPECT_EQ(hits.at(1).url, "http://h/memory/unique_ptr/unique_ptr.html");
  EXPECT_EQ(hits.size(), 4U);
}

TEST(ranking, without_names_bm25_decides) {
  std::vector<search_hit> hits{{"http://h/a", "x", "", -1}, {"http://h/b", "y", "", -2}, {"http://h/c", "z", "", -2}};
  rank(hits, "word");
  EXPECT_EQ(hits.at(0).url, "http://h/b") << "equal ones keep their order";
  EXPECT_EQ(hits.at(2).url, "http://h/a");
}

TEST(storage, schema_and_search_are_valid_sql) {
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(":memory:", &db), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(db, schema, nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(db);
  EXPECT_EQ(sqlite3_exec(db, schema, nullptr, nullptr, nullptr), SQLITE_OK) << "twice does no harm";
  sqlite3_exec(db, "INSERT INTO page_text VALUES('unique_ptr', 'http://h/', 'a unique_ptr owns')", nullptr, nullptr,
               nullptr);
  sqlite3_stmt* statement = nullptr;
  ASSERT_EQ(sqlite3_prepare_v2(db, search_candidates, -1, &statement, nullptr), SQLITE_OK) << sqlite3_errmsg(db);
  const auto query = fts5_query("UNIQUE_PTR");
  sqlite3_bind_text(statement, 1, query.c_str(), -1, SQLITE_TRANSIENT);
  sqlite3_bind_int(statement, 2, 10);
  EXPECT_EQ(sqlite3_step(statement), SQLITE_ROW);
  EXPECT_STREQ(reinterpret_cast<const char*>(sqlite3_column_text(statement, 2)), "a [unique_ptr] owns");
  EXPECT_EQ(sqlite3_step(statement), SQLITE_DONE);
  sqlite3_finalize(statement);
  sqlite3_close(db);
}

}  // namespace
