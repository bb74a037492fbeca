// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <sys/uio.h>

#include <array>
#include <chrono>
#include <memory>
#include <string_view>

#include "eddy/base/owned.hpp"
#include "eddy/loop/backend.hpp"
#include "eddy/net/byte_buffer.hpp"
#include "eddy/net/tls/detail/bio.hpp"
#include "eddy/net/tls/detail/openssl.hpp"
#include "eddy/net/tls/detail/scratch.hpp"
#include "eddy/net/transport.hpp"

namespace eddy::tls::detail {

/// The inside of a secure transport after the handshake.
///
/// Receiving: the transport below lends its buffer, OpenSSL decrypts from it into the caller's memory (or the thread's
/// scratch, which is lent on), and only what the caller had no room for is kept. Sending: records are encrypted into
/// the thread's scratch and offered to the transport below at once; only what it does not take is kept, sent by the
/// session itself, and meanwhile no more is encrypted: `unsent` is bounded by what one write encrypts.
///
/// OpenSSL may want to write while it reads (the answer to a key update): that is taken up to a bound, and when it is
/// reached reading waits until it has been sent. It does not want to read while it writes, since there is no
/// renegotiation.
///
/// Invariants: (1) at most one request of the caller's each way is pending, and one of the session's own each way; (2)
/// a request of the caller's that is pending has had no effect, so it can be withdrawn at any time; (3) no call of the
/// transport below is made while `lent_` is not empty; (4) it is deleted when the transport above has gone and nothing
/// of its own is pending.
class session final : private bio_ends {
 public:
  session(ssl_ptr ssl, std::string_view early, std::string_view late, std::chrono::nanoseconds close_wait);
  session(const session&) = delete;
  session& operator=(const session&) = delete;

  void stand_on(eddy::detail::owned<eddy::detail::transport> lower);

  bool start(eddy::detail::io_request& request);
  bool try_now(eddy::detail::io_request& request);
  void withdraw(eddy::detail::io_request& request) noexcept;
  void shut_down_sending();
  void close(bool reset) noexcept;
  /// The transport above has gone.
  void abandon() noexcept;

  bool has_unsent() const noexcept { return holds() || lost_; }
  std::chrono::nanoseconds goodbye() const noexcept;
  void flush() noexcept;

  SSL* ssl() const noexcept { return ssl_.get(); }
  eddy::detail::transport& lower() const noexcept { return *lower_; }
  unsigned depth() const noexcept { return depth_; }

 private:
  /// Whether the transport below has not taken everything yet.
  bool holds() const noexcept { return write_failure_ == 0 && !(sent_now().empty() && sent_next().empty()); }

  /// A request of the session's own to the transport below.
  struct lower_request final : eddy::detail::io_request {
    lower_request(session& s, void (session::*then)() noexcept) noexcept : owner(s), on_completed(then) {}
    void completed() noexcept override { (owner.*on_completed)(); }
    session& owner;
    void (session::*on_completed)() noexcept;
  };
  class parts_cursor;

  // Receiving.
  int read_now(eddy::detail::io_request& request) noexcept;
  int read_more(eddy::detail::io_request& request) noexcept;
  int failed_to_read(int outcome) noexcept;
  void take_input() noexcept;
  void keep_input() noexcept;
  void received() noexcept;
  void resume_reading() noexcept;

  // Sending.
  int write_now(const eddy::detail::io_request& request) noexcept;
  int tell_failure() noexcept;
  std::size_t encrypt(parts_cursor& parts) noexcept;
  void send_scratch() noexcept;
  void account(int result) noexcept;
  void sent() noexcept;
  void resume_writing() noexcept;
  void fail_writing(int code) noexcept;

  void close_lower() noexcept;

  std::size_t pull(char* out, std::size_t count) noexcept override;
  bool at_end() const noexcept override { return input_ended_ && kept_.empty() && lent_.empty(); }
  bool push(const char* bytes, std::size_t count) noexcept override;

  eddy::detail::byte_buffer& sent_now() noexcept { return unsent_[now_]; }
  const eddy::detail::byte_buffer& sent_now() const noexcept { return unsent_[now_]; }
  eddy::detail::byte_buffer& sent_next() noexcept { return unsent_[1 - now_]; }
  const eddy::detail::byte_buffer& sent_next() const noexcept { return unsent_[1 - now_]; }

  ssl_ptr ssl_;
  eddy::detail::owned<eddy::detail::transport> lower_;
  std::chrono::nanoseconds close_wait_;
  unsigned depth_ = 1;

  lower_request receive_;
  std::string_view lent_;           // of the memory below: what has not been decrypted yet
  eddy::detail::byte_buffer kept_;  // the same, before it
  eddy::detail::io_request* reading_ = nullptr;

  lower_request send_;
  iovec send_part_{};
  // The first is with the transport below while `send_` is pending, so it must not move: the other takes what comes
  // meanwhile.
  std::array<eddy::detail::byte_buffer, 2> unsent_;
  unsigned now_ = 0;
  scratch* direct_ = nullptr;  // during write_now(): where records go first
  std::size_t direct_size_ = 0;
  eddy::detail::io_request* writing_ = nullptr;

  int input_failure_ = 0;       // errno of the transport below: after what has come
  int read_failure_ = 0;        // a code of OpenSSL's: nothing can be read any more
  int write_failure_ = 0;       // either
  bool has_written_ = false;    // bytes of the caller's; until then there are only the handshake's to be lost
  bool lost_ = false;           // bytes that had been taken could not be sent, and nobody has been told yet
  bool input_ended_ = false;    // the transport below has ended
  bool ended_ = false;          // the peer has said so
  bool notified_ = false;       // this side has
  bool reading_waits_ = false;  // until there is room for what OpenSSL has to write
  bool closed_ = false;
  bool reset_ = false;
  bool abandoned_ = false;
};

}  // namespace eddy::tls::detail
