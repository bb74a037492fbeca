// SPDX-License-Identifier: BSL-1.0
#include "eddy/http/router.hpp"

#include "eddy/http/status.hpp"

namespace eddy::http {

namespace {

response refusal(int status) { return text(std::string(reason_phrase(status)) + "\n", status); }

coro<response> not_allowed(const std::vector<std::string_view>& methods) {
  std::string allowed;
  for (const std::string_view method : methods) allowed.append(allowed.empty() ? "" : ", ").append(method);
  return detail::to_response(refusal(405).header("Allow", allowed));
}

}  // namespace

// Not a coroutine itself: a handler's own coroutine is handed on, which saves a frame a request.
coro<response> router::operator()(server_request& request) {
  const detail::route_match found = routes_.find(request.method(), request.path(), request.parts_);
  if (found.handler == nullptr)
    return found.allowed.empty() ? detail::to_response(refusal(404)) : not_allowed(found.allowed);
  coro<response> made = found.handler->call(request, request.parts_);
  return made ? std::move(made) : detail::to_response(refusal(404));
}

}  // namespace eddy::http
