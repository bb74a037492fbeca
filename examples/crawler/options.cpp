// SPDX-License-Identifier: BSL-1.0
#include "options.hpp"

#include <CLI/CLI.hpp>

#include <array>
#include <charconv>
#include <cmath>
#include <functional>
#include <sstream>

namespace crawler {

namespace {

struct unit {
  std::string_view name;
  double factor;
};

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return out;
}

// The number times its unit, rounded; nothing unless it is above zero and at most `most`.
template <std::size_t N>
std::optional<std::uint64_t> read_quantity(std::string_view given, const std::array<unit, N>& units, double most) {
  const auto text = lower(given);
  double number = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (result.ec != std::errc()) return std::nullopt;
  std::string_view name(result.ptr, static_cast<std::size_t>(text.data() + text.size() - result.ptr));
  while (name.starts_with(' ')) name.remove_prefix(1);
  for (const auto& u : units) {
    if (u.name != name) continue;
    const double value = std::round(number * u.factor);
    if (!(value >= 1 && value <= most)) return std::nullopt;
    return static_cast<std::uint64_t>(value);
  }
  return std::nullopt;
}

constexpr std::array durations =
    std::to_array<unit>({{"ms", 1}, {"", 1000}, {"s", 1000}, {"m", 60'000}, {"min", 60'000}, {"h", 3'600'000}});

constexpr double kib = 1024;
constexpr std::array sizes = std::to_array<unit>({{"", 1},
                                                  {"b", 1},
                                                  {"kib", kib},
                                                  {"k", kib},
                                                  {"kb", 1e3},
                                                  {"mib", kib* kib},
                                                  {"m", kib* kib},
                                                  {"mb", 1e6},
                                                  {"gib", kib* kib* kib},
                                                  {"g", kib* kib* kib},
                                                  {"gb", 1e9}});

constexpr double longest = 1000.0 * 86'400 * 365;  // a year, in milliseconds
constexpr double largest = kib * kib * kib * kib;  // a tebibyte

// An option whose text one of the functions above reads; their errors become CLI11's.
template <typename T, typename Parse>
CLI::Option* add_parsed(CLI::App& app, const std::string& name, T& value, Parse parse, const std::string& help) {
  const CLI::callback_t read = [&value, parse](const CLI::results_t& given) {
    try {
      value = parse(given.back());
    } catch (const bad_value& error) {
      throw CLI::ValidationError(error.what());
    }
    return true;
  };
  return app.add_option(name, read, help)->expected(1);
}

void add_crawl_options(CLI::App& app, crawl_options& o) {
  app.add_option("--concurrency", o.concurrency, "Requests at the same time")
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str();
  app.add_option("--per-host", o.per_host, "Of them to one host [as many as --concurrency]")
      ->check(CLI::Range(1, 10'000));
  app.add_option("--rate", o.rate, "Requests a second, retries included [no limit]")->check(CLI::Range(1, 1'000'000));
  add_parsed(app, "--timeout", o.timeout, parse_duration, "For one attempt at a page, for example 10s or 500ms")
      ->type_name("DURATION")
      ->default_str("10s");
  app.add_option("--retries", o.retries, "Further attempts for what may be retried")
      ->check(CLI::Range(0, 100))
      ->capture_default_str();
  add_parsed(app, "--max-body", o.max_body, parse_size, "Bytes of a page, for example 8MiB")
      ->type_name("SIZE")
      ->default_str("8MiB");
  app.add_option("--max-pages", o.max_pages, "Stop after so many pages [no limit]")->check(CLI::PositiveNumber);
  app.add_option("--db", o.database, "Where pages are stored, or none")->capture_default_str();
  app.add_option("--user-agent", o.user_agent, "The name given to servers and looked for in robots.txt")
      ->capture_default_str();
}

void finish(crawl_options& o) {
  if (o.database == "none") o.database.clear();
  if (o.resume && o.database.empty())
    throw CLI::ValidationError("--resume goes on from a database: it needs --db FILE");
}

exit_request leave(const CLI::App& app, const CLI::ParseError& error) {
  std::ostringstream out;
  std::ostringstream err;
  const int code = app.exit(error, out, err);
  return {code, out.str() + err.str()};
}

}  // namespace

std::chrono::milliseconds parse_duration(std::string_view text) {
  const auto value = read_quantity(text, durations, longest);
  if (!value) throw bad_value("\"" + std::string(text) + "\" is no duration: give one like 10s, 500ms or 2m");
  return std::chrono::milliseconds(*value);
}

std::uint64_t parse_size(std::string_view text) {
  const auto value = read_quantity(text, sizes, largest);
  if (!value) throw bad_value("\"" + std::string(text) + "\" is no size: give one like 8MiB, 512KiB or 100000");
  return *value;
}

command parse_command_line(int argc, const char* const* argv) {
  CLI::App app("Crawls a web site: follows links inside the start's origin and stores pages for searching.", "crawler");
  crawl_options crawl;
  search_options search;
  demo_options demo;

  app.add_option("URL", crawl.url, "Where to start");
  add_crawl_options(app, crawl);
  app.add_flag("--resume", crawl.resume, "Go on where the crawl in --db was stopped");

  auto* const search_command = app.add_subcommand("search", "Search what was stored");
  search_command->add_option("words", search.words, "What to look for")->required();
  search_command->add_option("--db", search.database, "Where pages were stored")->capture_default_str();
  search_command->add_option("--limit", search.limit, "Results")->check(CLI::Range(1, 1000))->capture_default_str();

  auto* const demo_command =
      app.add_subcommand("demo", "Serve a site on loopback, crawl it, and compare with what is expected");
  auto* const site =
      demo_command->add_option("--site", demo.directory, "Serve this directory instead")->check(CLI::ExistingDirectory);
  demo_command->add_option("--url", demo.crawl.url, "Crawl this server instead")->excludes(site);
  add_crawl_options(*demo_command, demo.crawl);

  try {
    app.parse(argc, argv);
    if (*search_command) return search;
    if (*demo_command) {
      finish(demo.crawl);
      return demo;
    }
    finish(crawl);
    if (crawl.url.empty() && !crawl.resume) throw CLI::RequiredError("URL");
    return crawl;
  } catch (const CLI::ParseError& error) {
    return leave(app, error);
  }
}

}  // namespace crawler
