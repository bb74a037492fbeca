// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "eddy/testing/detail/order_chooser.hpp"
#include "eddy/testing/explore_orders.hpp"

namespace eddy::testing {

/// One call of `explore_orders`.
class order_exploration {
 public:
  order_exploration(const std::function<coro<>()>& body, const order_options& options);

  explore_result go();
  std::vector<std::string> steps_of(std::uint64_t seed);

 private:
  using choices = std::vector<unsigned>;

  void each_seed();
  void each_order();
  void only(const std::string& wanted);

  /// @returns what is wrong, a sentence each; `steps` may be null.
  std::vector<std::string> run(detail::decision_source& source, std::uint64_t seed,
                               std::vector<std::string>* steps = nullptr);
  /// Runs one order. @returns whether it is well; if not, the failure has been described.
  bool try_order(detail::decision_source source, std::uint64_t seed, const std::string& name);
  void describe_failure(const std::string& name, std::uint64_t seed, const std::vector<std::string>& problems,
                        const std::vector<detail::decision>& made);
  /// Fewer and more usual choices that fail as well.
  choices shorten(choices failing, std::uint64_t seed);

  const std::function<coro<>()>& body_;
  const order_options& options_;
  detail::order_freedom freedom_;
  explore_result result_;
};

}  // namespace eddy::testing
