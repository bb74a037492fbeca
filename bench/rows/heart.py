# SPDX-License-Identifier: BSL-1.0
"""The heart: calls, tasks, switching, timers, cancellation and threads, beside whoever has the same.

Each program takes ROW [COUNT]. Slow peers do fewer units of the same work, so that one run takes about two seconds;
where fewer units make a unit cheaper (gather of a million, a million sleeps), their name says how many they did.
"""

from __future__ import annotations

from harness.row import Contender, Goal, Row, program, source

PROGRAMS = {
    "eddy": [program("bench/heart/bench_heart")],
    "asio": [program("bench/heart/bench_heart_asio")],
    "asio_new": [program("bench/heart/asio_new/bench_heart_asio_new")],
    "boost_asio": [program("bench/heart/bench_heart_boost_asio")],
    "tokio": [program("bench/heart/tokio/release/bench_heart_tokio")],
    "go": [program("bench/heart/go/bench_heart_go")],
    "libuv": [program("bench/heart/bench_heart_uv")],
    "uvloop": ["/usr/bin/python3", source("bench/heart/asyncio_heart.py"), "--uvloop"],
    "asyncio": ["/usr/bin/python3", source("bench/heart/asyncio_heart.py")],
    "limit": [program("bench/heart/bench_heart_limit")],
}
ALL = ["eddy", "asio", "asio_new", "boost_asio", "tokio", "go", "uvloop", "asyncio", "limit"]


def contenders(row, count=None, names=ALL, cores="1", smaller=None):
    """Who takes part with `row` and `count`; `smaller` are counts of those who would take too long."""
    found = []
    for name in names:
        own = (smaller or {}).get(name, count)
        label = name if own == count else f"{name} ({own})"
        found.append(Contender(label, [*PROGRAMS[name], row, *([] if own is None else [str(own)])], cores=cores))
    return found


def without(*names):
    return [name for name in ALL if name not in names]


CALLS = [
    Row("await_ready", "await a child that is ready", "ns", "ns",
        contenders("await_ready"), [Goal("asio", 0.65)],
        about="A coroutine awaits another that returns at once. Go makes a plain call; Tokio's child is boxed, as a plain"
              " async fn is inlined into its parent."),
    Row("chain_yield", "chain of ten coroutines, one yield", "ns", "ns",
        contenders("chain_yield"), [Goal("asio", 0.4)],
        about="Ten coroutines deep, the innermost yields once to the loop. Go: ten plain calls and a Gosched."),
]

TASKS = [
    Row("spawn_join", "spawn a task and join it", "ns", "ns",
        contenders("spawn_join"), [Goal("asio", 0.07), Goal("tokio", 1), Goal("go", 1)],
        about="A task that returns its value at once, spawned and awaited, one after the other."),
    Row("gather_10k", "gather 10 thousand tasks", "ns a task", "ns",
        contenders("gather", 10_000), [Goal("asio", 0.08), Goal("tokio", 1), Goal("go", 1)],
        about="As many tasks that return their number at once; wait for all and add up. Asio counts completion handlers,"
              " Tokio spawns all and joins each, Go has a WaitGroup."),
    Row("gather_1m", "gather 1 million tasks", "ns a task", "ns",
        contenders("gather", 1_000_000, smaller={"uvloop": 100_000, "asyncio": 100_000}),
        [Goal("asio", 0.16), Goal("tokio", 1), Goal("go", 1)],
        about="The same, out of the caches."),
    Row("task_bytes", "memory of a live task", "bytes", "bytes",
        contenders("task_bytes", 100_000), [Goal(None, 192)],
        about="Growth of the process's resident memory by 100 thousand tasks that wait for one event, with whatever the"
              " program keeps to join them, what the allocator adds and what the task listing needs."),
]

