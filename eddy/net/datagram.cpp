// SPDX-License-Identifier: BSL-1.0
#include "eddy/net/datagram.hpp"

#include <net/if.h>
#include <netinet/in.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "eddy/flow/sleep.hpp"
#include "eddy/flow/timeout.hpp"
#include "eddy/net/detail/datagram_core.hpp"

namespace eddy {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds longest_pause{50};  // between two tries at a Unix socket whose queue is full

[[noreturn]] void throw_code(int code, const std::string& what) {
  throw std::system_error(code, std::generic_category(), what);
}

}  // namespace

namespace detail {

bool message_operation::try_complete() {
  datagram_core& core = *core_;
  closed_ = core.closed();
  if (closed_) return true;
  message_operation*& waiting = core.place_of(*this);
  if (waiting != nullptr)
    throw misuse_error("two receives of one datagram socket at a time; let one task receive, and hand on from there");
  message_.msg_iov = &part_;
  message_.msg_iovlen = 1;
  data = &message_;
  socket& carrier = core.carrier();
  if (kind == io_kind::send_message) {
    message_.msg_namelen = to_.to_system(name_);
    message_.msg_name = message_.msg_namelen == 0 ? nullptr : &name_;
    if (to_.as_unix() != nullptr) {
      // The system does not tell when the queue of a Unix socket, to which this one is not connected, has room.
      if (!carrier.try_now(*this)) result = -EAGAIN;
      return true;
    }
  } else {
    message_.msg_name = &name_;
    if (room_ > datagram_socket::default_room) {  // more than the loop lends
      bytes_.resize(room_);
      part_ = {bytes_.data(), room_};
    }
  }
  if (carrier.start(*this)) {
    collect();
    return true;
  }
  waiting = this;
  return false;
}

/// Makes what has come the operation's own: borrowed memory is there only until now.
void message_operation::collect() noexcept {
  if (kind != io_kind::receive_message || result < 0 || room_ == 0) return;
  const std::size_t kept = std::min({static_cast<std::size_t>(result), part_.iov_len, room_});
  try {
    if (bytes_.empty())
      bytes_.assign(static_cast<const char*>(part_.iov_base), kept);
    else
      bytes_.resize(kept);
  } catch (const std::bad_alloc&) {
    result = -ENOMEM;
  }
}

void message_operation::completed() noexcept {
  core_->place_of(*this) = nullptr;
  const bool cancelled = context_->cancel_requested();
  closed_ = core_->closed() && result < 0;
  core_->reported_back();
  collect();
  if (result == -ECANCELED && cancelled)
    context_->withdrawn();
  else
    context_->completed();
}

bool message_operation::take_back() noexcept {
  if (!pending || !core_->carrier().withdraw(*this)) return false;
  core_->place_of(*this) = nullptr;
  return true;
}

std::string message_operation::describe() const {
  if (kind == io_kind::receive_message) return "datagram_socket::receive";
  return to_ ? "datagram_socket::send_to " + to_.to_string() : "datagram_socket::send";
}

std::size_t message_operation::checked_result() const {
  if (closed_) throw closed_error("this datagram socket was closed");
  if (result < 0) throw_code(-result, kind == io_kind::receive_message ? "receive" : "cannot send a datagram");
  return static_cast<std::size_t>(result);
}

receive_into_operation::receive_into_operation(std::shared_ptr<datagram_core> core, std::span<std::byte> out) noexcept
    : message_operation(std::move(core), io_kind::receive_message) {
  static std::byte nowhere;  // memory of no size, which is not the same as borrowing some
  part_ = {out.empty() ? &nowhere : out.data(), out.size()};
}

datagram_info receive_into_operation::await_resume() const {
  const std::size_t real = checked_result();
  return {std::min(real, part_.iov_len), real, socket_address::from_system(name_, message_.msg_namelen)};
}

receive_datagram_operation::receive_datagram_operation(std::shared_ptr<datagram_core> core, std::size_t most) noexcept
    : message_operation(std::move(core), io_kind::receive_message) {
  room_ = most;
}

datagram receive_datagram_operation::await_resume() {
  const std::size_t real = checked_result();
  return {std::move(bytes_), real, socket_address::from_system(name_, message_.msg_namelen)};
}

send_datagram_operation::send_datagram_operation(std::shared_ptr<datagram_core> core, std::span<const std::byte> bytes,
                                                 socket_address to) noexcept
    : message_operation(std::move(core), io_kind::send_message) {
  part_ = {const_cast<std::byte*>(bytes.data()), bytes.size()};  // iovec serves receiving too; nothing writes here
  to_ = std::move(to);
}

bool send_datagram_operation::await_resume() const {
  if (result == -EAGAIN) return false;
  (void)checked_result();
  return true;
}

void datagram_core::close() noexcept {
  if (std::exchange(closed_, true)) return;
  file.remove();
  const bool receive_left = !withdraw(receiving_);
  const bool send_left = !withdraw(sending_);
  if (!receive_left && !send_left) socket_.reset();
}

bool datagram_core::withdraw(message_operation*& waiting) noexcept {
  if (waiting == nullptr) return true;
  if (!socket_->withdraw(*waiting)) return false;
  message_operation& op = *std::exchange(waiting, nullptr);
  op.closed_ = true;
  op.context_->completed();
  return true;
}

}  // namespace detail

