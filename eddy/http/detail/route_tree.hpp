// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "eddy/base/owned.hpp"
#include "eddy/http/detail/route_handler.hpp"
#include "eddy/http/server_request.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace eddy::http::detail {

/// What route_tree::find() found.
class route_match {
 public:
  route_handler* handler = nullptr;       // null: none of this method
  std::vector<std::string_view> allowed;  // methods that this path has, when there is no handler
};

/// Routes as a tree of path segments. A segment is a text, `{name}` for any one that is not empty, or at the end
/// `{name...}` for the whole rest of the path.
///
/// A text goes before a name and a name before a rest; where the better one leads nowhere, the next one is tried.
class route_tree {
 public:
  route_tree();
  route_tree(route_tree&&) noexcept;
  route_tree& operator=(route_tree&&) noexcept;
  ~route_tree();

  /// @param taken  How many parts of the path the handler takes.
  /// @throws misuse_error  The pattern is malformed, or has another number of names, or the route is there already.
  void add(std::string_view method, std::string_view pattern, eddy::detail::owned<route_handler> handler,
           std::size_t taken);

  /// @param path   As sent.
  /// @param parts  Out: the named parts of the path, which point into `path` and into this tree.
  route_match find(std::string_view method, std::string_view path, std::vector<path_part>& parts) const;

 private:
  struct route;
  struct node;
  class search;

  eddy::detail::owned<node> root_;
};

}  // namespace eddy::http::detail
