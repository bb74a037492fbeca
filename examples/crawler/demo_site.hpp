// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <unordered_map>

#include "directory_site.hpp"
#include "eddy/coro/coro.hpp"
#include "eddy/net/stream.hpp"
#include "site.hpp"

namespace crawler {

/// Serves the made-up site, good and bad answers alike, on one connection after the other.
///
/// It speaks HTTP by the parser alone and not by http::server, since much of what it sends no server should be able to.
class made_up_server {
 public:
  explicit made_up_server(const site& pages) : site_(pages) {}
  eddy::coro<> operator()(eddy::stream connection);

 private:
  /// @returns whether the connection can go on.
  eddy::coro<bool> answer_request(eddy::stream& connection, std::string target, bool head_only);

  const site& site_;
  std::unordered_map<std::string, unsigned> attempts_;  // requests so far for each target
};

/// Serves a directory's files.
class directory_server {
 public:
  explicit directory_server(const std::string& directory) : site_(directory) {}
  eddy::coro<> operator()(eddy::stream connection);

 private:
  directory_site site_;
};

}  // namespace crawler
