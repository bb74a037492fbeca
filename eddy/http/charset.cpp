// SPDX-License-Identifier: BSL-1.0
#include "eddy/http/charset.hpp"

#include "eddy/http/detail/meta_prescan.hpp"
#include "eddy/http/utf8.hpp"

#include <iconv.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>

namespace eddy::http {

namespace {

struct label_row {
  std::string_view label;
  std::string_view charset;
};

// Sorted by label. From https://encoding.spec.whatwg.org/#names-and-labels, without the rarest.
constexpr std::array labels = std::to_array<label_row>({
    {"ascii", "windows-1252"},
    {"big5", "big5"},
    {"big5-hkscs", "big5"},
    {"chinese", "gbk"},
    {"cn-big5", "big5"},
    {"cp1250", "windows-1250"},
    {"cp1251", "windows-1251"},
    {"cp1252", "windows-1252"},
    {"cp1253", "windows-1253"},
    {"cp1254", "windows-1254"},
    {"cp1255", "windows-1255"},
    {"cp1256", "windows-1256"},
    {"cp1257", "windows-1257"},
    {"cp1258", "windows-1258"},
    {"cp819", "windows-1252"},
    {"cp866", "ibm866"},
    {"csiso2022jp", "iso-2022-jp"},
    {"csisolatin1", "windows-1252"},
    {"csisolatin2", "iso-8859-2"},
    {"csshiftjis", "shift_jis"},
    {"dos-874", "windows-874"},
    {"euc-jp", "euc-jp"},
    {"euc-kr", "euc-kr"},
    {"gb18030", "gb18030"},
    {"gb2312", "gbk"},
    {"gb_2312-80", "gbk"},
    {"gbk", "gbk"},
    {"ibm819", "windows-1252"},
    {"ibm866", "ibm866"},
    {"iso-2022-jp", "iso-2022-jp"},
    {"iso-8859-1", "windows-1252"},
    {"iso-8859-10", "iso-8859-10"},
    {"iso-8859-11", "windows-874"},
    {"iso-8859-13", "iso-8859-13"},
    {"iso-8859-14", "iso-8859-14"},
    {"iso-8859-15", "iso-8859-15"},
    {"iso-8859-16", "iso-8859-16"},
    {"iso-8859-2", "iso-8859-2"},
    {"iso-8859-3", "iso-8859-3"},
    {"iso-8859-4", "iso-8859-4"},
    {"iso-8859-5", "iso-8859-5"},
    {"iso-8859-6", "iso-8859-6"},
    {"iso-8859-7", "iso-8859-7"},
    {"iso-8859-8", "iso-8859-8"},
    {"iso-8859-8-i", "iso-8859-8"},
    {"iso-8859-9", "windows-1254"},
    {"iso8859-1", "windows-1252"},
    {"iso8859-15", "iso-8859-15"},
    {"iso8859-2", "iso-8859-2"},
    {"iso_8859-1", "windows-1252"},
    {"koi8", "koi8-r"},
    {"koi8-r", "koi8-r"},
    {"koi8-ru", "koi8-u"},
    {"koi8-u", "koi8-u"},
    {"korean", "euc-kr"},
    {"ks_c_5601-1987", "euc-kr"},
    {"l1", "windows-1252"},
    {"l2", "iso-8859-2"},
    {"latin1", "windows-1252"},
    {"latin2", "iso-8859-2"},
    {"latin9", "iso-8859-15"},
    {"mac", "macintosh"},
    {"macintosh", "macintosh"},
    {"ms932", "shift_jis"},
    {"ms_kanji", "shift_jis"},
    {"shift-jis", "shift_jis"},
    {"shift_jis", "shift_jis"},
    {"sjis", "shift_jis"},
    {"tis-620", "windows-874"},
    {"unicode", "utf-16le"},
    {"unicode-1-1-utf-8", "utf-8"},
    {"us-ascii", "windows-1252"},
    {"utf-16", "utf-16le"},
    {"utf-16be", "utf-16be"},
    {"utf-16le", "utf-16le"},
    {"utf-8", "utf-8"},
    {"utf8", "utf-8"},
    {"windows-1250", "windows-1250"},
    {"windows-1251", "windows-1251"},
    {"windows-1252", "windows-1252"},
    {"windows-1253", "windows-1253"},
    {"windows-1254", "windows-1254"},
    {"windows-1255", "windows-1255"},
    {"windows-1256", "windows-1256"},
    {"windows-1257", "windows-1257"},
    {"windows-1258", "windows-1258"},
    {"windows-31j", "shift_jis"},
    {"windows-874", "windows-874"},
    {"windows-949", "euc-kr"},
    {"x-cp1250", "windows-1250"},
    {"x-cp1251", "windows-1251"},
    {"x-cp1252", "windows-1252"},
    {"x-euc-jp", "euc-jp"},
    {"x-gbk", "gbk"},
    {"x-mac-roman", "macintosh"},
    {"x-sjis", "shift_jis"},
});

constexpr bool by_label(const label_row& a, const label_row& b) { return a.label < b.label; }
static_assert(std::is_sorted(labels.begin(), labels.end(), by_label));

// Where the web's name and the name of the superset that it means are not iconv's.
std::string_view iconv_name(std::string_view charset) {
  if (charset == "shift_jis") return "CP932";
  if (charset == "euc-kr") return "UHC";
  if (charset == "gbk") return "GB18030";
  if (charset == "big5") return "BIG5-HKSCS";
  if (charset == "euc-jp") return "EUC-JP-MS";
  if (charset == "windows-874") return "CP874";
  return charset;
}

class converter {
 public:
  explicit converter(std::string_view charset)
      : handle_(iconv_open("UTF-8", std::string(iconv_name(charset)).c_str())) {}
  converter(const converter&) = delete;
  converter& operator=(const converter&) = delete;
  ~converter() {
    if (*this) iconv_close(handle_);
  }
  explicit operator bool() const { return handle_ != reinterpret_cast<iconv_t>(-1); }

