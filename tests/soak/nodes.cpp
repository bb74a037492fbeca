// SPDX-License-Identifier: BSL-1.0
#include "tests/soak/nodes.hpp"

#include <functional>
#include <utility>

#include "eddy/exec/to_thread.hpp"
#include "eddy/flow/as_outcome.hpp"
#include "eddy/flow/finally.hpp"
#include "eddy/flow/for_each.hpp"
#include "eddy/flow/gather.hpp"
#include "eddy/flow/map_concurrent.hpp"
#include "eddy/flow/on_cancel.hpp"
#include "eddy/flow/race.hpp"
#include "eddy/flow/shield.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/task_group.hpp"
#include "eddy/flow/timeout.hpp"
#include "eddy/flow/wait.hpp"
#include "eddy/flow/with.hpp"
#include "eddy/net/memory_pipe.hpp"
#include "eddy/net/open_connection.hpp"
#include "eddy/net/server.hpp"

using eddy::coro;
using namespace std::chrono_literals;

namespace soak {

namespace {

/// Counts a node from its first step to the end of its frame, whatever that end is.
class counted_node {
 public:
  explicit counted_node(world& w) : world_(w) { ++world_.started; }
  counted_node(const counted_node&) = delete;
  counted_node& operator=(const counted_node&) = delete;
  ~counted_node() { ++world_.ended; }

 private:
  world& world_;
};

/// Opened and closed once, with awaits in both, which may fail.
class thing {
 public:
  thing(world& w, const plan& p) : world_(&w), plan_(&p) {}
  coro<> aenter() {
    co_await eddy::sleep(plan_->pause);
    if (plan_->draw % 19 == 0) world_->fail(*plan_, 1);
    ++world_->opened;
  }
  coro<> aexit() {
    co_await eddy::sleep(plan_->pause);
    ++world_->closed;
    if (plan_->draw % 23 == 0) world_->fail(*plan_, 2);
  }

