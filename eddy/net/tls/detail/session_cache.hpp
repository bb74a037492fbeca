// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <list>
#include <mutex>
#include <string>

#include "eddy/net/tls/detail/openssl.hpp"

namespace eddy::tls::detail {

/// The sessions that servers offered to resume, by host and port: the newest few of each, of a bounded number of hosts.
///
/// One of TLS 1.3 is used once, lest an onlooker recognise who connects; the server sends new ones. Any thread.
class session_cache {
 public:
  /// Keeps a session; forgets the one that was kept the longest when there are too many.
  void put(const std::string& key, session_ptr session);
  /// The newest; null when there is none.
  session_ptr take(const std::string& key);

 private:
  static constexpr std::size_t most = 512;
  struct kept {
    std::string key;
    session_ptr session;
  };
  std::mutex guard_;
  std::list<kept> all_;  // the newest first
};

}  // namespace eddy::tls::detail