SWITCHING = [
    Row("yield_2", "yield, 2 tasks", "ns", "ns",
        contenders("yield", 2, names=[*without("limit"), "libuv", "limit"]), [Goal("asio", 0.05)],
        about="Tasks that yield in a loop. libuv: callbacks of its idle phase, which polls once a turn."),
    Row("yield_10k", "yield, 10 thousand tasks", "ns", "ns",
        contenders("yield", 10_000, names=[*without("limit"), "libuv", "limit"]), [Goal("asio", 0.07)],
        about="The same with 10 thousand."),
    Row("queue_handoff", "hand over through a queue", "ns an item", "ns",
        contenders("queue_handoff"), [Goal("asio", 0.045), Goal("go", 1)],
        about="A producer and a consumer on a queue of capacity 1; both wait in turn."),
    Row("mutex_free", "lock and unlock, nobody else", "ns", "ns",
        contenders("mutex_free"), [Goal("asio", 0.02), Goal("go", 1)],
        about="In a coroutine, lock and unlock. Asio has no lock: a channel of capacity 1 stands in, as its users do."),
    Row("mutex_contended", "lock and unlock, 100 tasks", "ns a lock", "ns",
        contenders("mutex_contended", 100), [Goal("asio", 0.04), Goal("go", 1)],
        about="Each of 100 tasks locks, yields inside and unlocks, so that all others always wait."),
]

TIME = [
    Row("sleeps", "1 million sleeping tasks", "ns of CPU a task", "cpu_ns",
        contenders("sleeps", 1_000_000, names=[*without("limit"), "libuv", "limit"],
                   smaller={"uvloop": 100_000, "asyncio": 100_000, "go": 200_000}),
        [Goal("asio", 0.31), Goal("tokio", 0.62)],
        about="Tasks that sleep for 1 to 1,000 ms, mixed: the process's user and system time from spawning the first to"
              " the end of the last."),
    Row("arm_cancel", "arm and cancel a timer among 100 thousand", "ns", "ns",
        contenders("arm_cancel", 100_000, names=[*without("limit"), "libuv", "limit"]), [Goal("libuv", 0.13)],
        about="A deadline about a minute away, set and taken back, while 100 thousand others are set."),
    Row("timeout_idle", "a timeout that never fires", "ns", "ns",
        contenders("timeout_idle"), [Goal("asio", 0.02), Goal("tokio", 0.2)],
        about="A timeout of one second around a coroutine that yields once. Asio: its awaitable operators; Go: a goroutine"
              " and a context with a timeout."),
    Row("cancel_1", "cancel a sleeper, 1 frame deep", "ns", "ns",
        contenders("cancel", 1, names=[*without("limit"), "libuv", "limit"]), [Goal("asio", 0.02), Goal("tokio", 0.33)],
        about="100 thousand tasks asleep (fewer for slow peers): cancel each, and whoever joins them is told. libuv stops"
              " and closes a timer."),
    Row("cancel_10", "cancel a sleeper, 10 frames deep", "ns", "ns",
        [*contenders("cancel", 10, names=without("limit")),
         Contender("asio, 1 frame", [*PROGRAMS["asio"], "cancel", "1"]),
         *contenders("cancel", 10, names=["limit"])],
        [Goal("asio, 1 frame", 0.2)],
        about="The same through ten frames. Go's ten plain calls return."),
]

THREADS = [
    Row("post", "post from another thread", "ns", "ns",
        contenders("post", names=without("go"), cores=None), [Goal("asio", 0.05)],
        about="A thread posts 200 thousand times to the loop; both on one core, so what counts is what a post costs both"
              " sides, not the wake-up. Tokio: an unbounded channel."),
    Row("round_trip_one_core", "ask a loop from another thread, one core", "us", "us",
        contenders("round_trip_one_core", names=[*without("limit"), "libuv", "limit"], cores=None), [Goal("asio", 1)],
        about="A thread posts and sleeps until the loop has answered: two switches of the kernel."),
    Row("round_trip_two_cores", "ask a loop from another thread, two cores", "us", "us",
        contenders("round_trip_two_cores", names=[*without("limit"), "libuv", "limit"], cores=None), [Goal("asio", 0.05)],
        about="The same on two cores. eddy and the limit turn for a while before they sleep, which the others do not"
              " offer; sleeping, all pay for waking a halted core."),
    *[Row(f"to_thread_{threads}", f"a job on a pool of {threads} and back", "us", "us",
          contenders("to_thread", threads, names=[*without("go", "limit"), "libuv", "limit"], cores=None),
          [Goal("asio", 1.1)],
          about="An empty job to a thread of a pool and its result back to the coroutine, all on one core.")
      for threads in (1, 4)],
]

ROWS = [*CALLS, *TASKS, *SWITCHING, *TIME, *THREADS]