// -- the socket -------------------------------------------------------------------------------------------------------

const std::shared_ptr<detail::datagram_core>& datagram_socket::checked() const {
  if (core_ == nullptr)
    throw misuse_error("this datagram socket is empty or was moved from; get one from open_datagram");
  return core_;
}

coro<std::optional<datagram>> datagram_socket::next() {
  if (closed()) co_return std::nullopt;
  try {
    datagram got = co_await receive();
    co_return std::optional<datagram>(std::move(got));
  } catch (const closed_error&) {
  }
  co_return std::nullopt;
}

coro<> datagram_socket::send_to(std::span<const std::byte> bytes, socket_address to) {
  const std::shared_ptr<detail::datagram_core> core = checked();
  const auto turn = co_await core->sending.lock();
  for (milliseconds pause(1);; pause = std::min(2 * pause, longest_pause)) {
    const bool sent = co_await detail::send_datagram_operation(core, bytes, to);
    if (sent) co_return;
    co_await sleep(pause);
  }
}

coro<> datagram_socket::send_to(std::string_view text, socket_address to) {
  return send_to(std::as_bytes(std::span<const char>(text)), std::move(to));
}

namespace {

void change_membership(int fd, const ip_address& group, unsigned interface, bool join) {
  const std::string what = std::string(join ? "cannot join " : "cannot leave ") + group.to_string();
  int failed = 0;
  if (group.is_v4()) {
    ip_mreqn request{};
    std::memcpy(&request.imr_multiaddr, group.bytes().data(), 4);
    request.imr_ifindex = static_cast<int>(interface);
    failed = setsockopt(fd, IPPROTO_IP, join ? IP_ADD_MEMBERSHIP : IP_DROP_MEMBERSHIP, &request, sizeof request);
  } else {
    ipv6_mreq request{};
    std::memcpy(&request.ipv6mr_multiaddr, group.bytes().data(), 16);
    request.ipv6mr_interface = interface != 0 ? interface : group.scope();
    failed = setsockopt(fd, IPPROTO_IPV6, join ? IPV6_ADD_MEMBERSHIP : IPV6_DROP_MEMBERSHIP, &request, sizeof request);
  }
  if (failed != 0) throw_code(errno, what);
}

}  // namespace

void datagram_socket::join(const ip_address& group, unsigned interface) {
  change_membership(native_handle(), group, interface, true);
}

void datagram_socket::leave(const ip_address& group, unsigned interface) {
  change_membership(native_handle(), group, interface, false);
}

void datagram_socket::set_option(const socket_option& option) { option.apply(native_handle()); }

socket_address datagram_socket::local_address() const { return detail::name_of(native_handle(), ::getsockname); }

socket_address datagram_socket::remote_address() const { return detail::name_of(native_handle(), ::getpeername); }

int datagram_socket::native_handle() const noexcept {
  return core_ == nullptr || core_->closed() ? -1 : core_->carrier().fd();
}

void datagram_socket::close() noexcept {
  if (core_ != nullptr) core_->close();
}

bool datagram_socket::closed() const noexcept { return core_ == nullptr || core_->closed(); }

datagram_socket datagram_socket::from_descriptor(inherited_socket from) {
  detail::prepare_inherited(from.fd(), detail::socket_use::datagram);
  auto socket = std::make_unique<detail::socket>();
  socket->adopt(from.release());
  return datagram_socket(std::make_shared<detail::datagram_core>(std::move(socket)));
}

// -- opening ----------------------------------------------------------------------------------------------------------

int datagram_request::family() const noexcept {
  if (local_) return local_.family();
  if (remote_) return remote_.family();
  return family_ == ip_family::v6 ? AF_INET6 : AF_INET;
}

namespace {

/// Linux gives a socket what is sent to any group that anybody on this machine has joined. Ours get their own groups.
void hear_own_groups_only(int fd, int family) noexcept {
  const int off = 0;
  if (family == AF_INET) setsockopt(fd, IPPROTO_IP, IP_MULTICAST_ALL, &off, sizeof off);
#ifdef IPV6_MULTICAST_ALL
  if (family == AF_INET6) setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_ALL, &off, sizeof off);
#endif
}

}  // namespace

