// SPDX-License-Identifier: BSL-1.0
#include "site_bodies.hpp"

#include <fmt/format.h>
#include <iconv.h>
#include <zlib.h>

#include <array>
#include <cstdint>
#include <new>
#include <stdexcept>

namespace crawler {

std::string gzip(std::string_view text) {
  z_stream stream{};
  constexpr int gzip_wrapping = MAX_WBITS + 16;
  if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, gzip_wrapping, 8, Z_DEFAULT_STRATEGY) != Z_OK)
    throw std::bad_alloc();
  std::string out(deflateBound(&stream, text.size()), '\0');
  stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string encode(std::string_view text, const char* charset) {
  const auto handle = iconv_open(charset, "UTF-8");
  if (handle == reinterpret_cast<iconv_t>(-1))
    throw std::invalid_argument(fmt::format("iconv does not know {}", charset));
  std::string out(text.size() * 4 + 16, '\0');
  char* from = const_cast<char*>(text.data());
  std::size_t left = text.size();
  char* to = out.data();
  std::size_t room = out.size();
  const auto result = iconv(handle, &from, &left, &to, &room);
  iconv_close(handle);
  if (result == static_cast<std::size_t>(-1))
    throw std::invalid_argument(fmt::format("cannot be written in {}", charset));
  out.resize(out.size() - room);
  return out;
}

std::string paragraphs(std::size_t number) {
  static constexpr std::array<std::string_view, 32> words{
      "river", "stone", "eddy",    "current", "bank",   "drift",   "water",   "loop",   "stream",   "quiet",  "turn",
      "leaf",  "under", "slow",    "bridge",  "cold",   "light",   "surface", "deep",   "wait",     "return", "flow",
      "along", "shore", "morning", "willow",  "pebble", "shallow", "circle",  "behind", "upstream", "rest"};
  std::uint64_t state = number * 0x9e3779b97f4a7c15U + 1;
  std::string out;
  for (int paragraph = 0; paragraph < 6; ++paragraph) {
    out += "<p>";
    for (int word = 0; word < 60; ++word) {
      // Knuth's multiplier; the upper bits are the random ones.
      state = state * 6364136223846793005U + 1442695040888963407U;
      (out += words[state >> 59]) += word % 12 == 11 ? ". " : " ";
    }
    out += "</p>\n";
  }
  return out;
}

std::string html_page_of(std::string_view title, std::string_view head, std::string_view body) {
  return fmt::format(
      "<!DOCTYPE html>\n<html><head><title>{}</title>{}\n<style>p {{ margin: 1em }}</style></head>\n"
      "<body><h1>{}</h1>\n{}</body></html>\n",
      title, head, title, body);
}

}  // namespace crawler
