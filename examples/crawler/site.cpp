// SPDX-License-Identifier: BSL-1.0
#include "site.hpp"

#include "site_bodies.hpp"

#include <fmt/format.h>

#include <charconv>
#include <utility>

namespace crawler {

namespace {

constexpr std::size_t section_count = 20;
constexpr std::size_t lists_per_section = 10;
constexpr std::size_t items_per_list = 9;
constexpr std::size_t list_count = section_count * lists_per_section;
constexpr std::size_t item_count = site::page_count - 1 - list_count;
static_assert(item_count <= list_count * items_per_list);

// Spreads the kinds over the sections. A prime that does not divide item_count, so that ids stay distinct.
constexpr std::size_t spread = 613;
static_assert(item_count % spread != 0);

struct kind_row {
  page_kind kind;
  std::string_view name;
  std::size_t pages;  // 0 for ordinary: what the others leave
  error_kind end;
};

constexpr std::array<kind_row, page_kind_count> kinds{{
    {page_kind::ordinary, "ordinary", 0, error_kind::none},
    {page_kind::slow, "slow", 40, error_kind::none},
    {page_kind::missing, "missing", 40, error_kind::http_status},
    {page_kind::flaky, "flaky", 30, error_kind::none},
    {page_kind::flaky_retry_after, "flaky_retry_after", 10, error_kind::none},
    {page_kind::redirect, "redirect", 30, error_kind::none},
    {page_kind::behind_redirect, "behind_redirect", 30, error_kind::none},
    {page_kind::redirect_loop, "redirect_loop", 15, error_kind::redirect_loop},
    {page_kind::cut_length, "cut_length", 10, error_kind::truncated},
    {page_kind::cut_chunked, "cut_chunked", 10, error_kind::truncated},
    {page_kind::endless, "endless", 5, error_kind::too_large},
    {page_kind::large, "large", 5, error_kind::too_large},
    {page_kind::bomb, "bomb", 10, error_kind::expansion},
    {page_kind::corrupt, "corrupt", 6, error_kind::decode},
    {page_kind::garbled, "garbled", 6, error_kind::protocol},
    {page_kind::stalled, "stalled", 4, error_kind::timeout},
    {page_kind::gzip, "gzip", 100, error_kind::none},
    {page_kind::charset, "charset", 48, error_kind::none},
    {page_kind::wrong_charset, "wrong_charset", 20, error_kind::none},
    {page_kind::disallowed, "disallowed", site::disallowed_count, error_kind::robots},
}};

const kind_row& row_of(page_kind kind) { return kinds[static_cast<std::size_t>(kind)]; }

struct charset_row {
  const char* iconv_name;
  std::string_view content_type;
  std::string_view head;
  std::string_view text;
};

// In the header, in the page, and by a byte order mark; under the names that servers use.
constexpr std::array<charset_row, 8> charsets{{
    {"WINDOWS-1252", "text/html; charset=windows-1252", "", "“Curly quotes” for €5 – café"},
    {"WINDOWS-1252", "text/html; charset=iso-8859-1", "", "Déjà vu at the “bistro”"},
    {"SHIFT_JIS", "text/html; charset=Shift_JIS", "", "日本語のページです"},
    {"KOI8-R", "text/html; charset=\"koi8-r\"", "", "Страница на русском языке"},
    {"WINDOWS-1251", "text/html", "<meta charset=windows-1251>", "Ещё одна страница"},
    {"EUC-JP", "text/html", "<meta http-equiv=Content-Type content='text/html; charset=euc-jp'>", "もう一つのページ"},
    {"UTF-16", "text/html", "", "UTF-16 with a mark: ελληνικά"},
    {"ISO-8859-2", "text/html; charset=latin2", "", "Żółta łódź płynie"},
}};

std::string title_of(page_kind kind, std::size_t id) { return fmt::format("{} page {}", row_of(kind).name, id); }

std::optional<std::size_t> number_in(std::string_view text) {
  std::size_t number = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), number);
  if (result.ec != std::errc() || result.ptr != text.data() + text.size()) return std::nullopt;
  return number;
}

// The number between a front and an end part.
std::optional<std::size_t> number_between(std::string_view text, std::string_view front, std::string_view end) {
  if (!text.starts_with(front) || !text.ends_with(end) || text.size() < front.size() + end.size()) return std::nullopt;
  return number_in(text.substr(front.size(), text.size() - front.size() - end.size()));
}

