// SPDX-License-Identifier: BSL-1.0
#include "examples/crawler/site.hpp"

#include "eddy/http/charset.hpp"
#include "eddy/http/content_decoder.hpp"
#include "eddy/http/url.hpp"
#include "examples/crawler/html.hpp"
#include "examples/crawler/robots.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <set>

namespace {

using namespace crawler;
using eddy::http::url;

const site& the_site() {
  static const site made;
  return made;
}

std::string_view header(const answer& a, std::string_view name) {
  for (const auto& [n, value] : a.headers) {
    if (n == name) return value;
  }
  return {};
}

// A small crawl without a network: what a perfect crawler makes of the site.
struct walk {
  std::map<std::string, html_page> stored;
  std::map<page_kind, std::map<error_kind, std::size_t>> ends;
  std::set<std::string> forbidden;

  walk() {
    const auto rules = robots::parse(the_site().get("/robots.txt", 0).body, "eddy-crawler");
    visit(url::parse("http://127.0.0.1:8080/"));
    while (!queue_.empty()) {
      const auto next = queue_.front();
      queue_.pop_front();
      const std::string target(next.request_target());
      const auto kind = the_site().kind_of(target);
      if (!kind) {
        ADD_FAILURE() << target << " is no page of the site";
        continue;
      }
      ++ends[*kind][rules.allows(target) ? fetch(next) : error_kind::robots];
    }
  }

 private:
  void visit(const url& to) {
    if (seen_.insert(to.without_fragment().str()).second) queue_.push_back(to.without_fragment());
  }

  error_kind fetch(url at) {
    const std::string asked(at.request_target());
    for (int redirects = 0; redirects <= 10; ++redirects) {
      answer a;
      for (unsigned attempt = 0; attempt < 4; ++attempt) {
        a = the_site().get(at.request_target(), attempt);
        if (a.status != 503) break;
      }
      if (a.status >= 300 && a.status < 400) {
        at = at.resolve_link(header(a, "Location"));
        continue;
      }
      return read(asked, at, a);
    }
    return error_kind::redirect_loop;
  }

  error_kind read(const std::string& asked, const url& at, const answer& a) {
    if (!a.raw.empty()) return error_kind::protocol;
    if (a.status != 200) return error_kind::http_status;
    if (a.delay > std::chrono::seconds(10)) return error_kind::timeout;
    if (a.repeat > (8U << 20) / a.body.size()) return error_kind::too_large;
    if (a.cut_after) return error_kind::truncated;
    std::string body;
    try {
      eddy::http::content_decoder decoder(header(a, "Content-Encoding"), {.max_size = 8 << 20});
      decoder.decode(std::as_bytes(std::span(a.body)), [&](std::span<const std::byte> piece) {
        body.append(reinterpret_cast<const char*>(piece.data()), piece.size());
      });
      decoder.finish();
    } catch (const eddy::http::content_error& error) {
      return error.kind() == eddy::http::content_errc::expansion ? error_kind::expansion : error_kind::decode;
    }
    const auto type = eddy::http::parse_media_type(header(a, "Content-Type"));
    auto page = read_html(eddy::http::decode_text(std::move(body), type));
    for (const auto& link : page.links) {
      const auto to = at.try_resolve_link(link.href);
      if (to && to->same_origin(at)) visit(*to);
    }
    stored.emplace(asked, std::move(page));
    return error_kind::none;
  }

  std::set<std::string> seen_;
  std::deque<url> queue_;
};

TEST(site, a_perfect_crawler_finds_exactly_what_is_expected) {
  const walk found;
  std::size_t pages = 0;
  for (const auto& row : site::expected()) {
    const auto& ends = found.ends.at(row.kind);
    EXPECT_EQ(ends.size(), 1U) << name_of(row.kind) << " ends in one way";
    EXPECT_EQ(ends.begin()->first, row.end) << name_of(row.kind);
    EXPECT_EQ(ends.begin()->second, row.pages) << name_of(row.kind);
    pages += row.pages;
  }
  EXPECT_EQ(pages, site::page_count + site::disallowed_count);
  for (const auto& [target, page] : found.stored) {
    const auto title = the_site().expected_title(target);
    EXPECT_TRUE(title.empty() || page.title == title) << target << ": " << page.title;
    EXPECT_NE(page.text.find(the_site().expected_text(target)), std::string::npos) << target << ": " << page.text;
  }
}

TEST(site, lists_its_pages_once_each) {
  const auto targets = the_site().targets();
  EXPECT_EQ(targets.size(), site::page_count);
  EXPECT_EQ(std::set<std::string>(targets.begin(), targets.end()).size(), site::page_count);
  for (const auto& target : targets) EXPECT_TRUE(the_site().kind_of(target).has_value()) << target;
}

TEST(site, is_the_same_each_time) {
  const site other;
  for (const auto& target : other.targets())
    EXPECT_TRUE(other.get(target, 0).body == the_site().get(target, 0).body) << target;
}

TEST(site, unknown_targets_are_missing) {
  for (const char* target :
       {"/x", "", "/s/20/", "/s/0/?page=1", "/s/0/?page=11", "/s/0/slow-99999.html", "/moved/behind-x.html",
        "/moved/99.html", "/loop/", "/loop//", "/loop/0/0", "/on-and-on/x/1", "/s/1/-1.html"}) {
    EXPECT_FALSE(the_site().kind_of(target).has_value()) << target;
    EXPECT_EQ(the_site().get(target, 0).status, 404) << target;
  }
}

std::string bytes_of(const answer& a, bool head_only = false, std::size_t most = 1 << 20) {
  answer_bytes source(a, head_only);
  std::string out;
  for (std::string piece; out.size() < most && source.next(piece);) out += piece;
  return out;
}

TEST(answer, is_sent_with_its_framing) {
  answer a;
  a.header("X", "y");
  a.body = "hello";
  EXPECT_EQ(bytes_of(a), "HTTP/1.1 200 OK\r\nX: y\r\nContent-Length: 5\r\n\r\nhello");
  EXPECT_EQ(bytes_of(a, true), "HTTP/1.1 200 OK\r\nX: y\r\nContent-Length: 5\r\n\r\n");
  a.repeat = 2;
  a.framing = answer::framing_type::chunked;
  EXPECT_EQ(bytes_of(a),
            "HTTP/1.1 200 OK\r\nX: y\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n5\r\nhello\r\n0\r\n\r\n");
  EXPECT_FALSE(answer_bytes(a).must_close());
}

TEST(answer, is_cut_where_it_should_be) {
  answer a;
  a.body = "hello";
  a.repeat = 2;
  a.cut_after = 7;
  EXPECT_EQ(bytes_of(a), "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhellohe");
  a.framing = answer::framing_type::chunked;
  EXPECT_EQ(bytes_of(a), "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n5\r\nhe");
  a.cut_after = 5;
  EXPECT_EQ(bytes_of(a), "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
  EXPECT_TRUE(answer_bytes(a).must_close());
}

TEST(answer, may_go_on_forever_or_be_no_http) {
  answer a;
  a.body = "x";
  a.repeat = answer::forever;
  a.framing = answer::framing_type::chunked;
  EXPECT_GE(bytes_of(a, false, 100'000).size(), 100'000U);
  a.raw = "no HTTP";
  EXPECT_EQ(bytes_of(a), "no HTTP");
  EXPECT_TRUE(answer_bytes(a).must_close());
}

}  // namespace
