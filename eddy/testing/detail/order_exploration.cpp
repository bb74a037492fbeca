// SPDX-License-Identifier: BSL-1.0
#include "eddy/testing/detail/order_exploration.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <memory>
#include <string_view>

#include "eddy/testing/detail/caught_run.hpp"
#include "eddy/testing/detail/faulty_backend.hpp"

namespace eddy::testing {

namespace {

constexpr std::size_t usual_seeds = 2'000;
constexpr std::size_t tries_to_shorten = 400;
constexpr std::size_t most_steps_shown = 80;
constexpr std::string_view given_order = "order:";

std::size_t seeds_wanted(const std::optional<std::size_t>& asked) {
  if (asked) return *asked;
  const char* text = std::getenv("EDDY_SEEDS");
  return text != nullptr ? std::strtoull(text, nullptr, 10) : usual_seeds;
}

// "order:0.2.1", with the seed of random numbers in front of it when that matters: "7/order:0.2.1".
std::string written(std::uint64_t seed, const std::vector<unsigned>& choices) {
  std::string text = std::to_string(seed) + "/" + std::string(given_order);
  for (std::size_t i = 0; i < choices.size(); ++i) text += (i == 0 ? "" : ".") + std::to_string(choices[i]);
  return text;
}

std::vector<unsigned> read_choices(std::string_view text) {
  std::vector<unsigned> choices;
  while (!text.empty()) {
    unsigned value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc()) break;
    choices.push_back(value);
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    if (!text.empty()) text.remove_prefix(1);
  }
  return choices;
}

void drop_usual_end(std::vector<unsigned>& choices) {
  while (!choices.empty() && choices.back() == 0) choices.pop_back();
}

// The order after this one, depth first: the last choice that has another goes on to it. @returns whether there is one.
bool next_order(const std::vector<detail::decision>& made, std::vector<unsigned>& choices) {
  std::size_t last = made.size();
  while (last > 0 && made[last - 1].chosen + 1 >= made[last - 1].of) --last;
  choices.clear();
  for (std::size_t i = 0; i < last; ++i) choices.push_back(made[i].chosen);
  if (last > 0) ++choices.back();
  return last > 0;
}

std::string numbered(const std::vector<std::string>& steps) {
  std::string text;
  for (std::size_t i = 0; i < std::min(steps.size(), most_steps_shown); ++i)
    text += "  " + std::to_string(i + 1) + ". " + steps[i] + "\n";
  if (steps.size() > most_steps_shown)
    text += "  ... and " + std::to_string(steps.size() - most_steps_shown) + " more\n";
  return text;
}

}  // namespace

order_exploration::order_exploration(const std::function<coro<>()>& body, const order_options& options)
    : body_(body), options_(options) {
  freedom_.budgets = !options.exhaustive_;
  freedom_.cancelling = options.cancelling_ && !options.exhaustive_;
  freedom_.slow_steps = options.slow_steps_;
}

explore_result order_exploration::go() {
  if (const char* wanted = std::getenv("EDDY_SEED"))
    only(wanted);
  else if (options_.exhaustive_)
    each_order();
  else
    each_seed();
  if (options_.report_) detail::report_failures(result_);
  if (result_.clean()) detail::log_explored(result_);
  return std::move(result_);
}

std::vector<std::string> order_exploration::steps_of(std::uint64_t seed) {
  std::vector<std::string> steps;
  detail::decision_source source(seed);
  static_cast<void>(run(source, seed, &steps));
  return steps;
}

void order_exploration::each_seed() {
  const std::size_t count = seeds_wanted(options_.seeds_);
  for (std::uint64_t seed = 1; seed <= count; ++seed)
    if (!try_order(detail::decision_source(seed), seed, std::to_string(seed))) return;
}