struct list_place {
  std::size_t section;
  std::size_t number;
};

std::string target_of_list(list_place place) {
  return place.number == 0 ? fmt::format("/s/{}/", place.section)
                           : fmt::format("/s/{}/?page={}", place.section, place.number + 1);
}

std::optional<list_place> list_at(std::string_view target) {
  for (std::size_t section = 0; section < section_count; ++section) {
    const auto front = fmt::format("/s/{}/", section);
    if (target == front) return list_place{section, 0};
    const auto page = number_between(target, front + "?page=", "");
    if (page && *page >= 2 && *page <= lists_per_section) return list_place{section, *page - 1};
  }
  return std::nullopt;
}

std::string disallowed_target(std::size_t number) { return fmt::format("/private/secret-{}.html", number); }

answer html_answer(std::string body) {
  answer out;
  out.header("Content-Type", "text/html; charset=utf-8");
  out.body = std::move(body);
  return out;
}

answer redirect_to(std::string location, int status) {
  answer out;
  out.status = status;
  out.header("Location", std::move(location));
  return out;
}

answer status_page(int status, std::string_view title) {
  auto out =
      html_answer(html_page_of(title, "", "<p>Nothing here. <a href=/never-follow-links-of-errors.html>x</a></p>"));
  out.status = status;
  return out;
}

constexpr std::string_view robots_txt =
    "# The demo's own\nUser-agent: *\nDisallow: /private/\n\nUser-agent: greedybot\nDisallow: /\n";

// Links that must not be followed: they leave the site, or lead nowhere.
constexpr std::string_view links_outside =
    "<p><a href='http://example.invalid/'>elsewhere</a> <a href='//www.example.invalid/x'>elsewhere too</a> "
    "<a href='https://127.0.0.1/'>another scheme</a> <a href='http://127.0.0.1:1/'>another port</a> "
    "<a href='ftp://127.0.0.1/f'>ftp</a> <a href='mailto:somebody@example.invalid'>mail</a> "
    "<a href='javascript:void(0)'>script</a> <a href='http://[broken/'>no URL</a> <a href='#top'>here</a> "
    "<a>no link</a></p>\n<!-- <a href='/commented-out.html'>x</a> --><script>'<a href=/in-a-script.html>'</script>\n";

}  // namespace

std::string_view name_of(page_kind kind) { return row_of(kind).name; }

error_kind site::expected_end(page_kind kind) { return row_of(kind).end; }

site::site(site_options options) : options_(options), items_(item_count), bomb_(gzip(std::string(24 << 20, '\0'))) {
  std::size_t rank = 0;
  const auto add = [&](page_kind kind, std::size_t count) {
    auto& ids = ids_[static_cast<std::size_t>(kind)];
    for (std::size_t number = 0; number < count; ++number, ++rank) {
      const auto id = rank * spread % item_count;
      items_[id] = {kind, number};
      ids.push_back(id);
    }
  };
  for (const auto& row : kinds) {
    if (row.kind != page_kind::ordinary && row.kind != page_kind::disallowed) add(row.kind, row.pages);
  }
  add(page_kind::ordinary, item_count - rank);
}

std::string site::target_of(std::size_t id) const {
  const auto [kind, number] = items_[id];
  if (kind == page_kind::behind_redirect) return fmt::format("/moved/behind-{}.html", number);
  return fmt::format("/s/{}/{}-{}.html", id % section_count, row_of(kind).name, id);
}

