// SPDX-License-Identifier: BSL-1.0
#include "eddy/net/tls/detail/secure_transport.hpp"

#include <utility>

#include "eddy/base/owned.hpp"
#include "eddy/net/tls/detail/session.hpp"

namespace eddy::tls::detail {

secure_transport::secure_transport(ssl_ptr ssl, std::string_view early, std::string_view late,
                                   std::chrono::nanoseconds close_wait)
    : session_(new session(std::move(ssl), early, late, close_wait)) {}

secure_transport::~secure_transport() { session_->abandon(); }

void secure_transport::stand_on(eddy::detail::owned<transport> lower) { session_->stand_on(std::move(lower)); }

bool secure_transport::start(eddy::detail::io_request& request) { return session_->start(request); }
bool secure_transport::try_now(eddy::detail::io_request& request) { return session_->try_now(request); }
bool secure_transport::withdraw(eddy::detail::io_request& request) noexcept {
  session_->withdraw(request);
  return true;
}
void secure_transport::shut_down_sending() { session_->shut_down_sending(); }
void secure_transport::close(bool reset) noexcept { session_->close(reset); }
bool secure_transport::has_unsent() const noexcept { return session_->has_unsent(); }
std::chrono::nanoseconds secure_transport::goodbye() const noexcept { return session_->goodbye(); }
std::optional<endpoint> secure_transport::local_endpoint() const { return session_->lower().local_endpoint(); }
std::optional<endpoint> secure_transport::remote_endpoint() const { return session_->lower().remote_endpoint(); }
void secure_transport::set_nodelay(bool on) { session_->lower().set_nodelay(on); }

SSL* secure_transport::ssl() const noexcept { return session_->ssl(); }
unsigned secure_transport::depth() const noexcept { return session_->depth(); }

}  // namespace eddy::tls::detail
