// SPDX-License-Identifier: BSL-1.0
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <optional>
#include <string>
#include <system_error>

#include "eddy/base/config.hpp"
#include "eddy/base/errors.hpp"
#include "eddy/base/reports.hpp"
#include "eddy/coro/run.hpp"
#include "eddy/loop/backend.hpp"
#include "eddy/loop/event_loop.hpp"
#include "tests/support/forbidden_call.hpp"

using namespace std::chrono_literals;
using eddy::detail::choose_backend;
using eddy::testing::with_forbidden_call;

namespace {

bool built_with(std::string_view name) {
  const auto known = eddy::detail::known_backends();
  return std::find(known.begin(), known.end(), name) != known.end();
}

/// Sets EDDY_BACKEND for a scope.
class environment {
 public:
  explicit environment(const char* value) {
    if (const char* before = std::getenv("EDDY_BACKEND")) before_ = before;
    setenv("EDDY_BACKEND", value, 1);
  }
  environment(const environment&) = delete;
  environment& operator=(const environment&) = delete;
  ~environment() {
    if (before_)
      setenv("EDDY_BACKEND", before_->c_str(), 1);
    else
      unsetenv("EDDY_BACKEND");
  }

 private:
  std::optional<std::string> before_;
};

std::string refusal_of(std::string_view names) {
  try {
    choose_backend(names);
  } catch (const std::exception& e) {
    return e.what();
  }
  return "none";
}

void expect_part(const std::string& text, const std::string& part) {
  EXPECT_NE(text.find(part), std::string::npos) << "no \"" << part << "\" in: " << text;
}

TEST(backend_choice, epoll_is_the_default) {
  const environment empty("");
  const auto chosen = choose_backend("");
  EXPECT_EQ(chosen.io->name(), "epoll");
  EXPECT_EQ(chosen.reason, "the default");
}

TEST(backend_choice, the_environment_chooses_and_the_program_before_it) {
  for (const std::string_view name : eddy::detail::known_backends()) {
    if (name == "io_uring" && refusal_of("io_uring") != "none") continue;
    const environment wanted(std::string(name).c_str());
    EXPECT_EQ(choose_backend("").io->name(), name);
    EXPECT_EQ(choose_backend("").reason, "EDDY_BACKEND is " + std::string(name));
    EXPECT_EQ(choose_backend("epoll").io->name(), "epoll");
    std::string seen;
    eddy::run([&]() -> eddy::coro<> {
      seen = eddy::event_loop::current().backend_name();
      co_return;
    });
    EXPECT_EQ(seen, name);
    eddy::run(eddy::run_options().backend("epoll"), [&]() -> eddy::coro<> {
      seen = eddy::event_loop::current().backend_name();
      co_return;
    });
    EXPECT_EQ(seen, "epoll");
  }
}

TEST(backend_choice, L9_an_unknown_name_lists_the_known_ones) {
  const std::string told = refusal_of("kqueue");
  expect_part(told, "no backend called \"kqueue\"");
  for (const std::string_view name : eddy::detail::known_backends()) expect_part(told, std::string(name));
  EXPECT_THROW(choose_backend("kqueue"), eddy::misuse_error);
  EXPECT_THROW(choose_backend("epoll2"), eddy::misuse_error);
  const environment wrong("iouring");
  expect_part(refusal_of(""), "\"iouring\"");
}

TEST(backend_choice, a_refusal_says_why_and_what_to_do) {
  if (!built_with("io_uring")) GTEST_SKIP() << "built without liburing";
  const auto when_refused_with = [](int error) {
    std::string told;
    if (!with_forbidden_call(SYS_io_uring_setup, error, [&] { told = refusal_of("io_uring"); })) told = "no filter";
    return told;
  };
  const std::string forbidden = when_refused_with(EPERM);
  if (forbidden == "no filter") GTEST_SKIP() << "this system lets no thread forbid itself a call";
  expect_part(forbidden, "io_uring cannot be used");
  expect_part(forbidden, "seccomp");
  expect_part(forbidden, "take the backend epoll");
  expect_part(when_refused_with(ENOSYS), "no io_uring");
  expect_part(when_refused_with(ENOMEM), "ulimit -l");
  expect_part(when_refused_with(EMFILE), "ulimit -n");
}

TEST(backend_choice, a_list_falls_back_to_the_next_and_tells_why) {
  if (!built_with("io_uring")) GTEST_SKIP() << "built without liburing";
  eddy::detail::chosen_backend chosen;
  std::string reported;
  const bool possible = with_forbidden_call(SYS_io_uring_setup, EPERM, [&] {
    chosen = choose_backend("io_uring,epoll");
    const auto before = eddy::set_report_handler([&](const std::string& text) { reported += text + '\n'; });
    {
      eddy::event_loop loop("io_uring,epoll");
      loop.set_debug(true);
      loop.set_debug(false);
      loop.set_debug(true);
    }
    eddy::set_report_handler(before);
  });
  if (!possible) GTEST_SKIP() << "this system lets no thread forbid itself a call";
  EXPECT_EQ(chosen.io->name(), "epoll");
  expect_part(chosen.reason, "asked for io_uring,epoll");
  expect_part(chosen.reason, "seccomp");
  expect_part(reported, "the loop's backend is epoll: ");
  EXPECT_EQ(std::count(reported.begin(), reported.end(), '\n'), 1) << "said once";
}

TEST(backend_choice, a_list_takes_the_first_that_works) {
  EXPECT_EQ(choose_backend("epoll,io_uring").io->name(), "epoll");
}

TEST(backend_choice, without_descriptors_every_backend_says_so) {
#if EDDY_ASAN
  GTEST_SKIP() << "UBSan looks at objects through a pipe, and takes one that it cannot have for a broken object";
#endif
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  for (const std::string_view name : eddy::detail::known_backends()) {
    rlimit none = before;
    none.rlim_cur = 0;
    setrlimit(RLIMIT_NOFILE, &none);
    int error = 0;
    try {
      choose_backend(name);
    } catch (const std::system_error& e) {
      error = e.code().value();
    }
    setrlimit(RLIMIT_NOFILE, &before);
    EXPECT_TRUE(error == EMFILE || (name == "io_uring" && error != 0)) << name << ": " << error;
  }
}

TEST(backend_choice, epoll_does_without_a_wait_in_nanoseconds) {
  const bool possible = with_forbidden_call(SYS_epoll_pwait2, ENOSYS, [] {
    const auto io = eddy::detail::make_backend("epoll");
    const auto start = std::chrono::steady_clock::now();
    io->poll(1500us);
    EXPECT_GE(std::chrono::steady_clock::now() - start, 1500us) << "rounded up, not down";
    io->poll(0ns);
    io->wake();
    io->poll(std::nullopt);
  });
  if (!possible) GTEST_SKIP() << "this system lets no thread forbid itself a call";
}

}  // namespace
