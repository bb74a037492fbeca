// SPDX-License-Identifier: BSL-1.0
#include "examples/crawler/html.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace {

using crawler::html_limits;
using crawler::html_page;
using crawler::read_html;

std::vector<std::string> hrefs(const html_page& page) {
  std::vector<std::string> out;
  for (const auto& link : page.links) out.push_back(link.href);
  return out;
}

using strings = std::vector<std::string>;

TEST(html, gives_title_links_and_text) {
  const auto page = read_html(
      "<!DOCTYPE html><html><head><title> A  <b>page</b>\n</title><style>p { x }</style></head>"
      "<body><h1>Head</h1><p>Some <b>bo</b>ld\n text<script>var a = '<p>no</p>';</script></p>"
      "<a href='x.html'>one</a><map><area href=y.html></map><iframe src=z.html></iframe></body></html>");
  EXPECT_EQ(page.title, "A page");
  EXPECT_EQ(hrefs(page), (strings{"x.html", "y.html", "z.html"}));
  EXPECT_EQ(page.text, "Head Some bold text one");
}

TEST(html, frames_are_links) {
  EXPECT_EQ(hrefs(read_html("<frameset><frame src=a.html><frame src=b.html></frameset>")),
            (strings{"a.html", "b.html"}));
}

TEST(html, a_link_counts_once) {
  EXPECT_EQ(hrefs(read_html("<a href=a>1</a><a href=b>2</a><a href=a>3</a>")), (strings{"a", "b"}));
}

TEST(html, entities_in_links_and_text_are_characters) {
  const auto page = read_html("<a href='?a=1&amp;b=2&copy=3'>&lt;x&gt; &eacute;&#x20AC;&#8364; &nosuch; &amp;amp;</a>");
  EXPECT_EQ(page.links.at(0).href.substr(0, 8), "?a=1&b=2");
  EXPECT_EQ(page.text, "<x> é€€ &nosuch; &amp;");
}

TEST(html, the_first_base_and_title_count) {
  const auto page =
      read_html("<base target=x><base href='/one/'><base href='/two/'><title>first</title><title>second</title>");
  EXPECT_EQ(page.base, "/one/");
  EXPECT_EQ(page.title, "first");
}

TEST(html, nofollow_is_noted) {
  const auto page = read_html("<a rel='noopener NoFollow' href=a></a><a href=b rel=nofollowed></a><a href=a></a>");
  EXPECT_EQ(page.links, (std::vector<crawler::link>{{"a", false}, {"b", false}}));
  EXPECT_TRUE(read_html("<a rel=nofollow href=a>").links.at(0).nofollow);
}

TEST(html, robots_meta_is_noted) {
  EXPECT_TRUE(read_html("<meta name=ROBOTS content='NOINDEX,nofollow'>").noindex);
  EXPECT_TRUE(read_html("<meta name=ROBOTS content='NOINDEX,nofollow'>").nofollow);
  EXPECT_FALSE(read_html("<meta name=robots content=nofollow>").noindex);
  EXPECT_TRUE(read_html("<meta name=robots content=none>").noindex);
  EXPECT_FALSE(read_html("<meta name=description content=nofollow>").nofollow);
}

TEST(html, what_is_not_shown_is_no_text) {
  EXPECT_EQ(read_html("a<style>b</style><script>c</script><template>d<b>e</b></template><!-- f -->g").text, "a g");
  EXPECT_EQ(read_html("<noscript>shown without scripts</noscript>").text, "shown without scripts");
}

TEST(html, a_declared_charset_changes_nothing) {
  const auto page = read_html(
      "<meta charset=windows-1252><meta http-equiv=content-type content='text/html; "
      "charset=koi8-r'><title>é</title>日本");
  EXPECT_EQ(page.title, "é");
  EXPECT_EQ(page.text, "日本");
}

