// SPDX-License-Identifier: BSL-1.0
#include "fetch.hpp"

#include <charconv>
#include <chrono>
#include <ctime>
#include <exception>
#include <optional>
#include <utility>

#include "eddy/flow/retry.hpp"

namespace crawler {

namespace {

using eddy::http::client_errc;
using eddy::http::client_error;
using eddy::http::reply;

constexpr std::chrono::seconds longest_retry_after{30};  // a server that asks for more is not waited for

/// An answer that may be another one a little later.
class try_again : public eddy::error {
 public:
  try_again(fetched got, std::optional<std::chrono::nanoseconds> pause)
      : error(got.row.error), result(std::move(got)), retry_after(pause) {}

  fetched result;
  std::optional<std::chrono::nanoseconds> retry_after;
};

error_kind kind_of(client_errc code) {
  switch (code) {
    case client_errc::timeout:
      return error_kind::timeout;
    case client_errc::too_large:
      return error_kind::too_large;
    case client_errc::expansion:
      return error_kind::expansion;
    case client_errc::truncated:
    case client_errc::disconnected:
      return error_kind::truncated;
    case client_errc::redirect_loop:
    case client_errc::too_many_redirects:
      return error_kind::redirect_loop;
    case client_errc::resolve:
    case client_errc::connect:
      return error_kind::connect;
    case client_errc::protocol:
      return error_kind::protocol;
    case client_errc::decode:
      return error_kind::decode;
    case client_errc::status:
      return error_kind::http_status;
    case client_errc::unsupported:
    case client_errc::busy:
      return error_kind::other;
  }
  return error_kind::other;
}

bool may_pass(int status) { return status == 429 || status == 500 || status == 502 || status == 503 || status == 504; }

// Retry-After in seconds; the other form, a date, is rare and not read.
std::optional<std::chrono::nanoseconds> retry_after(const reply& answer) {
  const std::string_view text = answer.headers().get_or("Retry-After", {});
  unsigned seconds = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (text.empty() || read.ec != std::errc() || read.ptr != text.data() + text.size()) return std::nullopt;
  return std::min<std::chrono::nanoseconds>(std::chrono::seconds(seconds), longest_retry_after);
}

void describe_answer(page& row, const reply& answer) {
  row.final_url = answer.url().without_fragment().str();
  row.status = answer.status();
  row.size = static_cast<std::int64_t>(answer.bytes().size());
  row.content_type = answer.headers().get_or("Content-Type", {});
  if (answer.status() >= 400) {
    row.kind = error_kind::http_status;
    row.error = std::to_string(answer.status()) + " " + answer.reason();
  } else if (answer.status() >= 300) {
    row.kind = error_kind::other;
    row.error = "a redirect that leaves the site: " + std::string(answer.headers().get_or("Location", {}));
  }
}

// One attempt. @throws client_error, try_again
eddy::coro<fetched> attempt(eddy::http::client& client, const std::string& url, const crawl_options& options,
                            int number) {
  fetched got;
  got.row.url = got.row.final_url = url;
  got.row.attempts = number;
  reply answer = co_await client.get(url)
                     .header("User-Agent", options.user_agent)
                     .timeout(options.timeout)
                     .max_body(options.max_body)
                     .follow_same_origin();
  got.row.elapsed = std::chrono::duration<double>(answer.elapsed()).count();
  describe_answer(got.row, answer);
  if (may_pass(answer.status())) {
    const auto pause = retry_after(answer);
    throw try_again(std::move(got), pause);
  }
  got.body = std::move(answer).bytes();
  co_return got;
}

eddy::retry_policy policy_for(const crawl_options& options) {
  return eddy::retry_policy()
      .attempts(options.retries + 1)
      .base(std::chrono::milliseconds(200))
      .cap(std::chrono::seconds(5))
      .when([](const std::exception_ptr& error) {
        try {
          std::rethrow_exception(error);
        } catch (const try_again&) {
          return true;
        } catch (const client_error& e) {
          return e.temporary();
        } catch (...) {
          return false;
        }
      })
      .pause_from([](const std::exception_ptr& error) -> std::optional<std::chrono::nanoseconds> {
        try {
          std::rethrow_exception(error);
        } catch (const try_again& e) {
          return e.retry_after;
        } catch (...) {
          return std::nullopt;
        }
      });
}

}  // namespace

eddy::coro<fetched> fetch(eddy::http::client& client, std::string url, const crawl_options& options,
                          eddy::rate_limiter* rate) {
  fetched got;
  got.row.url = got.row.final_url = url;
  auto begin = std::chrono::steady_clock::now();
  try {
    got = co_await eddy::retry(policy_for(options), [&]() -> eddy::coro<fetched> {
      if (rate != nullptr) co_await rate->acquire();
      begin = std::chrono::steady_clock::now();
      co_return co_await attempt(client, url, options, ++got.row.attempts);
    });
  } catch (const try_again& e) {
    got = e.result;
  } catch (const client_error& e) {
    got.row.kind = kind_of(e.kind());
    got.row.error = e.what();
    got.row.elapsed = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  }
  got.row.fetched_at = std::time(nullptr);
  co_return got;
}

}  // namespace crawler