std::optional<std::size_t> site::item_at(std::string_view target) const {
  const auto& behind = ids_[static_cast<std::size_t>(page_kind::behind_redirect)];
  if (const auto number = number_between(target, "/moved/behind-", ".html"); number && *number < behind.size())
    return behind[*number];
  const auto dash = target.rfind('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto id = number_between(target.substr(dash), "-", ".html");
  if (!id || *id >= items_.size() || target_of(*id) != target) return std::nullopt;
  return id;
}

std::optional<page_kind> site::kind_of(std::string_view target) const {
  if (target == "/" || list_at(target)) return page_kind::ordinary;
  if (const auto number = number_between(target, "/private/secret-", ".html"); number && *number < disallowed_count)
    return page_kind::disallowed;
  const auto id = item_at(target);
  return id ? std::optional(items_[*id].kind) : std::nullopt;
}

std::vector<std::string> site::targets() const {
  std::vector<std::string> out{"/"};
  for (std::size_t i = 0; i < list_count; ++i)
    out.push_back(target_of_list({i / lists_per_section, i % lists_per_section}));
  for (std::size_t id = 0; id < items_.size(); ++id) out.push_back(target_of(id));
  return out;
}

std::vector<expected_row> site::expected() {
  std::vector<expected_row> out;
  std::size_t others = 0;
  for (const auto& row : kinds) {
    out.push_back({row.kind, row.pages, row.end});
    if (row.kind != page_kind::disallowed) others += row.pages;
  }
  out.front().pages = page_count - others;
  return out;
}

std::string site::expected_title(std::string_view target) const {
  if (target == "/") return "A site that exists nowhere";
  if (const auto place = list_at(target)) return fmt::format("Section {}, page {}", place->section, place->number + 1);
  const auto id = item_at(target);
  if (!id || expected_end(items_[*id].kind) != error_kind::none) return {};
  // Stored is what the redirect leads to.
  if (items_[*id].kind == page_kind::redirect) return fmt::format("Moved page {}", items_[*id].number);
  return title_of(items_[*id].kind, *id);
}

std::string site::expected_text(std::string_view target) const {
  const auto id = item_at(target);
  if (!id) return {};
  if (items_[*id].kind == page_kind::charset) return std::string(charsets[items_[*id].number % charsets.size()].text);
  if (items_[*id].kind == page_kind::wrong_charset) return "caf\xef\xbf\xbd au lait";
  return {};
}

answer site::get(std::string_view target, unsigned attempt) const {
  if (target == "/") return html_answer(index());
  if (target == "/robots.txt") {
    answer out;
    out.header("Content-Type", "text/plain");
    out.body = robots_txt;
    return out;
  }
  if (const auto place = list_at(target)) return html_answer(list(place->section, place->number));
  if (const auto id = item_at(target)) return answer_for(*id, attempt);
  return redirect_step(target);
}

std::string site::index() const {
  std::string body = "<ul>\n";
  for (std::size_t section = 0; section < section_count; ++section)
    body += fmt::format("<li><a href=\"s/{}/\">Section {}</a></li>\n", section, section);
  body += "</ul>\n";
  return html_page_of("A site that exists nowhere", "", body + std::string(links_outside));
}

std::string site::list(std::size_t section, std::size_t number) const {
  std::string body = "<ul>\n";
  for (std::size_t i = 0; i < items_per_list; ++i) {
    const auto id = (number * items_per_list + i) * section_count + section;
    if (id >= items_.size() || items_[id].kind == page_kind::behind_redirect) continue;
    const auto target = target_of(id);
    const auto file = target.substr(target.rfind('/') + 1);
    // The same page in the forms in which people link: all must come out as one URL.
    const std::array<std::string, 5> forms{
        file, target, "./" + file, fmt::format("../{}/{}#part", section, file),
        fmt::format("/x/../s/{}/%{:02x}{}", section, static_cast<unsigned char>(file[0]), file.substr(1))};
    body += fmt::format("<li><a href=\"{}\">{}</a></li>\n", forms[id % forms.size()], title_of(items_[id].kind, id));
  }
  body += "</ul>\n";
  if (number > 0) body += fmt::format("<a href=\"{}\">previous</a>\n", target_of_list({section, number - 1}));
  if (number + 1 < lists_per_section) body += fmt::format("<a href=\"?page={}\">next</a>\n", number + 2);
  if (number == 0)
    body += fmt::format("<a href=\"{}\">not for robots</a> <a href=\"/\">home</a>\n", disallowed_target(section));
  return html_page_of(fmt::format("Section {}, page {}", section, number + 1), "", body + std::string(links_outside));
}

std::string site::article(std::size_t id) const {
  std::string body = paragraphs(id);
  for (const auto other : {(id + 1) % items_.size(), (id * 7 + 3) % items_.size(), (id * 31 + 11) % items_.size()}) {
    if (items_[other].kind != page_kind::behind_redirect)
      body += fmt::format("<a href=\"{}#see-also\">see also</a>\n", target_of(other));
  }
  return html_page_of(title_of(items_[id].kind, id), "", body + std::string(links_outside));
}

answer site::charset_page(std::size_t id, bool right) const {
  const auto& row = charsets[items_[id].number % charsets.size()];
  const auto title = title_of(items_[id].kind, id);
  answer out;
  if (right) {
    out.header("Content-Type", std::string(row.content_type));
    out.body = encode(html_page_of(title, row.head, fmt::format("<p>{}</p>", row.text)), row.iconv_name);
  } else {
    out.header("Content-Type", "text/html; charset=utf-8");
    out.body = html_page_of(title, "", "<p>caf\xe9 au lait</p>");
  }
  return out;
}

answer site::answer_for(std::size_t id, unsigned attempt) const {
  const auto [kind, number] = items_[id];
  auto out = html_answer({});
  switch (kind) {
    case page_kind::missing:
      return status_page(404, "Not found");
    case page_kind::charset:
      return charset_page(id, true);
    case page_kind::wrong_charset:
      return charset_page(id, false);
    case page_kind::flaky:
    case page_kind::flaky_retry_after:
      if (attempt >= 2) break;
      out = status_page(503, "Busy");
      if (kind == page_kind::flaky_retry_after) out.header("Retry-After", "1");
      return out;
    case page_kind::redirect: {
      static constexpr std::array<int, 4> statuses{301, 302, 307, 308};
      return redirect_to(fmt::format("/moved/{}.html", number), statuses[number % statuses.size()]);
    }
    case page_kind::redirect_loop:
      if (number % 3 == 0) return redirect_to(target_of(id), 302);
      return redirect_to(number % 3 == 1 ? fmt::format("/loop/{}/0", id) : fmt::format("/on-and-on/{}/1", id), 301);
    case page_kind::bomb:
      out.header("Content-Encoding", "gzip");
      out.body = bomb_;
      return out;
    case page_kind::corrupt:
      out.header("Content-Encoding", number % 2 == 0 ? "gzip" : "x-nobody-asked-for-this");
      out.body = article(id);
      return out;
    case page_kind::garbled:
      out.raw = number % 2 == 0 ? "EHLO this is no HTTP\r\n\r\n"
                                : "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!";
      return out;
    case page_kind::endless:
    case page_kind::large:
      out.body = "<p>" + std::string((64 << 10) - 4, 'x') + "\n";
      out.repeat = kind == page_kind::large ? 160 : answer::forever;
      if (kind == page_kind::endless) out.framing = answer::framing_type::chunked;
      return out;
    default:
      break;
  }
  out.body = article(id);
  if (kind == page_kind::slow) out.delay = options_.slowest * (number % 4 + 1) / 4;
  if (kind == page_kind::stalled) out.delay = options_.stalled;
  if (kind == page_kind::cut_length || kind == page_kind::cut_chunked) out.cut_after = out.body.size() / 2;
  if (kind == page_kind::cut_chunked) out.framing = answer::framing_type::chunked;
  if (kind == page_kind::gzip) {
    out.body = gzip(out.body);
    out.header("Content-Encoding", "gzip");
    if (number % 2 == 1) out.framing = answer::framing_type::chunked;
  }
  return out;
}

// What only redirects lead to.
answer site::redirect_step(std::string_view target) const {
  if (const auto number = number_between(target, "/moved/", ".html");
      number && *number < row_of(page_kind::redirect).pages) {
    // Relative to where the page is now, not to where it was asked for.
    const auto body = fmt::format("<p><a href=\"behind-{}.html\">onwards</a></p>\n", *number);
    return html_answer(html_page_of(fmt::format("Moved page {}", *number), "", body));
  }
  for (const std::string_view front : {"/loop/", "/on-and-on/"}) {
    if (!target.starts_with(front)) continue;
    const auto slash = target.rfind('/');
    const auto id = number_in(target.substr(front.size(), std::max(slash, front.size()) - front.size()));
    const auto step = number_in(target.substr(slash + 1));
    if (!id || !step || *id >= items_.size() || items_[*id].kind != page_kind::redirect_loop) break;
    return redirect_to(front == "/loop/" ? target_of(*id) : fmt::format("/on-and-on/{}/{}", *id, *step + 1), 302);
  }
  return status_page(404, "Not found");
}

}  // namespace crawler
