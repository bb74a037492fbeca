// SPDX-License-Identifier: BSL-1.0
#include "eddy/testing/detail/relayed_connection.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <system_error>

#include "eddy/base/errors.hpp"
#include "eddy/flow/gather.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/net/errors.hpp"
#include "eddy/net/open_connection.hpp"
#include "eddy/net/socket.hpp"

namespace eddy::testing {

namespace {

/// The peer gets a reset instead of an orderly end.
void abort_with_reset(stream& s) noexcept {
  if (!s || s.closed()) return;
  if (const auto* socket = dynamic_cast<detail::socket*>(&s.shared()->carrier())) {
    const linger at_once{1, 0};
    setsockopt(socket->fd(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  }
  s.abort();
}

}  // namespace

relayed_connection::relayed_connection(relay_core& core, stream client) : core_(core), client_(std::move(client)) {
  core_.open.push_back(this);
  speaks_.set();
}

relayed_connection::~relayed_connection() { core_.open.remove(this); }

coro<> relayed_connection::carry() {
  try {
    server_ = co_await open_connection(core_.target);
  } catch (const connect_error&) {
    reset();
    co_return;
  }
  to_server_.emplace(relay_direction::to_server, client_, server_);
  to_client_.emplace(relay_direction::to_client, server_, client_);
  co_await gather(until_gone(receive(*to_server_)), until_gone(deliver(*to_server_)), until_gone(receive(*to_client_)),
                  until_gone(deliver(*to_client_)));
}

/// Each branch ends by itself: of several errors, gather would pass on the later ones to the loop's handler.
coro<> relayed_connection::until_gone(coro<> work) {
  try {
    co_await std::move(work);
  } catch (const closed_error&) {  // ended by end()
    wake();
  } catch (const std::system_error&) {  // a peer has gone: so does the other, in the same way
    reset();
    wake();
  }
}

/// Both sides are closed: nobody waits for what is still under way, nor for the flow to go on.
void relayed_connection::wake() {
  speaks_.set();
  for (auto* d : {&to_server_, &to_client_}) {
    (*d)->deaf = true;
    while ((*d)->under_way.try_get()) {
    }
    (*d)->under_way.try_put(piece(std::string(), now()));
  }
}

coro<> relayed_connection::receive(direction& d) {
  while (true) {
    std::string bytes = co_await d.from.reader().read();
    const bool ended = bytes.empty();
    if (!d.deaf) {
      piece next(std::move(bytes), now() + core_.delay);
      co_await d.under_way.put(std::move(next));
    }
    if (ended) co_return;
  }
}

coro<> relayed_connection::deliver(direction& d) {
  const std::optional<relay_core::limit> limit = core_.limit_of(d.way);
  while (true) {
    if (limit && d.passed >= limit->bytes) {
      end(limit->how, d.way);
      if (d.deaf) co_return;
    }
    const piece next = co_await d.under_way.get();
    co_await sleep_until(next.due);
    if (d.deaf) co_return;
    if (next.bytes.empty()) break;
    co_await pass(d, next.bytes);
    if (d.deaf) co_return;
  }
  co_await core_.flowing.wait();
  co_await speaks_.wait();
  co_await d.to.writer().write_eof();
}

coro<> relayed_connection::pass(direction& d, std::string_view bytes) {
  const std::optional<relay_core::limit> limit = core_.limit_of(d.way);
  while (!bytes.empty()) {
    co_await core_.flowing.wait();
    co_await speaks_.wait();
    std::size_t count = std::min(core_.chunk, bytes.size());
    if (core_.bytes_a_second != 0) count = std::min(count, core_.bytes_a_second / 100 + 1);
    if (limit) count = std::min(count, limit->bytes - d.passed);
    co_await d.to.writer().write(bytes.substr(0, count));
    co_await d.to.writer().drain();
    bytes.remove_prefix(count);
    d.passed += count;
    (d.way == relay_direction::to_server ? core_.passed.to_server : core_.passed.to_client) += count;
    ++core_.passed.pieces;
    if (core_.bytes_a_second != 0)
      co_await sleep(std::chrono::nanoseconds(1'000'000'000 * count / core_.bytes_a_second));
    if (limit && d.passed >= limit->bytes) {
      end(limit->how, d.way);
      if (d.deaf) co_return;
    }
  }
}

void relayed_connection::end(relay_end how, relay_direction way) {
  switch (how) {
    case relay_end::silence:
      speaks_.clear();
      break;
    case relay_end::reset:
      reset();
      break;
    case relay_end::orderly:
      client_.abort();  // orderly, since nothing is unsent
      if (server_) server_.abort();
      break;
    case relay_end::half:
      fall_silent_for(way == relay_direction::to_server ? to_server_ : to_client_);
      break;
  }
}

/// The receiver reads the end of the stream; what else its sender says is dropped.
void relayed_connection::fall_silent_for(std::optional<direction>& d) {
  if (!d || d->deaf) return;
  d->deaf = true;
  while (d->under_way.try_get()) {
  }
  d->under_way.try_put(piece(std::string(), now()));  // wakes deliver()
  try {
    d->to.shared()->carrier().shut_down_sending();
  } catch (const std::system_error&) {  // it has gone already
  }
}

void relayed_connection::reset() noexcept {
  abort_with_reset(client_);
  abort_with_reset(server_);
}

}  // namespace eddy::testing
