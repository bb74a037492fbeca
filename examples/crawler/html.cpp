// SPDX-License-Identifier: BSL-1.0
#include "html.hpp"

#include <libxml/HTMLparser.h>

#include <algorithm>
#include <array>
#include <memory>
#include <mutex>
#include <new>
#include <unordered_map>

namespace crawler {

namespace {

using namespace std::string_view_literals;

constexpr std::size_t slice_size = 32 * 1024;
constexpr int most_rounds = 50;

// The elements that stand in a line of text: no white space comes between them and their neighbours, so that
// "<b>unique</b>_ptr" stays one word. Sorted.
constexpr std::array inline_elements = std::to_array<std::string_view>(
    {"a",     "abbr", "acronym", "b",      "bdi", "bdo", "big",   "cite", "code", "data", "del",
     "dfn",   "em",   "font",    "i",      "ins", "kbd", "label", "mark", "q",    "s",    "samp",
     "small", "span", "strike",  "strong", "sub", "sup", "time",  "tt",   "u",    "var",  "wbr"});
static_assert(std::is_sorted(inline_elements.begin(), inline_elements.end()));

bool is_inline(std::string_view element) {
  return std::binary_search(inline_elements.begin(), inline_elements.end(), element);
}

// Elements whose content nobody sees.
bool is_hidden(std::string_view element) {
  return element == "script"sv || element == "style"sv || element == "template"sv;
}

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f'; }

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

// Whether one of the words of `list`, apart by spaces or commas, is `word`.
bool has_word(std::string_view list, std::string_view word) {
  const auto is_separator = [](char c) { return is_space(c) || c == ','; };
  while (!list.empty()) {
    const auto end = static_cast<std::size_t>(std::find_if(list.begin(), list.end(), is_separator) - list.begin());
    const auto here = list.substr(0, end);
    if (std::equal(here.begin(), here.end(), word.begin(), word.end(), [](char a, char b) { return lower(a) == b; }))
      return true;
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return false;
}

// Text with its white space folded, up to a bound.
class folded_text {
 public:
  explicit folded_text(std::size_t limit) : limit_(limit) {}

  void add_space() { space_ = !text_.empty(); }

  void add(std::string_view more) {
    while (!more.empty() && text_.size() < limit_) {
      if (is_space(more.front())) {
        add_space();
        more.remove_prefix(1);
        continue;
      }
      const auto end = std::min(more.find_first_of(" \t\n\r\f"), more.size());
      if (space_) text_ += ' ';
      space_ = false;
      text_ += more.substr(0, end);
      more.remove_prefix(end);
    }
  }

  std::string take() {
    if (text_.size() > limit_) {
      // Back to the beginning of the character that the limit cuts.
      std::size_t end = limit_;
      while (end > 0 && (static_cast<unsigned char>(text_[end]) & 0xc0) == 0x80) --end;
      text_.resize(end);
    }
    return std::move(text_);
  }

 private:
  std::string text_;
  std::size_t limit_;
  bool space_ = false;
};

std::string_view view(const xmlChar* text) {
  return text == nullptr ? std::string_view() : std::string_view(reinterpret_cast<const char*>(text));
}

// The attributes of an element: names and values by turns, a null pointer at the end.
class attributes {
 public:
  explicit attributes(const xmlChar** list) : list_(list) {}

  // Null when there is no such attribute; one without a value has an empty one.
  const xmlChar* find(std::string_view name) const {
    if (list_ == nullptr) return nullptr;
    for (const xmlChar** at = list_; *at != nullptr; at += 2) {
      if (view(at[0]) == name) return at[1] != nullptr ? at[1] : reinterpret_cast<const xmlChar*>("");
    }
    return nullptr;
  }
  std::string_view operator[](std::string_view name) const { return view(find(name)); }

 private:
  const xmlChar** list_;
};

class reader {
 public:
  explicit reader(const html_limits& limits) : limits_(limits), title_(limits.title), text_(limits.text) {}

  html_page run(std::string_view html);

 private:
  static reader& self(void* context) { return *static_cast<reader*>(context); }
  static htmlSAXHandler handler();

  std::size_t parse(std::string_view html);
  void feed(std::string_view slice);
  void start(std::string_view element, const attributes& with);
  void end(std::string_view element);
  void characters(std::string_view text);
  void add_link(const xmlChar* href, bool nofollow);
  void read_meta(const attributes& with);

  const html_limits& limits_;
  html_page page_;
  folded_text title_;
  folded_text text_;
  std::unordered_map<std::string, std::size_t> known_;  // href to its index in page_.links
  htmlParserCtxtPtr parser_ = nullptr;
  std::size_t end_of_html_ = 0;  // bytes up to and with </html>, npos before it
  int hidden_ = 0;               // hidden elements that are open
  bool in_title_ = false;
  bool had_title_ = false;  // the first title counts; those of SVG pictures come later
  bool had_base_ = false;
  bool stopped_ = false;
  // Behind </html> this parser's reports stop: some of what follows in the slice comes, some not, and the next
  // parser reads all of it.
  bool is_behind() const { return end_of_html_ != std::string_view::npos; }
};

htmlSAXHandler reader::handler() {
  htmlSAXHandler sax{};
  sax.startElement = [](void* context, const xmlChar* name, const xmlChar** list) {
    self(context).start(view(name), attributes(list));
  };
  sax.endElement = [](void* context, const xmlChar* name) { self(context).end(view(name)); };
  sax.characters = [](void* context, const xmlChar* text, int size) {
    self(context).characters({reinterpret_cast<const char*>(text), static_cast<std::size_t>(size)});
  };
  sax.ignorableWhitespace = sax.characters;
  // What scripts and styles hold comes as cdataBlock, which stays unset. So do warning and error.
  return sax;
}

html_page reader::run(std::string_view html) {
  // The library drops what stands behind </html>; browsers go on, and so does a second parser. Bounded, since
  // a page may consist of nothing but such tags.
  for (int round = 0; round < most_rounds && !html.empty() && !stopped_; ++round) {
    html.remove_prefix(std::min(parse(html), html.size()));
    hidden_ = 0;
    in_title_ = false;
  }
  page_.title = title_.take();
  page_.text = text_.take();
  return std::move(page_);
}

// Returns where </html> ended, or the end of it all.
std::size_t reader::parse(std::string_view html) {
  htmlSAXHandler sax = handler();
  const auto free_parser = [](htmlParserCtxtPtr parser) {
    if (parser->myDoc != nullptr) xmlFreeDoc(parser->myDoc);
    htmlFreeParserCtxt(parser);
  };
  const std::unique_ptr<htmlParserCtxt, decltype(free_parser)> owner(
      htmlCreatePushParserCtxt(&sax, this, nullptr, 0, nullptr, XML_CHAR_ENCODING_UTF8), free_parser);
  if (owner == nullptr) throw std::bad_alloc();
  parser_ = owner.get();
  htmlCtxtUseOptions(parser_, HTML_PARSE_RECOVER | HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING | HTML_PARSE_NONET |
                                  HTML_PARSE_IGNORE_ENC | HTML_PARSE_COMPACT);
  end_of_html_ = std::string_view::npos;
  for (std::size_t at = 0; at < html.size() && !stopped_ && end_of_html_ == std::string_view::npos; at += slice_size)
    feed(html.substr(at, slice_size));
  const auto end = std::min(end_of_html_, html.size());
  if (!stopped_) htmlParseChunk(parser_, nullptr, 0, 1);
  return end;
}

void reader::feed(std::string_view slice) {
  std::string without_nul;
  if (slice.find('\0') != std::string_view::npos) {
    // The parser takes a NUL for the end of what it has.
    without_nul.assign(slice);
    std::replace(without_nul.begin(), without_nul.end(), '\0', ' ');
    slice = without_nul;
  }
  htmlParseChunk(parser_, slice.data(), static_cast<int>(slice.size()), 0);
}

void reader::start(std::string_view element, const attributes& with) {
  if (is_behind()) return;
  if (static_cast<std::size_t>(parser_->nameNr) > limits_.depth) {
    // Each end tag without a start searches all open elements: without this bound a page of a few megabytes
    // could keep the parser busy for hours.
    stopped_ = true;
    xmlStopParser(parser_);
    return;
  }
  if (!is_inline(element)) text_.add_space();
  if (is_hidden(element)) ++hidden_;
  if (element == "a"sv || element == "area"sv) {
    add_link(with.find("href"), has_word(with["rel"], "nofollow"));
  } else if (element == "iframe"sv || element == "frame"sv) {
    add_link(with.find("src"), false);
  } else if (element == "title"sv) {
    in_title_ = !had_title_;
    had_title_ = true;
  } else if (element == "base"sv && !had_base_ && with.find("href") != nullptr) {
    had_base_ = true;
    if (with["href"].size() <= limits_.href) page_.base = with["href"];
  } else if (element == "meta"sv) {
    read_meta(with);
  }
}

void reader::end(std::string_view element) {
  if (is_behind()) return;
  if (!is_inline(element)) text_.add_space();
  if (is_hidden(element) && hidden_ > 0) --hidden_;
  if (element == "title"sv) in_title_ = false;
  if (element == "html"sv) end_of_html_ = static_cast<std::size_t>(std::max(xmlByteConsumed(parser_), 0L));
}

void reader::characters(std::string_view text) {
  if (is_behind()) return;
  if (in_title_) {
    title_.add(text);
  } else if (hidden_ == 0) {
    text_.add(text);
  }
}

void reader::add_link(const xmlChar* href, bool nofollow) {
  if (href == nullptr || view(href).size() > limits_.href) return;
  const auto [at, is_new] = known_.try_emplace(std::string(view(href)), page_.links.size());
  if (!is_new) {
    // Followed when one of the same links may be followed.
    auto& first = page_.links[at->second];
    first.nofollow = first.nofollow && nofollow;
  } else if (page_.links.size() < limits_.links) {
    page_.links.push_back({at->first, nofollow});
  } else {
    known_.erase(at);
  }
}

void reader::read_meta(const attributes& with) {
  if (!has_word(with["name"], "robots")) return;
  const auto content = with["content"];
  const bool none = has_word(content, "none");
  page_.nofollow = page_.nofollow || none || has_word(content, "nofollow");
  page_.noindex = page_.noindex || none || has_word(content, "noindex");
}

}  // namespace

html_page read_html(std::string_view html, const html_limits& limits) {
  // Sets up the library's tables, which is not safe from two threads at once.
  static std::once_flag once;
  std::call_once(once, xmlInitParser);
  return reader(limits).run(html);
}

}  // namespace crawler
