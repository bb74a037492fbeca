// SPDX-License-Identifier: BSL-1.0
#include "eddy/http/router.hpp"

#include "eddy/http/status.hpp"

#include <string>
#include <utility>
#include <vector>

namespace eddy::http {

namespace {

response refusal(int status) { return text(std::string(reason_phrase(status)) + "\n", status); }

response not_allowed(const std::vector<std::string_view>& methods) {
  std::string allowed;
  for (const std::string_view method : methods) allowed.append(allowed.empty() ? "" : ", ").append(method);
  return refusal(405).header("Allow", allowed);
}

coro<response> ready(response made) { co_return made; }

}  // namespace

coro<response> router::operator()(server_request& request) {
  response made;
  coro<response> making = answer(request, made);
  return making ? std::move(making) : ready(std::move(made));
}

// Not a coroutine itself: a handler's own coroutine is handed on, and an answer that is there at once needs none.
coro<response> router::answer(server_request& request, response& out) {
  const detail::route_match found = routes_.find(request.method(), request.path(), request.parts_);
  if (found.handler == nullptr) {
    out = found.allowed.empty() ? refusal(404) : not_allowed(found.allowed);
    return {};
  }
  coro<response> made;
  if (!found.handler->call(request, request.parts_, out, made)) out = refusal(404);
  return made;
}

}  // namespace eddy::http
