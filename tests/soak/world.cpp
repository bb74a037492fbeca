// SPDX-License-Identifier: BSL-1.0
#include "tests/soak/world.hpp"

#include "eddy/base/exception_group.hpp"

namespace soak {

void world::fail(const plan& p, int which) {
  const int number = 4 * p.id + which;
  thrown.insert(number);
  throw numbered_error(number);
}

void world::see(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const numbered_error& e) {
    seen.insert(e.number());
  } catch (const eddy::exception_group& group) {
    for (const auto& each : group.exceptions()) see(each);
  } catch (...) {  // limits, resets of connections whose other side was cancelled
    return;
  }
}

int world::number_of(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const numbered_error& e) {
    return e.number();
  } catch (const eddy::exception_group& group) {
    return number_of(group.exceptions().front());
  } catch (...) {
    return -1;
  }
}

std::string world::judge() const {
  std::string problems;
  const auto require = [&](bool holds, const std::string& sentence) {
    if (!holds) problems += sentence + "; ";
  };
  const auto of = [](auto count, const std::string& what, auto other, const std::string& rest) {
    return std::to_string(count) + " " + what + ", " + std::to_string(other) + " " + rest;
  };
  require(started == ended, of(started, "nodes started", ended, "ended"));
  require(opened == closed, of(opened, "opened", closed, "closed"));
  require(!door.locked(), "the mutex is held by nobody");
  require(most_inside <= 1, "two held the mutex");
  require(permits.available() == 2, std::to_string(permits.available()) + " permits of 2");
  require(market.unfinished() == market.size(), of(market.unfinished(), "items unfinished", market.size(), "there"));
  require(doubled == 0, std::to_string(doubled) + " items came out twice");
  require(put.size() == got.size() + market.size(), of(put.size(), "items put", got.size() + market.size(), "found"));
  for (const int each : got) require(put.contains(each), "item " + std::to_string(each) + " was never put");
  for (const int each : thrown) require(seen.contains(each), "error " + std::to_string(each) + " reached nobody");
  return problems;
}

}  // namespace soak
