// SPDX-License-Identifier: BSL-1.0
#include "eddy/coro/context_var.hpp"

#include <vector>

#include "eddy/base/errors.hpp"

namespace eddy::detail {

namespace {

// The links of `chain` above `base`, newest first.
std::vector<var_link*> links_above(var_link* chain, const var_link* base) {
  std::vector<var_link*> found;
  for (; chain != nullptr && chain != base; chain = chain->next()) found.push_back(chain);
  return found;
}

}  // namespace

void var_link::release(var_link* link) noexcept {
  while (link != nullptr && --link->references_ == 0) {
    var_link* next = link->next_;
    delete link;
    link = next;
  }
}

var_link* var_link::without(var_link* chain, const var_value& value) {
  var_link* at = chain;
  while (at != nullptr && &at->value() != &value) at = at->next();
  if (at == nullptr) return chain;
  return moved(chain, at, retain(at->next()));
}

// Links are shared, so those above are made anew; as a rule there are none.
var_link* var_link::moved(var_link* chain, const var_link* base, var_link* other_base) {
  if (chain != base) {
    const std::vector<var_link*> above = links_above(chain, base);
    for (auto link = above.rbegin(); link != above.rend(); ++link)
      other_base = new var_link((*link)->value(), other_base);
  }
  release(chain);
  return other_base;
}

const var_value* find_value(const void* variable) noexcept {
  const context* here = context::try_current();
  if (here == nullptr) return nullptr;
  for (const var_link* at = here->values(); at != nullptr; at = at->next())
    if (at->value().variable() == variable) return &at->value();
  return nullptr;
}

// own_ keeps the chain that it stands on, so a base that is the same address is the same chain.
void travelling_values::put_on(context& c) noexcept {
  if (base_before_ == c.values()) {
    var_link::release(c.exchange_values(std::exchange(own_, nullptr)));
    return;
  }
  var_link* consumers = var_link::retain(c.values());
  var_link* mine = var_link::moved(std::exchange(own_, nullptr), base_before_, consumers);
  var_link::release(c.exchange_values(mine));
}

void travelling_values::take_off(context& c) noexcept {
  var_link* consumers = c.values();
  while (consumers != nullptr && consumers != base_) consumers = consumers->next();
  own_ = c.exchange_values(var_link::retain(consumers));
}

set_value::set_value(var_value& value) : value_(&value) {
  context* here = context::try_current();
  if (here == nullptr) {
    value.release();
    throw misuse_error("context_var::set: no task runs here; set it inside a coroutine that eddy::run started");
  }
  here->exchange_values(new var_link(value, here->values()));
}

// Where it is in force now: not where it was set, when it stands in a generator that went on in another context.
set_value::~set_value() {
  if (context* here = context::try_current()) {
    var_link* chain = here->exchange_values(nullptr);
    here->exchange_values(var_link::without(chain, *value_));
  }
  value_->release();
}

}  // namespace eddy::detail
