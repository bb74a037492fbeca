// SPDX-License-Identifier: BSL-1.0
#include "eddy/net/tls/detail/handshake.hpp"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "eddy/flow/timeout.hpp"
#include "eddy/net/byte_buffer.hpp"
#include "eddy/net/tls/detail/bio.hpp"
#include "eddy/net/tls/detail/notes.hpp"
#include "eddy/net/tls/detail/secure_transport.hpp"

namespace eddy::tls::detail {

namespace {

/// One handshake over a plain stream: OpenSSL reads what the stream's reader holds, and what it writes is collected.
///
/// All of OpenSSL runs in the coroutine, not in the loop's completions: its callbacks may be the user's.
class handshake final : private bio_ends {
 public:
  handshake(stream plain, ssl_ptr ssl) : plain_(std::move(plain)), ssl_(std::move(ssl)) {
    BIO* const bio = make_bio(*this);
    SSL_set_bio(ssl_.get(), bio, bio);
  }

  coro<> run() {
    while (!step()) {
      // Also what explains a failure to the peer.
      if (!out_.empty()) co_await send();
      if (failure_ != 0) fail();
      if (wants_more_) co_await receive();
    }
    // What a server of TLS 1.3 says last the session sends: its tickets wait until the client reads, which may be
    // never.
    const bool only_tickets = SSL_is_server(ssl_.get()) == 1 && SSL_version(ssl_.get()) >= TLS1_3_VERSION;
    if (!only_tickets && !out_.empty()) co_await send();
    co_await plain_.writer().drain();
  }

  stream take(std::chrono::nanoseconds close_wait) {
    const std::string_view early = plain_.reader().buffered();
    auto made = std::make_unique<secure_transport>(std::move(ssl_), early, out_.view(), close_wait);
    made->stand_on(plain_.shared()->hand_over());
    stream secured(std::move(made));
    plain_.shared()->continue_in(*secured.shared());
    return secured;
  }

 private:
  /// @returns whether both have agreed.
  bool step() noexcept {
    clear_errors();
    const std::string_view unread = plain_.reader().buffered();
    unread_ = unread;
    const int done = SSL_do_handshake(ssl_.get());
    const int why = done == 1 ? SSL_ERROR_NONE : SSL_get_error(ssl_.get(), done);
    wants_more_ = why == SSL_ERROR_WANT_READ;
    // It wants to write when there was no memory for what it has written.
    if (done != 1 && !wants_more_) failure_ = why == SSL_ERROR_WANT_WRITE ? ENOMEM : take_error();
    plain_.reader().consume(unread.size() - unread_.size());
    return done == 1;
  }

  coro<> receive() {
    try {
      ended_ = !co_await plain_.reader().fill();
    } catch (const std::system_error& e) {
      throw std::system_error(e.code(), "the TLS handshake with " + notes_of(ssl_.get()).peer + " failed");
    }
  }

  coro<> send() {
    std::string flight(out_.view());
    out_.clear();
    try {
      co_await plain_.writer().write(flight);
    } catch (const std::system_error&) {
      if (failure_ == 0) throw;  // what went wrong before says more than that the peer could not be told
    }
  }

  [[noreturn]] void fail() {
    notes& of = notes_of(ssl_.get());
    if (of.thrown) std::rethrow_exception(of.thrown);
    const std::string head = "the TLS handshake with " + of.peer + " failed: ";
    if (failure_ == ENOMEM) throw std::bad_alloc();
    const trouble kind = trouble_of(failure_);
    if (kind == trouble::certificate) {
      const bool missing = of.objection.empty();
      throw certificate_error(missing ? certificate_trouble::missing : of.reason, failure_,
                              head + (missing ? "it has shown no certificate, which this side requires" : of.objection),
                              std::move(of.culprit));
    }
    if (kind == trouble::plain_text)
      throw error(kind, failure_, head + "it does not speak TLS; is this the right port?");
    if (kind == trouble::truncated) throw error(kind, failure_, head + "it hung up");
    if (kind == trouble::alert) throw error(kind, failure_, head + "it refused");
    throw error(kind, failure_, head + "the two do not agree");
  }

  std::size_t pull(char* out, std::size_t count) noexcept override {
    const std::size_t taken = std::min(count, unread_.size());
    if (taken != 0) std::memcpy(out, unread_.data(), taken);
    unread_.remove_prefix(taken);
    return taken;
  }
  bool at_end() const noexcept override { return ended_ && unread_.empty(); }
  bool push(const char* bytes, std::size_t count) noexcept override {
    try {
      out_.append(bytes, count);
      return true;
    } catch (const std::bad_alloc&) {
      return false;
    }
  }

  stream plain_;
  ssl_ptr ssl_;
  std::string_view unread_;  // of the reader's buffer, during a step
  eddy::detail::byte_buffer out_;
  int failure_ = 0;
  bool wants_more_ = false;
  bool ended_ = false;
};

coro<stream> agree(stream plain, ssl_ptr ssl, const context_state& of) {
  const SSL* const same = ssl.get();
  handshake both(std::move(plain), std::move(ssl));
  co_await both.run();
  of.count_completed(SSL_session_reused(same) == 1);
  co_return both.take(of.close_wait);
}

}  // namespace

coro<stream> shake_hands(stream plain, ssl_ptr ssl, const context_state& of) {
  const std::string peer = notes_of(ssl.get()).peer;
  try {
    co_return co_await wait_for(agree(std::move(plain), std::move(ssl), of), of.handshake_timeout);
  } catch (const timeout_error&) {
    of.count_failed();
    throw timeout_error(
        "the TLS handshake with " + peer + " was not over within " +
        std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(of.handshake_timeout).count()) +
        " ms, the context's handshake_timeout()");
  } catch (...) {
    of.count_failed();
    throw;
  }
}

}  // namespace eddy::tls::detail
