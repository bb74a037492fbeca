// SPDX-License-Identifier: BSL-1.0
#include "tests/soak/plan.hpp"

#include <algorithm>
#include <array>
#include <random>

namespace soak {

namespace {

constexpr std::array leaves{kind::pause,      kind::pause,        kind::checkpoint, kind::fail,
                            kind::queue_run,  kind::pipe_run,     kind::market_put, kind::market_put,
                            kind::market_get, kind::market_lease, kind::lock,       kind::permit};
constexpr std::array real_leaves{kind::socket_run, kind::socket_run, kind::thread_job};
constexpr std::array scopes{kind::limited, kind::limited,   kind::caught,   kind::caught,
                            kind::caught,  kind::shielded,  kind::guarded,  kind::finally_,
                            kind::task_,   kind::cancelled, kind::sequence, kind::gather_,
                            kind::gather_, kind::race_,     kind::group,    kind::map};

class maker {
 public:
  maker(std::uint64_t seed, bool sockets) : random_(seed), sockets_(sockets) {}

  plan make(int depth) {
    plan p;
    p.id = next_id_++;
    p.what = pick(depth);
    p.draw = below(10'000);
    p.pause = sockets_ ? std::chrono::nanoseconds(std::chrono::microseconds(below(300)))
                       : std::chrono::nanoseconds(std::chrono::milliseconds(below(6)));
    for (int i = children_of(p.what); i > 0; --i) p.children.push_back(make(depth - 1));
    p.end = next_id_;
    return p;
  }

 private:
  int below(int limit) { return static_cast<int>(random_() % static_cast<unsigned>(limit)); }
  template <std::size_t N>
  kind one_of(const std::array<kind, N>& all) {
    return all[random_() % N];
  }
  kind pick(int depth) {
    if (depth > 0 && next_id_ < 60 && below(4) != 0) return one_of(scopes);
    return sockets_ && below(4) == 0 ? one_of(real_leaves) : one_of(leaves);
  }
  int children_of(kind k) {
    if (k < kind::limited) return 0;
    return k < kind::sequence ? 1 : k == kind::race_ ? 2 : 1 + below(3);
  }

  std::mt19937_64 random_;
  bool sockets_;
  int next_id_ = 0;
};

std::string wrong(const plan& p, const std::string& what) {
  return "node " + std::to_string(p.id) + " (kind " + std::to_string(static_cast<int>(p.what)) + ") " + what;
}

std::string explain_parts(const plan& p, const result& r) {
  if (r.how != result::end::value || r.parts.size() != p.children.size())
    return wrong(p, "gave " + std::to_string(r.parts.size()) + " results for " + std::to_string(p.children.size()) +
                        " children");
  for (std::size_t i = 0; i < r.parts.size(); ++i)
    if (std::string text = explain(p.children[i], r.parts[i]); !text.empty()) return text;
  return {};
}

std::string explain_race(const plan& p, const result& r) {
  const auto winner = static_cast<std::size_t>(r.number);
  if (r.how != result::end::value || r.parts.size() != 1 || winner >= p.children.size())
    return wrong(p, "has no winner");
  return explain(p.children[winner], r.parts[0]);
}

// Errors are numbered 4 * id + (which of the node's errors).
std::string explain_error(const plan& p, const result& r) {
  const int thrower = r.number / 4;
  return thrower >= p.id && thrower < p.end ? std::string() : wrong(p, "caught the error of another branch");
}

}  // namespace

plan make_plan(std::uint64_t seed, bool sockets) { return maker(seed, sockets).make(sockets ? 4 : 6); }

std::string explain(const plan& p, const result& r) {
  switch (p.what) {
    case kind::fail:
      return wrong(p, "gave a value");
    case kind::limited:
      return r.how == result::end::expired ? std::string() : explain_parts(p, r);
    case kind::cancelled:
      return r.how == result::end::cancelled ? std::string() : explain_parts(p, r);
    case kind::caught:
      return r.how == result::end::failed ? explain_error(p, r) : explain_parts(p, r);
    case kind::race_:
      return explain_race(p, r);
    default:
      if (p.what >= kind::limited) return explain_parts(p, r);
      if (r.how == result::end::value && r.number == p.id) return {};
      return wrong(p, "gave " + std::to_string(r.number));
  }
}

}  // namespace soak
