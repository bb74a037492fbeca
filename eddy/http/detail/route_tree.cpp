// SPDX-License-Identifier: BSL-1.0
#include "eddy/http/detail/route_tree.hpp"

#include "eddy/base/errors.hpp"
#include "eddy/base/owned.hpp"
#include "eddy/http/detail/characters.hpp"
#include "eddy/http/percent.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <string>

namespace eddy::http::detail {

struct route_tree::route {
  std::string method;
  std::vector<std::string> names;
  eddy::detail::owned<route_handler> handler;
};

struct route_tree::node {
  std::map<std::string, eddy::detail::owned<node>, std::less<>> texts;
  eddy::detail::owned<node> named;
  eddy::detail::owned<node> rest;  // has no children
  std::vector<route> routes;       // that end here, a method each

  const route* find(std::string_view method) const noexcept {
    for (const route& each : routes)
      if (each.method == method) return &each;
    return nullptr;
  }
};

route_tree::route_tree() : root_(std::make_unique<node>()) {}
route_tree::route_tree(route_tree&&) noexcept = default;
route_tree& route_tree::operator=(route_tree&&) noexcept = default;
route_tree::~route_tree() = default;

namespace {

[[noreturn]] void refuse(std::string_view method, std::string_view pattern, const std::string& why) {
  throw misuse_error("router: the route " + std::string(method) + " " + std::string(pattern) + " " + why);
}

/// Cuts the first segment off a path that begins with a slash.
std::string_view cut_segment(std::string_view& path) noexcept {
  path.remove_prefix(1);
  const std::size_t end = std::min(path.find('/'), path.size());
  const std::string_view segment = path.substr(0, end);
  path.remove_prefix(end);
  return segment;
}

}  // namespace

void route_tree::add(std::string_view method, std::string_view pattern, eddy::detail::owned<route_handler> handler,
                     std::size_t taken) {
  if (!is_token(method)) refuse(method, pattern, "has a method that is none");
  if (!pattern.starts_with('/')) refuse(method, pattern, "has to begin with a slash");
  node* at = root_.get();
  std::vector<std::string> names;
  const auto step = [](eddy::detail::owned<node>& to) {
    if (!to) to = std::make_unique<node>();
    return to.get();
  };
  for (std::string_view left = pattern; !left.empty();) {
    std::string_view segment = cut_segment(left);
    if (segment.find_first_of("{}") == std::string_view::npos) {
      at = step(at->texts[percent_decode(segment)]);
      continue;
    }
    if (segment.size() < 3 || segment.front() != '{' || segment.back() != '}')
      refuse(method, pattern, "has a brace inside of a segment; a name takes a whole one: /{name}/");
    segment = segment.substr(1, segment.size() - 2);
    const bool rest = segment.ends_with("...");
    if (rest) segment.remove_suffix(3);
    if (segment.empty() || segment.find_first_of("{}.") != std::string_view::npos)
      refuse(method, pattern, "has a name that is none: write {name} or {name...}");
    if (rest && !left.empty()) refuse(method, pattern, "goes on behind a {name...}, which takes the whole rest");
    if (std::find(names.begin(), names.end(), segment) != names.end())
      refuse(method, pattern, "has the name " + std::string(segment) + " twice");
    names.emplace_back(segment);
    at = step(rest ? at->rest : at->named);
  }
  if (names.size() != taken && taken != 0)
    refuse(method, pattern,
           "names " + std::to_string(names.size()) + " parts, and its handler takes " + std::to_string(taken));
  if (at->find(method) != nullptr) refuse(method, pattern, "is there already");
  at->routes.push_back(route{std::string(method), std::move(names), std::move(handler)});
}

/// One search: walks the tree along the path, the better branch first.
class route_tree::search {
 public:
  search(std::string_view method, std::vector<path_part>& parts) noexcept : method_(method), parts_(parts) {}

  /// @returns whether a route with the method was found.
  bool walk(const node& at, std::string_view path) {
    if (path.empty()) return take(at);
    std::string_view left = path;
    const std::string_view segment = cut_segment(left);
    if (const node* child = text_child(at, segment); child != nullptr && walk(*child, left)) return true;
    if (at.named && !segment.empty() && walk_part(*at.named, segment, left)) return true;
    return at.rest && walk_part(*at.rest, path.substr(1), {});
  }

  route_match found;

 private:
  static const node* text_child(const node& at, std::string_view segment) {
    const bool plain = segment.find('%') == std::string_view::npos;
    const auto child = plain ? at.texts.find(segment) : at.texts.find(percent_decode(segment));
    return child == at.texts.end() ? nullptr : child->second.get();
  }
  bool walk_part(const node& child, std::string_view part, std::string_view left) {
    parts_.push_back(path_part{{}, part});
    if (walk(child, left)) return true;
    parts_.pop_back();
    return false;
  }
  bool take(const node& at) {
    const route* here = at.find(method_);
    if (here == nullptr && method_ == "HEAD") here = at.find("GET");
    if (here == nullptr) {
      for (const route& each : at.routes) allow(each.method);
      return false;
    }
    found.handler = here->handler.get();
    for (std::size_t i = 0; i < parts_.size(); ++i) parts_[i].name = here->names[i];
    return true;
  }
  void allow(std::string_view method) {
    if (std::find(found.allowed.begin(), found.allowed.end(), method) != found.allowed.end()) return;
    found.allowed.push_back(method);
    if (method == "GET") allow("HEAD");
  }

  std::string_view method_;
  std::vector<path_part>& parts_;
};

route_match route_tree::find(std::string_view method, std::string_view path, std::vector<path_part>& parts) const {
  search looking(method, parts);
  parts.clear();
  if (path.starts_with('/')) looking.walk(*root_, path);
  return std::move(looking.found);
}

}  // namespace eddy::http::detail