 private:
  world* world_;
  const plan* plan_;
};

result value_of(const plan& p) { return {result::end::value, p.id}; }

result wrapping(const plan& p, result part) {
  result r = value_of(p);
  r.parts.push_back(std::move(part));
  return r;
}

std::string pattern(const plan& p, std::size_t size) {
  std::string bytes(size, ' ');
  for (std::size_t i = 0; i < size; ++i)
    bytes[i] = static_cast<char>('a' + (i * 7 + static_cast<std::size_t>(p.id)) % 26);
  return bytes;
}

// -- leaves

coro<> produce(eddy::queue<int>& items, int count) {
  for (int i = 0; i < count; ++i) co_await items.put(i);
}
coro<bool> consume(eddy::queue<int>& items, int count) {
  bool in_order = true;
  for (int i = 0; i < count; ++i) {
    const int got = co_await items.get();
    in_order = in_order && got == i;
  }
  co_return in_order;
}
coro<result> queue_run(world& w, const plan& p) {
  eddy::queue<int> items(static_cast<std::size_t>(p.draw % 4));
  const int count = 1 + p.draw % 20;
  auto both = co_await eddy::gather(consume(items, count), produce(items, count));
  w.values += static_cast<std::uint64_t>(count);
  co_return std::get<0>(both) ? value_of(p) : result(result::end::value, -1);
}

coro<> send_all(const eddy::stream& to, const std::string& bytes, std::size_t piece) {
  for (std::size_t at = 0; at < bytes.size(); at += piece)
    co_await to.writer().write(std::string_view(bytes).substr(at, piece));
  co_await to.writer().drain();
}
coro<result> echoed(world& w, const plan& p, const eddy::stream& near, const eddy::stream& far) {
  const std::string bytes = pattern(p, 1 + static_cast<std::size_t>(p.draw));
  const std::size_t piece = 1 + bytes.size() / 3;
  auto both = co_await eddy::gather(far.reader().read_exactly(bytes.size()), send_all(near, bytes, piece));
  w.values += bytes.size();
  co_return std::get<0>(both) == bytes ? value_of(p) : result(result::end::value, -1);
}
coro<result> pipe_run(world& w, const plan& p) {
  auto ends = eddy::memory_pipe(eddy::memory_pipe_options()
                                    .capacity(64 + static_cast<std::size_t>(p.draw % 1000))
                                    .chunk(1 + static_cast<std::size_t>(p.draw % 700)));
  co_return co_await echoed(w, p, ends.first, ends.second);
}
coro<result> socket_run(world& w, const plan& p) {
  auto connection = co_await eddy::open_connection("127.0.0.1", w.port);
  result r = co_await echoed(w, p, connection, connection);
  co_await connection.close();
  co_return r;
}
coro<> echo(eddy::stream connection) {
  std::array<char, 1024> bytes{};
  while (true) {
    const std::size_t count = co_await connection.reader().read_some(bytes);
    if (count == 0) co_return;
    co_await connection.writer().write(std::string_view(bytes.data(), count));
  }
}

coro<result> thread_job(const plan& p) {
  const int number = p.id;
  const int back = co_await eddy::to_thread([number] { return number; });
  co_return result(result::end::value, back);
}

void note_got(world& w, int number) {
  if (!w.got.insert(number).second) ++w.doubled;
  ++w.values;
}
coro<> market_put(world& w, const plan& p) {
  auto mine = std::make_unique<int>(p.id);
  auto book = eddy::on_exit([&] {
    if (!mine) w.put.insert(p.id);
  });
  co_await eddy::wait_for(w.market.put(std::move(mine)), p.pause);
}
coro<> market_get(world& w, const plan& p) {
  const item got = co_await eddy::wait_for(w.market.get(), p.pause);
  note_got(w, *got);
  w.market.task_done();
}
coro<> market_lease(world& w, const plan& p) {
  auto job = co_await eddy::wait_for(w.market.take(), p.pause);
  co_await eddy::sleep(p.pause);
  if (p.draw % 2 == 0) co_return;  // changes its mind: it goes back
  note_got(w, **job);
  job.done();
}
coro<result> at_the_market(world& w, const plan& p, coro<> (*act)(world&, const plan&)) {
  const auto end = co_await eddy::as_outcome(act(w, p));  // the limit may be reached: then nothing has happened
  if (end.has_exception()) w.see(end.exception());
  co_return value_of(p);
}

coro<result> hold_lock(world& w, const plan& p) {
  auto held = co_await w.door.lock();
  w.most_inside = std::max(w.most_inside, ++w.inside);
  auto leave = eddy::on_exit([&] { --w.inside; });
  co_await eddy::sleep(p.pause);
  co_return value_of(p);
}
coro<result> hold_permit(world& w, const plan& p) {
  auto permit = co_await w.permits.acquire();
  co_await eddy::sleep(p.pause);
  co_return value_of(p);
}
coro<result> pause(const plan& p) {
  co_await eddy::sleep(p.pause);
  co_return value_of(p);
}
coro<result> check(const plan& p) {
  co_await eddy::checkpoint();
  co_return value_of(p);
}
coro<result> fail(world& w, const plan& p) {
  co_await eddy::sleep(p.pause);
  w.fail(p, 0);
}

// -- one child

coro<result> limited(world& w, const plan& p) {
  try {
    result r = co_await eddy::wait_for(run_node(w, p.children[0]), 2 * p.pause);
    co_return wrapping(p, std::move(r));
  } catch (const eddy::timeout_error&) {
    co_return result(result::end::expired, 0);
  }
}
coro<result> caught(world& w, const plan& p) {
  auto end = co_await eddy::as_outcome(run_node(w, p.children[0]));
  if (end.has_value()) co_return wrapping(p, std::move(end).value());
  w.see(end.exception());
  co_return result(result::end::failed, world::number_of(end.exception()));
}
coro<result> guarded(world& w, const plan& p) {
  result r = co_await eddy::with(thing(w, p), [&w, &p](thing&) { return run_node(w, p.children[0]); });
  co_return wrapping(p, std::move(r));
}
coro<> clean_up(world& w, const plan& p) {
  auto permit = co_await w.permits.acquire();
  co_await eddy::sleep(p.pause);
}
coro<result> finally_(world& w, const plan& p) {
  result r =
      co_await eddy::finally([&w, &p] { return run_node(w, p.children[0]); }, [&w, &p] { return clean_up(w, p); });
  co_return wrapping(p, std::move(r));
}
coro<result> as_task(world& w, const plan& p) {
  auto job = eddy::create_task(run_node, std::ref(w), std::cref(p.children[0]));
  auto stop = eddy::on_exit([&] { job.cancel("its maker is gone"); });
  result r = co_await job;
  co_return wrapping(p, std::move(r));
}
coro<result> cancelled(world& w, const plan& p) {
  std::unique_ptr<result> got;
  co_await eddy::with(eddy::task_group(), [&](eddy::task_group& group) -> coro<> {
    auto child = group.create_task([&]() -> coro<> {
      result r = co_await run_node(w, p.children[0]);
      got = std::make_unique<result>(std::move(r));
    });
    co_await eddy::sleep(p.pause);
    child.cancel("a sibling is impatient");
  });
  co_return got ? wrapping(p, std::move(*got)) : result(result::end::cancelled, 0);
}

// -- several

coro<result> sequence(world& w, const plan& p) {
  result all = value_of(p);
  for (const plan& child : p.children) {
    result r = co_await run_node(w, child);
    all.parts.push_back(std::move(r));
  }
  co_return all;
}
coro<result> gathered(world& w, const plan& p) {
  std::vector<coro<result>> work;
  for (const plan& child : p.children) work.push_back(run_node(w, child));
  result all = value_of(p);
  all.parts = co_await eddy::gather(std::move(work));
  co_return all;
}
coro<result> raced(world& w, const plan& p) {
  auto won = co_await eddy::race(run_node(w, p.children[0]), run_node(w, p.children[1]));
  result r = wrapping(p, std::move(won.value()));
  r.number = static_cast<int>(won.index());
  co_return r;
}
coro<result> grouped(world& w, const plan& p) {
  result all = value_of(p);
  all.parts.resize(p.children.size());
  co_await eddy::with(eddy::task_group(), [&](eddy::task_group& group) {
    for (std::size_t i = 0; i < p.children.size(); ++i) {
      group.create_task([&w, &p, &all, i]() -> coro<> {
        result r = co_await run_node(w, p.children[i]);
        all.parts[i] = std::move(r);
      });
    }
  });
  co_return all;
}
coro<result> mapped(world& w, const plan& p) {
  std::vector<const plan*> input;
  for (const plan& child : p.children) input.push_back(&child);
  result all = value_of(p);
  co_await eddy::with(
      eddy::map_concurrent(std::move(input), 2, [&w](const plan* child) { return run_node(w, *child); }),
      [&all](auto& results) -> coro<> {
        while (auto each = co_await results.next()) all.parts.push_back(std::move(*each).value());
      });
  co_return all;
}

coro<result> run_leaf(world& w, const plan& p) {
  switch (p.what) {
    case kind::checkpoint:
      return check(p);
    case kind::fail:
      return fail(w, p);
    case kind::thread_job:
      return thread_job(p);
    case kind::queue_run:
      return queue_run(w, p);
    case kind::pipe_run:
      return pipe_run(w, p);
    case kind::socket_run:
      return socket_run(w, p);
    case kind::market_put:
      return at_the_market(w, p, market_put);
    case kind::market_get:
      return at_the_market(w, p, market_get);
    case kind::market_lease:
      return at_the_market(w, p, market_lease);
    case kind::lock:
      return hold_lock(w, p);
    case kind::permit:
      return hold_permit(w, p);
    default:
      return pause(p);
  }
}

coro<result> run_scope(world& w, const plan& p) {
  switch (p.what) {
    case kind::limited:
      return limited(w, p);
    case kind::caught:
      return caught(w, p);
    case kind::guarded:
      return guarded(w, p);
    case kind::finally_:
      return finally_(w, p);
    case kind::task_:
      return as_task(w, p);
    case kind::cancelled:
      return cancelled(w, p);
    case kind::gather_:
      return gathered(w, p);
    case kind::race_:
      return raced(w, p);
    case kind::group:
      return grouped(w, p);
    case kind::map:
      return mapped(w, p);
    default:
      return sequence(w, p);  // a shielded node has one child too
  }
}

}  // namespace

coro<result> run_node(world& w, const plan& p) {
  const counted_node count(w);
  if (p.what < kind::limited) co_return co_await run_leaf(w, p);
  if (p.what == kind::shielded) co_return co_await eddy::shield(run_scope(w, p));
  co_return co_await run_scope(w, p);
}

namespace {

coro<> run_root(world& w, const plan& p, std::unique_ptr<result>& out) {
  auto job = eddy::create_task([&]() -> coro<> {
    result r = co_await run_node(w, p);
    out = std::make_unique<result>(std::move(r));
  });
  if (p.draw % 3 == 0) {
    co_await eddy::sleep(p.pause * (p.draw % 17));
    job.cancel("the program is cancelled");
  }
  co_await eddy::wait(std::vector<eddy::task<>>(1, job));
  if (auto error = job.exception()) w.see(error);
  while (w.started != w.ended) co_await eddy::sleep(1ms);  // tasks whose makers are gone were cancelled and end
}

}  // namespace

coro<> run_program(world& w, const plan& p, std::unique_ptr<result>& out, bool sockets) {
  eddy::event_loop::current().set_exception_handler([&w](const eddy::unhandled_error& what) { w.see(what.error); });
  if (!sockets) {
    co_await run_root(w, p, out);
    co_return;
  }
  co_await eddy::with(eddy::start_server(echo, "127.0.0.1", 0), [&](eddy::server& server) -> coro<> {
    w.port = server.port();
    co_await run_root(w, p, out);
  });
}

}  // namespace soak