void order_exploration::each_order() {
  choices next;
  do {
    if (result_.orders >= *options_.exhaustive_) {
      result_.failures.push_back("explore_orders stopped after " + std::to_string(result_.orders) +
                                 " orders, and there are more; make the body smaller, allow more, or use seeds");
      return;
    }
    detail::decision_source source(next);
    const auto problems = run(source, 1);
    if (!problems.empty()) {
      describe_failure(written(1, next), 1, problems, source.made());
      return;
    }
    ++result_.orders;
    result_.exhausted = !next_order(source.made(), next);
  } while (!result_.exhausted);
}

void order_exploration::only(const std::string& wanted) {
  const std::uint64_t seed = std::strtoull(wanted.c_str(), nullptr, 10);
  const std::size_t at = wanted.find(given_order);
  static_cast<void>(try_order(at == std::string::npos ? detail::decision_source(seed)
                                                      : detail::decision_source(read_choices(
                                                            std::string_view(wanted).substr(at + given_order.size()))),
                              seed, wanted));
}

std::vector<std::string> order_exploration::run(detail::decision_source& source, std::uint64_t seed,
                                                std::vector<std::string>* steps) {
  std::unique_ptr<detail::order_chooser> chooser;
  body_settings settings;
  settings.clock = options_.clock_;
  settings.prepare = [&](runner_base& runner, detail::task_state& main) {
    detail::scheduler& s = runner.loop().scheduler();
    chooser = std::make_unique<detail::order_chooser>(source, freedom_, main, steps);
    s.set_choices(chooser.get());
    if (freedom_.cancelling) s.observer = chooser.get();
    s.seed_random(seed);
    detail::faulty_backend::wrap(s);
  };
  test_result went = detail::caught_run(body_, settings);
  ++result_.runs;
  std::vector<std::string> problems = std::move(went.problems);
  if (!went.exception.empty()) problems.insert(problems.begin(), "the body threw " + went.exception);
  if (options_.check_)
    if (std::string text = options_.check_(); !text.empty()) problems.push_back(std::move(text));
  return problems;
}

bool order_exploration::try_order(detail::decision_source source, std::uint64_t seed, const std::string& name) {
  const auto problems = run(source, seed);
  if (problems.empty()) {
    ++result_.orders;
    return true;
  }
  describe_failure(name, seed, problems, source.made());
  return false;
}

void order_exploration::describe_failure(const std::string& name, std::uint64_t seed,
                                         const std::vector<std::string>& problems,
                                         const std::vector<detail::decision>& made) {
  choices failing;
  for (const detail::decision& each : made) failing.push_back(each.chosen);
  const choices shorter = shorten(std::move(failing), seed);
  std::vector<std::string> steps;
  detail::decision_source again(shorter);
  const auto still = run(again, seed, &steps);
  result_.seed = written(seed, shorter);
  std::string text = "EDDY_SEED=" + name + " fails";
  if (still.empty()) {
    result_.seed = name;
    text +=
        ", but not when it is repeated: the body uses what cannot be repeated, such as descriptors, threads or the "
        "real clock\n";
    result_.repeatable = false;
  } else {
    text += "; the shortest order like it that was found is EDDY_SEED=" + result_.seed + "\n" + numbered(steps);
  }
  for (const std::string& problem : still.empty() ? problems : still) result_.failures.push_back(text + problem);
}

order_exploration::choices order_exploration::shorten(choices failing, std::uint64_t seed) {
  std::size_t tries = 0;
  const auto fails = [&](const choices& c) {
    detail::decision_source source(c);
    return ++tries <= tries_to_shorten && !run(source, seed).empty();
  };
  drop_usual_end(failing);
  for (std::size_t half = failing.size() / 2; half > 0; half /= 2) {
    while (failing.size() > half) {
      choices shorter(failing.begin(), failing.end() - static_cast<std::ptrdiff_t>(half));
      if (!fails(shorter)) break;
      failing = std::move(shorter);
    }
  }
  for (std::size_t i = 0; i < failing.size(); ++i) {
    if (failing[i] == 0) continue;
    choices calmer = failing;
    calmer[i] = 0;
    if (fails(calmer)) failing = std::move(calmer);
  }
  drop_usual_end(failing);
  return failing;
}

}  // namespace eddy::testing
