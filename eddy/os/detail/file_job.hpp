// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <exception>
#include <type_traits>
#include <utility>

#include "eddy/base/outcome.hpp"
#include "eddy/os/detail/file_engine.hpp"

namespace eddy::detail {

/// Asks a job on a thread to end before it is through.
class stop_flag {
 public:
  /// Thrown by check(); nothing of the job's may be left behind when it comes out.
  struct stopped {};

  void request() noexcept { asked_.store(true, std::memory_order_relaxed); }
  bool requested() const noexcept { return asked_.load(std::memory_order_relaxed); }
  void check() const {
    if (requested()) throw stopped();
  }

 private:
  std::atomic<bool> asked_{false};
};

/// Several calls of the system as one job on a thread of the engine's: `f(stop)`, which looks at `stop` now and then.
///
/// Atomic: a job that has come to its end is delivered; one that saw the stop has left nothing behind. `f` and what it
/// refers to are the awaiting frame's.
template <class F>
class file_job final : public leaf<file_job<F>>, private pool_job {
  using T = std::invoke_result_t<F&, const stop_flag&>;

 public:
  /// @param text  For listings; lives for ever.
  file_job(file_engine& engine, F& f, const char* text) noexcept : engine_(&engine), f_(&f), text_(text) {}
  file_job(file_job&& other) noexcept
      : leaf<file_job<F>>(std::move(other)),
        pool_job(other),
        engine_(other.engine_),
        f_(other.f_),
        text_(other.text_) {}

  bool try_complete() const noexcept { return false; }
  void begin() { engine_->threads().submit(*this, this->context_->scheduler()); }
  bool take_back() noexcept {
    if (engine_->threads().withdraw(*this)) return true;
    stop_.request();
    return false;
  }
  T await_resume() { return std::move(result_).value(); }
  std::string describe() const override { return text_; }

 private:
  void work() noexcept override {
    try {
      if constexpr (std::is_void_v<T>) {
        (*f_)(std::as_const(stop_));
        result_.emplace();
      } else {
        result_.emplace((*f_)(std::as_const(stop_)));
      }
    } catch (const stop_flag::stopped&) {
      was_stopped_ = true;
    } catch (...) {
      result_ = outcome<T>::from_exception(std::current_exception());
    }
  }
  void back() noexcept override {
    if (was_stopped_)
      this->context_->withdrawn();
    else
      this->context_->completed();
  }

  file_engine* engine_;
  F* f_;
  const char* text_;
  stop_flag stop_;
  outcome<T> result_;
  bool was_stopped_ = false;
};

/// The engine of the loop that runs here. @throws misuse_error  None does.
inline file_engine& current_file_engine() { return file_engine::of(event_loop::current().scheduler()); }

}  // namespace eddy::detail
