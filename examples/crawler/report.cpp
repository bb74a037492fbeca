// SPDX-License-Identifier: BSL-1.0
#include "report.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <utility>

namespace crawler {

namespace {

constexpr std::string_view red = "31";
constexpr std::string_view green = "32";
constexpr std::string_view bold = "1";

std::string paint(std::string text, std::string_view color, const terminal& out) {
  return out.color ? fmt::format("\x1b[{}m{}\x1b[0m", color, text) : text;
}

double rate(std::size_t pages, std::chrono::duration<double> elapsed) {
  return elapsed.count() > 0 ? static_cast<double>(pages) / elapsed.count() : 0;
}

std::string duration_text(double seconds) {
  return seconds < 1 ? fmt::format("{:.0f} ms", seconds * 1000) : fmt::format("{:.2f} s", seconds);
}

// The middle gives way, since both ends of a URL tell most. Cuts between characters.
std::string shortened(std::string_view text, std::size_t width) {
  if (text.size() <= width) return std::string(text);
  if (width < 8) return std::string(text.substr(0, width));
  std::size_t front = (width - 3) / 2;
  std::size_t back = text.size() - (width - 3 - front);
  const auto inside = [&](std::size_t i) {
    return i < text.size() && (static_cast<unsigned char>(text[i]) & 0xc0) == 0x80;
  };
  while (front > 0 && inside(front)) --front;
  while (inside(back)) ++back;
  return fmt::format("{}...{}", text.substr(0, front), text.substr(back));
}

std::string heading(std::string_view text, const terminal& out) {
  return fmt::format("\n{}\n", paint(std::string(text), bold, out));
}

std::string status_text(int status) { return status == 0 ? "no answer" : std::to_string(status); }

}  // namespace

terminal terminal::of(int descriptor) {
  terminal out;
  out.interactive = isatty(descriptor) == 1;
  const char* const no_color = std::getenv("NO_COLOR");
  const char* const kind = std::getenv("TERM");
  out.color = out.interactive && (no_color == nullptr || *no_color == '\0') &&
              std::string_view(kind == nullptr ? "dumb" : kind) != "dumb";
  winsize size{};
  if (out.interactive && ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) out.width = size.ws_col;
  return out;
}

std::string progress_bar(const progress& now, const terminal& out) {
  const auto figures = fmt::format(" {}/{}  {} errors  {} active  {:.0f}/s", now.done, now.known, now.errors,
                                   now.active, rate(now.done, now.elapsed));
  // One column stays free: writing into the last one makes some terminals wrap.
  if (out.width < figures.size() + 12) return figures.substr(1, out.width > 1 ? out.width - 1 : 0);
  const std::size_t inner = std::min<std::size_t>(out.width - figures.size() - 3, 50);
  const std::size_t full = now.known == 0 ? 0 : std::min(now.done, now.known) * inner / now.known;
  std::string bar(full, '=');
  if (full < inner) bar += '>';
  bar.resize(inner, ' ');
  return fmt::format("[{}]{}", paint(bar, green, out), figures);
}

std::string progress_line(const progress& now) {
  return fmt::format("{} of {} pages found so far, {} errors, {:.0f} pages/s", now.done, now.known, now.errors,
                     rate(now.done, now.elapsed));
}

std::optional<std::string> progress_display::update(const progress& now) {
  const std::chrono::duration<double> pause(out_.interactive ? 0.1 : 2.0);
  if (last_ && now.elapsed - *last_ < pause) return std::nullopt;
  // Without a terminal the first line comes after the first pause: short crawls need none.
  if (!last_ && !out_.interactive && now.elapsed < pause) return std::nullopt;
  last_ = now.elapsed;
  if (!out_.interactive) return progress_line(now) + "\n";
  on_line_ = true;
  return fmt::format("\r{}\x1b[K", progress_bar(now, out_));
}

std::string progress_display::finish() { return std::exchange(on_line_, false) ? "\r\x1b[K" : ""; }

void statistics::add(std::string_view url, int status, error_kind kind, double seconds, std::uint64_t bytes) {
  ++by_kind_[static_cast<std::size_t>(kind)];
  if (kind == error_kind::robots) return;  // never asked for
  ++pages_;
  bytes_ += bytes;
  ++by_status_[status];
  seconds_.push_back(static_cast<float>(seconds));
  note_slow(url, seconds);
}

void statistics::note_slow(std::string_view url, double seconds) {
  if (slowest_.size() == slowest_count && seconds <= slowest_.back().first) return;
  const auto at = std::find_if(slowest_.begin(), slowest_.end(), [&](const auto& row) { return row.first < seconds; });
  slowest_.emplace(at, seconds, url);
  if (slowest_.size() > slowest_count) slowest_.pop_back();
}

std::size_t statistics::errors() const { return pages_ - count_of(error_kind::none); }

double statistics::percentile(double share) const {
  if (seconds_.empty()) return 0;
  auto sorted = seconds_;
  const auto rank =
      std::max<std::size_t>(static_cast<std::size_t>(std::ceil(share * static_cast<double>(sorted.size()))), 1);
  const auto at = sorted.begin() + static_cast<std::ptrdiff_t>(std::min(rank, sorted.size()) - 1);
  std::nth_element(sorted.begin(), at, sorted.end());
  return static_cast<double>(*at);
}

std::string statistics::tables(std::chrono::duration<double> elapsed, const terminal& out) const {
  std::string text = heading("Pages by status", out);
  for (const auto& [status, count] : by_status_) text += fmt::format("  {:<16}{:>8}\n", status_text(status), count);
  if (errors() > 0) {
    text += heading("Errors by kind", out);
    for (std::size_t i = 1; i < by_kind_.size(); ++i) {
      if (by_kind_[i] > 0 && static_cast<error_kind>(i) != error_kind::robots)
        text += paint(fmt::format("  {:<16}{:>8}", error_kind_names[i], by_kind_[i]), red, out) + "\n";
    }
  }
  if (count_of(error_kind::robots) > 0)
    text += fmt::format("\n  {} pages skipped, as robots.txt asks\n", count_of(error_kind::robots));
  if (!slowest_.empty()) text += heading("Slowest pages", out);
  for (const auto& [seconds, url] : slowest_)
    text += fmt::format("  {:>10}  {}\n", duration_text(seconds),
                        shortened(url, std::max<std::size_t>(out.width, 30) - 15));
  text += heading("Speed", out);
  text += fmt::format("  {} pages, {:.1f} MB in {}: {:.0f} pages/s\n", pages_, static_cast<double>(bytes_) / 1e6,
                      duration_text(elapsed.count()), rate(pages_, elapsed));
  return text + fmt::format("  p50 {}, p99 {}\n", duration_text(percentile(0.5)), duration_text(percentile(0.99)));
}

std::string comparison_table(const std::vector<comparison>& rows, const terminal& out) {
  std::string text =
      paint(fmt::format("{:<20}{:<16}{:>10}{:>10}", "kind of page", "has to be", "expected", "got"), bold, out) + "\n";
  std::size_t different = 0;
  for (const auto& row : rows) {
    const bool same = row.expected == row.got;
    different += same ? 0 : 1;
    text += fmt::format("{:<20}{:<16}{:>10}{:>10}  {}\n", row.kind, row.end, row.expected, row.got,
                        same ? paint("ok", green, out) : paint("DIFFERENT", red, out));
  }
  return text +
         (different == 0 ? paint("all as expected", green, out)
                         : paint(fmt::format("{} of {} differ", different, rows.size()), red, out)) +
         "\n";
}

}  // namespace crawler