TEST(html, words_stay_whole_where_slices_meet) {
  const std::string word = "unique_ptr_日本語 ";
  std::string text;
  while (text.size() < 200'000) text += word;
  auto expected = text;
  expected.pop_back();
  EXPECT_EQ(read_html("<p>" + text).text, expected);
}

TEST(html, a_link_may_cross_a_slice) {
  const std::string before(32 * 1024 - 20, 'x');
  EXPECT_EQ(hrefs(read_html(before + "<a href=\"a-rather-long-name.html\">x</a>")),
            (strings{"a-rather-long-name.html"}));
}

TEST(html, nul_bytes_do_no_harm) {
  using namespace std::string_literals;
  const auto page = read_html("<p>a\0b</p><a href='x\0y'>c</a>\0\0<a href=z>d</a>"s);
  EXPECT_EQ(page.text, "a b c d");
  EXPECT_EQ(hrefs(page), (strings{"x y", "z"}));
}

TEST(html, broken_markup_does_no_harm) {
  EXPECT_EQ(hrefs(read_html("<a href=a><a href=b</a><p <a href='c'>x<//p></b></html><a href=d>")).back(), "d");
  for (const char* text : {"",
                           "<",
                           "<a",
                           "<a href",
                           "<a href=",
                           "<a href='",
                           "</",
                           "<!",
                           "<!-",
                           "<!--",
                           "<![CDATA[",
                           "&",
                           "&#",
                           "&#x",
                           "&#0;",
                           "&#xffffffff;",
                           "<script>",
                           "<title>",
                           "<?php",
                           "\xff\xfe",
                           "<a href=\"\xff\">",
                           "</a></a></a>"}) {
    EXPECT_NO_THROW(read_html(text)) << text;
    EXPECT_NO_THROW(read_html(std::string("<a href=x>y") + text)) << text;
  }
}

TEST(html, a_page_goes_on_behind_its_end_tag) {
  EXPECT_EQ(hrefs(read_html("<html></html><a href=a>")), (strings{"a"}));
  const auto page = read_html("<html>" + std::string(100'000, 'x') + "<a href=a></html><p>b<a href=c></body></html> d");
  EXPECT_EQ(hrefs(page), (strings{"a", "c"}));
  EXPECT_EQ(page.text.substr(100'000), " b d");
  std::string many;
  for (int i = 0; i < 50'000; ++i) many += "<html></html>";
  EXPECT_TRUE(hrefs(read_html(many)).empty());
}

TEST(html, huge_attributes_do_no_harm) {
  const auto page = read_html("<a href='" + std::string(4 << 20, 'x') + "'>a</a><p title='" +
                              std::string(4 << 20, 'y') + "'>b</p><a href=z>");
  EXPECT_EQ(hrefs(page), (strings{"z"})) << "a link of megabytes is none";
  EXPECT_EQ(page.text, "a b");
}

TEST(html, bounds_hold) {
  const html_limits limits{.text = 10, .title = 5, .links = 2, .href = 8, .depth = 100};
  const auto page =
      read_html("<title>ééé</title><a href=123456789>0123456789ab</a><a href=1><a href=2><a href=3>", limits);
  EXPECT_EQ(page.title, "éé") << "no half characters";
  EXPECT_EQ(page.text, "0123456789");
  EXPECT_EQ(hrefs(page), (strings{"1", "2"}));
}

TEST(html, deep_pages_end_in_time) {
  std::string deep;
  for (int i = 0; i < 200'000; ++i) deep += "<b><i>";
  for (int i = 0; i < 200'000; ++i) deep += "</u>";
  EXPECT_TRUE(hrefs(read_html("<a href=x></a>" + deep + "<a href=y></a>")) == (strings{"x"}));
}

TEST(html, threads_do_not_disturb_each_other) {
  std::string text = "<title>t</title>";
  for (int i = 0; i < 2000; ++i) text += "<p>&eacute;<a href=" + std::to_string(i) + ">x</a>";
  const auto expected = read_html(text);
  std::vector<std::jthread> threads;
  std::vector<int> same(4);
  for (auto& result : same) {
    threads.emplace_back([&] {
      for (int i = 0; i < 5; ++i) result += read_html(text).links == expected.links ? 1 : 0;
    });
  }
  threads.clear();
  EXPECT_EQ(same, std::vector<int>(4, 5));
}

}  // namespace
