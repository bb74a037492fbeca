// SPDX-License-Identifier: BSL-1.0
#include "eddy/http/detail/exchange.hpp"

#include <algorithm>
#include <array>

#include "eddy/flow/race.hpp"
#include "eddy/http/detail/characters.hpp"
#include "eddy/http/serializer.hpp"
#include "eddy/loop/scheduler.hpp"
#include "eddy/net/open_connection.hpp"

namespace eddy::http::detail {

namespace {

constexpr std::size_t never_waits = 32 * 1024;  // a request of so many bytes fits into a new stream's buffer
constexpr unsigned most_interim_answers = 32;   // 1xx for one request
constexpr std::chrono::hours longer_than_any_limit{24 * 365};

bool is_idempotent(std::string_view method) noexcept {
  constexpr std::array<std::string_view, 6> methods{"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"};
  return std::find(methods.begin(), methods.end(), method) != methods.end();
}

bool may_have_body(std::string_view method) noexcept {
  return method == "POST" || method == "PUT" || method == "PATCH";
}

void add_missing(fields& to, const fields& defaults) {
  for (std::size_t i = 0; i < defaults.size(); ++i)
    if (!to.contains(defaults[i].name)) fields_access::copy(to, defaults, i);
}

}  // namespace

client_core::client_core(const client_options& options)
    : pool(options.pool_), limits(options.limits_), connect(options.connector_), headers(options.headers_) {
  if (!headers.contains("User-Agent")) headers.add("User-Agent", "eddy");
  if (!headers.contains("Accept")) headers.add("Accept", "*/*");
}

exchange::exchange(std::shared_ptr<client_core> core, std::string_view method, http::url to)
    : core_(std::move(core)), plan_(method, to, core_->limits), reply_(method, std::move(to)) {}

// -- limits
// -------------------------------------------------------------------------------------------------------------

void exchange::attach(deadline_keeper& keeper, eddy::detail::scheduler& loop) noexcept {
  if (loop_ == nullptr) {
    loop_ = &loop;
    started_ = loop.now();
    deadlines_.start(started_, plan_.limits.total.time);
  }
  keeper_ = &keeper;
}

void exchange::enter(request_phase phase, std::chrono::nanoseconds limit) noexcept {
  deadlines_.enter(phase, loop_->now(), limit);
  if (keeper_ != nullptr) keeper_->deadline_changed();
}

// -- errors
// -------------------------------------------------------------------------------------------------------------

void exchange::fail(client_errc kind, std::string_view about) const {
  throw client_error(kind, plan_.method, plan_.url.str(), about);
}

void exchange::throw_timeout() const { fail(client_errc::timeout, describe_timeout(deadlines_, plan_.limits)); }

void exchange::fail_lost(std::string_view about) const {
  if (!answered_) fail(client_errc::disconnected, std::string(about) + " before it answered");
  fail(client_errc::truncated, std::string(about) + " in the middle of its answer");
}

void exchange::fail_parse(const parse_error& e) const {
  if (e.kind() == parse_fault::incomplete) fail_lost("the server closed the connection");
  fail(client_errc::protocol, std::string("the server's answer is no HTTP/1.1: ") + e.what());
}

// -- the parts
// ----------------------------------------------------------------------------------------------------------

coro<> exchange::fetch() {
  co_await open();
  if (!begin_body()) co_await read_body();
  reply_.elapsed_ = loop_->now() - started_;
}

coro<> exchange::open() {
  while (true) {
    check_scheme();
    co_await round_trip();
    std::optional<http::url> next = redirect_target();
    if (!next) break;
    settle_redirected();
    follow(std::move(*next));
  }
  reply_.method_ = plan_.method;
  reply_.url_ = plan_.url;
  prepare_body();
  if (streaming_ && !plan_.limits.total.is_set()) deadlines_.lift_total();
}

coro<> exchange::read_chunk() {
  progress(request_phase::body);
  while (!pump(chunk_, 64 * 1024) && chunk_.empty()) co_await receive_body();
}

std::optional<std::string> exchange::take_chunk() {
  if (chunk_.empty()) return std::nullopt;
  return std::exchange(chunk_, std::string());
}

// -- request
// ------------------------------------------------------------------------------------------------------------

void exchange::check_scheme() const {
  if (plan_.url.scheme() == "http") return;
  if (plan_.url.scheme() == "https")
    fail(client_errc::unsupported, "https needs TLS, which this version of eddy does not have");
  fail(client_errc::unsupported, "only http is spoken here");
}

void exchange::put_headers(fields& headers) const {
  headers.clear();
  if (!plan_.headers.contains("Host")) fields_access::append(headers, "Host", plan_.url.host_and_port());
  for (std::size_t i = 0; i < plan_.headers.size(); ++i) fields_access::copy(headers, plan_.headers, i);
  add_missing(headers, core_->headers);
  if (plan_.limits.decode && !headers.contains("Accept-Encoding"))
    fields_access::append(headers, "Accept-Encoding", content_decoder::accepted);
}

/// Whether the request has nothing of its own but its method and its target, and both can be written as they are.
bool exchange::is_usual() const noexcept {
  return plan_.headers.empty() && !plan_.has_body && !may_have_body(plan_.method) && is_token(plan_.method) &&
         form_of(plan_.method, plan_.url.request_target()) == target_form::origin;
}

const std::string& exchange::usual_rest() const {
  client_core::usual_rest& rest = core_->rest;
  const std::string_view host = plan_.url.host_and_port();
  if (rest.host == host && rest.decode == plan_.limits.decode) [[likely]]
    return rest.text;
  request_head& head = core_->scratch;
  head.method = "GET";
  head.target = "/";
  put_headers(head.headers);
  std::string text;
  append_head(text, head, body_framing::none());
  text.erase(0, std::string_view("GET /").size());
  rest.text = std::move(text);
  rest.decode = plan_.limits.decode;
  rest.host = host;
  return rest.text;
}

std::string exchange::request_text() const {
  if (is_usual()) {
    const std::string& rest = usual_rest();
    const std::string_view target = plan_.url.request_target();
    std::string text;
    text.reserve(plan_.method.size() + 1 + target.size() + rest.size());
    text.append(plan_.method).append(" ").append(target).append(rest);
    return text;
  }
  request_head& head = core_->scratch;
  head.method = plan_.method;
  head.target = plan_.url.request_target();
  put_headers(head.headers);
  const bool framed = plan_.has_body || may_have_body(plan_.method);
  std::string text;
  append_head(text, head, framed ? body_framing::length(plan_.body.size()) : body_framing::none());
  return text;
}

/// One request and the head of its answer. A connection that the server closed while it was idle is replaced once.
coro<> exchange::round_trip() {
  const std::string head = request_text();
  if (!lease_) {
    enter(request_phase::wait, plan_.limits.wait.time);
    connection_lease got = co_await core_->pool.acquire(plan_.url);
    lease_ = std::move(got);
  }
  if (lease_.connection() == nullptr) co_await connect();
  const end_of_try first = co_await talk(head);
  if (first == end_of_try::answered) co_return;
  lease_.disconnect();
  co_await connect();
  co_await talk(head);
}

coro<> exchange::connect() {
  enter(request_phase::connect, plan_.limits.connect.time);
  stream made = co_await make_connection();
  lease_.adopt(std::make_unique<http_connection>(std::move(made), core_->pool.limits().heads));
}

coro<stream> exchange::make_connection() {
  const http::url& to = plan_.url;
  try {
    if (core_->connect) co_return co_await core_->connect(to);
    // The limit on connecting is one of this exchange's deadlines.
    co_return co_await open_connection(std::string(to.host()), to.port()).timeout(longer_than_any_limit);
  } catch (const resolve_error& e) {
    fail(client_errc::resolve, e.what());
  } catch (const std::system_error& e) {
    fail(client_errc::connect, e.what());
  }
}

coro<exchange::end_of_try> exchange::talk(const std::string& head) {
  http_connection& with = connection();
  const bool reused = with.requests++ != 0;
  with.parser.start_next(plan_.method);
  sent_ = answered_ = false;
  asks_to_close_ = plan_.headers.contains_token("Connection", "close");
  lost_.clear();

  progress(request_phase::send);
  if (head.size() + plan_.body.size() <= never_waits) {
    try {
      co_await connection().io.writer().write(head, plan_.body);
      sent_ = true;
    } catch (const std::system_error& e) {
      lose(e);
    }
    deadlines_.go_on_with(request_phase::head);  // no time has passed
  } else {
    co_await send_large(head);
    progress(request_phase::head);
  }

  // Also when not everything could be sent: a server that has heard enough may have said so before it closed.
  const bool complete = co_await read_head();
  if (complete) co_return end_of_try::answered;
  if (reused && !answered_ && is_idempotent(plan_.method)) co_return end_of_try::stale;
  fail_lost(lost_);
}

coro<> exchange::send(const std::string& head) {
  try {
    co_await connection().io.writer().write(head, plan_.body);
    sent_ = true;
  } catch (const std::system_error& e) {
    lose(e);
  }
}

void exchange::lose(const std::system_error& e) { lost_ = std::string("the connection went away (") + e.what() + ")"; }

/// The server may answer, and stop listening, before it has got all of a large body: then the rest is not sent.
coro<> exchange::send_large(const std::string& head) { co_await race(send(head), await_head()); }

coro<> exchange::await_head() { co_await read_head(); }

/// @returns false when the connection went away; lost_ says how.
coro<bool> exchange::read_head() {
  stream_reader& reader = connection().io.reader();
  while (!parse_head()) {
    if (answered_) progress(deadlines_.phase());
    bool more = false;
    try {
      more = co_await reader.fill();
    } catch (const std::system_error& e) {
      if (lost_.empty()) lost_ = std::string("the connection went away (") + e.what() + ")";
      co_return false;
    }
    if (!more) {
      if (lost_.empty()) lost_ = "the server closed the connection";
      co_return false;
    }
    answered_ = true;
  }
  co_return true;
}

/// Takes what has come. @returns whether the head of the final answer is complete.
bool exchange::parse_head() {
  http_connection& from = connection();
  stream_reader& reader = from.io.reader();
  try {
    for (unsigned interim = 0; interim <= most_interim_answers; ++interim) {
      if (!from.parser.head_complete()) {
        const head_result got = from.parser.parse_head(std::as_bytes(std::span(reader.buffered())));
        reader.consume(got.consumed);
        if (!got.done) return false;
      }
      const int status = from.parser.head().status;
      if (status == 101) fail(client_errc::protocol, "the server changed the protocol unasked (101)");
      if (!is_informational(status)) return true;
      from.parser.next_body({});  // it has none
      from.parser.start_next(plan_.method);
    }
  } catch (const parse_error& e) {
    fail_parse(e);
  }
  fail(client_errc::protocol, "the server sent one interim answer (1xx) after the other");
}

}  // namespace eddy::http::detail
