// SPDX-License-Identifier: BSL-1.0
#include "page_reader.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "eddy/http/charset.hpp"
#include "eddy/http/media_type.hpp"
#include "eddy/http/url.hpp"
#include "html.hpp"

namespace crawler {

namespace {

std::vector<std::string> followable_links(const html_page& page, const eddy::http::url& origin) {
  std::vector<std::string> links;
  if (page.nofollow) return links;
  const auto base = page.base.empty() ? std::nullopt : origin.try_resolve_link(page.base);
  links.reserve(page.links.size());
  for (const link& each : page.links) {
    if (each.nofollow) continue;
    const auto target = (base ? *base : origin).try_resolve_link(each.href);
    if (target && target->same_origin(origin)) links.push_back(target->without_fragment().str());
  }
  std::ranges::sort(links);
  const auto repeated = std::ranges::unique(links);
  links.erase(repeated.begin(), repeated.end());
  return links;
}

}  // namespace

page_content read_page(std::string body, std::string_view content_type, std::string_view final_url, bool want_text) {
  page_content content;
  const auto type = eddy::http::parse_media_type(content_type);
  if (!type.is_html() && !(type.type == "text" && want_text)) return content;
  std::string text = eddy::http::decode_text(std::move(body), type);
  if (!type.is_html()) {
    content.text = std::move(text);
    return content;
  }
  html_limits limits;
  if (!want_text) limits.text = 0;
  html_page page = read_html(text, limits);
  if (const auto origin = eddy::http::url::try_parse(final_url)) content.links = followable_links(page, *origin);
  content.title = std::move(page.title);
  if (!page.noindex) content.text = std::move(page.text);
  return content;
}

}  // namespace crawler