  // `unit` is the size of what is skipped where nothing can be decoded.
  std::string run(std::string_view in, std::size_t unit) {
    std::string out;
    out.reserve(in.size() + in.size() / 2);
    while (!in.empty()) {
      const int error = convert(in, out);
      if (error == 0 || error == E2BIG) continue;
      out += replacement_character;
      // EINVAL: the end cuts a character off. EILSEQ: skip a byte, so that an ASCII character behind a broken
      // lead byte, say the "<" of a tag, is not lost.
      in.remove_prefix(error == EINVAL ? in.size() : std::min(unit, in.size()));
    }
    return out;
  }

 private:
  int convert(std::string_view& in, std::string& out) {
    std::array<char, 4096> piece;
    char* from = const_cast<char*>(in.data());
    std::size_t left = in.size();
    char* to = piece.data();
    std::size_t room = piece.size();
    const auto result = iconv(handle_, &from, &left, &to, &room);
    const int error = result == static_cast<std::size_t>(-1) ? errno : 0;
    out.append(piece.data(), piece.size() - room);
    in.remove_prefix(in.size() - left);
    return error;
  }

  iconv_t handle_;
};

struct mark {
  std::string_view bytes;
  std::string_view charset;
};

constexpr std::array marks =
    std::to_array<mark>({{"\xef\xbb\xbf", "utf-8"}, {"\xfe\xff", "utf-16be"}, {"\xff\xfe", "utf-16le"}});

}  // namespace

std::string_view charset_named(std::string_view label) {
  const auto first = label.find_first_not_of(" \t\r\n\f");
  if (first == std::string_view::npos) return {};
  std::string key(label.substr(first, label.find_last_not_of(" \t\r\n\f") - first + 1));
  for (char& c : key) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  const auto found = std::lower_bound(labels.begin(), labels.end(), label_row{key, {}}, by_label);
  return found != labels.end() && found->label == key ? found->charset : std::string_view();
}

detected_charset detect_charset(const media_type& type, std::string_view body) {
  for (const auto& [bytes, charset] : marks) {
    if (body.starts_with(bytes)) return {charset, charset_source::byte_order_mark, bytes.size()};
  }
  if (const auto name = charset_named(type.parameter("charset")); !name.empty())
    return {name, charset_source::header, 0};
  if (type.is_html()) {
    auto name = charset_named(detail::meta_charset_label(body.substr(0, 1024)));
    // Markup that could be read at all is not UTF-16, whatever it says.
    if (name.starts_with("utf-16")) name = "utf-8";
    if (!name.empty()) return {name, charset_source::meta, 0};
  }
  return {"utf-8", charset_source::by_default, 0};
}

std::string decode_charset(std::string body, std::string_view charset) {
  if (charset == "utf-8") return repair_utf8(std::move(body));
  converter convert(charset);
  if (!convert) return repair_utf8(std::move(body));
  return convert.run(body, charset.starts_with("utf-16") ? 2 : 1);
}

std::string decode_text(std::string body, const media_type& type) {
  const auto found = detect_charset(type, body);
  if (found.mark_size > 0) body.erase(0, found.mark_size);
  return decode_charset(std::move(body), found.name);
}

}  // namespace eddy::http
