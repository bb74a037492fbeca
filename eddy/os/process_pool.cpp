// SPDX-License-Identifier: BSL-1.0
#include "eddy/os/process_pool.hpp"

#include <algorithm>
#include <cstdlib>
#include <stdexcept>
#include <thread>

#include "eddy/flow/finally.hpp"
#include "eddy/os/detail/process_pool_core.hpp"
#include "eddy/os/detail/process_worker.hpp"

namespace eddy {

process_pool::process_pool(std::size_t workers) {
  if (detail::is_process_worker())
    throw misuse_error(
        "process_pool: this process is a worker, and yet its main() runs; call eddy::process_pool_main() first in it");
  core_ = std::make_shared<detail::process_pool_core>();
  core_->settings.workers = workers != 0 ? workers : std::max<std::size_t>(1, std::thread::hardware_concurrency());
}

process_pool::~process_pool() {
  if (core_ != nullptr) core_->abort();
}

process_pool&& process_pool::name(std::string text) && {
  core_->settings.name = std::move(text);
  return std::move(*this);
}
process_pool&& process_pool::max_jobs(std::size_t count) && {
  core_->settings.max_jobs = count;
  return std::move(*this);
}
process_pool&& process_pool::eager(bool on) && {
  core_->settings.eager = on;
  return std::move(*this);
}
process_pool&& process_pool::kill_on_cancel(bool on) && {
  core_->settings.kill_on_cancel = on;
  return std::move(*this);
}
process_pool&& process_pool::max_message(std::size_t bytes) && {
  core_->settings.max_message = bytes;
  return std::move(*this);
}
process_pool&& process_pool::on_stderr(detail::function<void(int pid, std::string_view text)> handler) && {
  core_->settings.on_stderr = std::move(handler);
  return std::move(*this);
}
process_pool&& process_pool::program(std::string path) && {
  core_->settings.program = std::move(path);
  return std::move(*this);
}

coro<> process_pool::aenter() {
  co_await finally([this] { return core_->start(); },
                   [this](const outcome<>& how) -> coro<> {
                     if (!how.has_value()) co_await core_->stop(false);
                   });
}

coro<> process_pool::aexit(const outcome<>& how) { co_await core_->stop(how.has_value()); }

process_pool::statistics_type process_pool::statistics() const {
  return {core_->pids().size(), core_->busy(), core_->queued()};
}

void process_pool::check_size(std::size_t call) const {
  if (call > core_->settings.max_message)
    throw std::length_error("process_pool::submit: the arguments have " + std::to_string(call) +
                            " bytes, more than max_message() allows");
}

void process_pool_main() {
  if (detail::is_process_worker()) std::exit(detail::serve_process_worker());
}

std::vector<int> process_pool::pids() const { return core_->pids(); }

std::size_t process_pool::largest_message() const noexcept { return core_->settings.max_message; }
bool process_pool::kills_on_cancel() const noexcept { return core_->settings.kill_on_cancel; }

void process_pool::set_initializer(std::vector<std::byte> call) noexcept {
  core_->settings.initializer = std::move(call);
}

}  // namespace eddy
