// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "eddy/coro/branch.hpp"
#include "eddy/coro/leaf.hpp"
#include "eddy/db/sqlite/detail/caller_job.hpp"

namespace eddy::sqlite::detail {

/// `work(database&)` on a connection's thread, as something to await. It owns all that the thread needs.
template <class Work>
class [[nodiscard]] job_operation final : public eddy::detail::leaf<job_operation<Work>>, private caller_job {
 public:
  using result_type = std::invoke_result_t<Work&, database&>;

  job_operation(std::shared_ptr<access> through, Work work, rule r = rule::statement)
      : caller_job(std::move(through), r), work_(std::move(work)) {}
  job_operation(job_operation&&) = default;

  bool try_complete() const noexcept { return false; }
  void begin() { start(*this->context_); }
  bool take_back() noexcept { return withdraw(); }
  result_type await_resume() {
    throw_if_failed();
    if constexpr (!std::is_void_v<result_type>) return std::move(*result_);
  }
  std::string describe() const override {
    if constexpr (requires { Work::verb; })
      return name(Work::verb);
    else
      return name("run");
  }

 private:
  struct nothing {};
  void work(database& db) override {
    if constexpr (std::is_void_v<result_type>)
      work_(db);
    else
      result_.emplace(work_(db));
  }

  Work work_;
  eddy::detail::late<std::conditional_t<std::is_void_v<result_type>, nothing, result_type>> result_;
};

}  // namespace eddy::sqlite::detail