coro<datagram_socket> datagram_request::open(datagram_request request) {
  if (!request.host_.empty()) {
    ip_family wanted = request.family_;
    if (const endpoint* const at = request.local_.as_endpoint())
      wanted = at->address().is_v4() ? ip_family::v4 : ip_family::v6;
    const std::vector<endpoint> found =
        co_await wait_for(resolve(request.host_, request.port_, wanted), request.limit_, request.where_);
    request.remote_ = found.front();
  } else {
    co_await checkpoint();
  }
  auto core = std::make_shared<detail::datagram_core>(detail::socket::make(request.family(), SOCK_DGRAM));
  detail::socket& socket = core->carrier();
  hear_own_groups_only(socket.fd(), request.family());
  socket.set_options(request.options_);
  if (const endpoint* const at = request.local_.as_endpoint()) socket.bind(*at, "bind to");
  if (const unix_address* const at = request.local_.as_unix()) core->file.bind(socket.fd(), *at, request.permissions_);
  if (request.remote_) {
    sockaddr_storage to{};
    const socklen_t size = request.remote_.to_system(to);
    // For datagrams this only notes the address: nothing is sent, so nothing has to be waited for.
    if (::connect(socket.fd(), reinterpret_cast<const sockaddr*>(&to), size) != 0)
      throw_code(errno, "cannot connect to " + request.remote_.to_string());
  }
  co_return datagram_socket(std::move(core));
}

unsigned interface_index(const std::string& name) {
  const unsigned index = if_nametoindex(name.c_str());
  if (index == 0) throw_code(errno, "network interface " + name);
  return index;
}

namespace socket_options {

socket_option multicast_ttl(int hops) {
  return socket_option("multicast_ttl")
      .set_by_family(IPPROTO_IP, IP_MULTICAST_TTL, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, hops);
}

socket_option multicast_loop(bool on) {
  return socket_option("multicast_loop")
      .set_by_family(IPPROTO_IP, IP_MULTICAST_LOOP, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, on ? 1 : 0);
}

socket_option multicast_interface(unsigned interface) {
  ip_mreqn v4{};
  v4.imr_ifindex = static_cast<int>(interface);
  const std::string_view v4_bytes(reinterpret_cast<const char*>(&v4), sizeof v4);
  const std::string_view v6_bytes(reinterpret_cast<const char*>(&interface), sizeof interface);
  return socket_option("multicast_interface")
      .set_by_family(IPPROTO_IP, IP_MULTICAST_IF, v4_bytes, IPPROTO_IPV6, IPV6_MULTICAST_IF, v6_bytes);
}

socket_option reuse_address(bool on) {
  return socket_option("reuse_address").set(SOL_SOCKET, SO_REUSEADDR, on ? 1 : 0);
}

}  // namespace socket_options

datagram_request::datagram_request(const datagram_request& other) = default;
datagram_request::datagram_request(datagram_request&& other) noexcept = default;
datagram_request& datagram_request::operator=(const datagram_request& other) = default;
datagram_request& datagram_request::operator=(datagram_request&& other) noexcept = default;
datagram_request::~datagram_request() = default;

datagram_request&& datagram_request::timeout(std::chrono::nanoseconds limit) && {
  limit_ = limit;
  return std::move(*this);
}

datagram_request&& datagram_request::local(socket_address at) && {
  local_ = std::move(at);
  return std::move(*this);
}

datagram_request&& datagram_request::remote(std::string host, std::uint16_t port) && {
  host_ = std::move(host);
  port_ = port;
  return std::move(*this);
}

datagram_request&& datagram_request::remote(socket_address to) && {
  remote_ = std::move(to);
  return std::move(*this);
}

datagram_request&& datagram_request::family(ip_family only) && {
  family_ = only;
  return std::move(*this);
}

datagram_request&& datagram_request::option(socket_option one) && {
  options_.push_back(std::move(one));
  return std::move(*this);
}

datagram_request&& datagram_request::permissions(mode_t mode) && {
  permissions_ = mode;
  return std::move(*this);
}

coro<datagram_socket>::awaiter datagram_request::operator co_await() && {
  return open(std::move(*this)).operator co_await();
}

datagram_request::datagram_request(std::source_location where) noexcept : where_(where) {}

detail::receive_datagram_operation datagram_socket::receive(std::size_t room) const { return {checked(), room}; }

detail::receive_into_operation datagram_socket::receive_from(std::span<std::byte> out) const {
  return {checked(), out};
}

detail::receive_into_operation datagram_socket::receive_from(std::span<char> out) const {
  return receive_from(std::as_writable_bytes(out));
}

coro<> datagram_socket::send(std::span<const std::byte> bytes) { return send_to(bytes, {}); }

coro<> datagram_socket::send(std::string_view text) { return send_to(text, {}); }

datagram_socket& datagram_socket::operator=(datagram_socket&& other) noexcept {
  if (core_ != other.core_) close();
  core_ = std::move(other.core_);
  return *this;
}

datagram_socket::~datagram_socket() { close(); }

}  // namespace eddy
