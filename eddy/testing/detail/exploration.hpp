// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "eddy/testing/detail/disturber.hpp"
#include "eddy/testing/detail/one_fault.hpp"
#include "eddy/testing/explore.hpp"

namespace eddy::testing {

/// One call of `explore`.
class exploration {
 public:
  exploration(const std::function<coro<>()>& body, const explore_options& options) : body_(body), options_(options) {}

  explore_result go();

 private:
  /// One kind of disturbance, which each await gets in turn.
  struct kind {
    bool wanted;
    std::string name;
    detail::trouble what;
    std::span<const moment> moments;
    std::size_t explore_result::* count;
    detail::disturbance then;  // counted from the first
    bool again;                // `then` at every moment
  };
  /// What one run is like.
  struct plan {
    detail::disturbance first;
    detail::disturbance then;
    bool again = false;
    detail::one_fault* fault = nullptr;
    int failing_clean_up = -1;

    bool makes_errors() const noexcept { return fault != nullptr || failing_clean_up >= 0; }
  };
  /// How it went.
  struct seen {
    test_result run;
    bool first = false;  // whether the disturbances came to it
    bool second = false;
    bool clean_up_failed = false;
    std::string where;
    std::size_t moments = 0;
    std::uint64_t trace = 0;
  };

  std::vector<kind> kinds() const;
  bool each_await(const kind& k);
  bool each_request();
  bool each_fault(std::size_t request, bool& reached);
  bool each_clean_up();
  /// With pairs(): the same again, cancelled at each of its moments, or after its first disturbance.
  bool each_pair(plan p, const std::string& text);

  seen run(const plan& p);
  /// @returns whether nothing is wrong, and another run may follow; `text` says what this one was like.
  bool judge(const seen& went, const std::string& text, const plan& p);
  void fail(const std::string& text) { result_.failures.push_back(text); }
  void compare_with_first(const seen& again);

  const std::function<coro<>()>& body_;
  const explore_options& options_;
  explore_result result_;
  std::size_t first_moments_ = 0;
  std::uint64_t first_trace_ = 0;
};

}  // namespace eddy::testing
