#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""The rows of the heart on Python's asyncio, or on uvloop: asyncio_heart.py [--uvloop] ROW [COUNT]."""

import asyncio
import concurrent.futures
import gc
import os
import resource
import statistics
import sys
import threading
import time

ROWS = {}


def row(count=0):
    """Makes a row of a function, with COUNT where none is given."""

    def note(work):
        ROWS[work.__name__] = (count, work)
        return work

    return note


def check(right, what):
    """A wrong result is no result."""
    if not right:
        sys.exit(f"wrong result: {what}")


def report(units, work, figure="ns", scale=1, rounds=3):
    """Runs `work` once to warm up and then `rounds` times, each on a new loop; prints the median time of a unit."""

    def measured():
        start = time.perf_counter_ns()
        own = asyncio.run(work())  # what it says that it took, or all of it
        return time.perf_counter_ns() - start if own is None else own

    measured()
    print(figure, statistics.median(measured() for _ in range(rounds)) / units / scale)


def cpu_time():
    """User and system time of this process so far, in nanoseconds."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return (used.ru_utime + used.ru_stime) * 1e9


def resident_bytes():
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")


def sleep_of(i):
    """How long the i-th sleeper sleeps, in seconds: 1 to 1,000 whole milliseconds, as in the other programs."""
    return (1 + i * 2654435761 % 1000) / 1000


async def child(i):
    return i


@row()
def await_ready(_):
    n = 1_000_000

    async def work():
        total = 0
        for _ in range(n):
            total += await child(1)
        check(total == n, "await_ready")

    report(n, work)


async def chain(depth):
    if depth == 1:
        await asyncio.sleep(0)
        return 1
    return await chain(depth - 1) + 1


@row()
def chain_yield(_):
    n = 50_000

    async def work():
        total = 0
        for _ in range(n):
            total += await chain(10)
        check(total == 10 * n, "chain_yield")

    report(n, work)


@row()
def spawn_join(_):
    n = 50_000

    async def work():
        total = 0
        for _ in range(n):
            total += await asyncio.create_task(child(1))
        check(total == n, "spawn_join")

    report(n, work)


@row(10_000)
def gather(count):
    times = max(1, 50_000 // count)

    async def work():
        for _ in range(times):
            values = await asyncio.gather(*(child(i) for i in range(count)))
            check(sum(values) == count * (count - 1) // 2, "gather")

    report(times * count, work, rounds=3 if count <= 100_000 else 1)


@row(100_000)
def task_bytes(count):
    async def work():
        before = resident_bytes()
        go = asyncio.Event()
        tasks = [asyncio.create_task(go.wait()) for _ in range(count)]
        await asyncio.sleep(0)
        print("bytes", (resident_bytes() - before) / count)
        go.set()
        await asyncio.wait(tasks)

    asyncio.run(work())


@row(2)
def yield_(count):
    each = max(1, 200_000 // count)

    async def yielder():
        for _ in range(each):
            await asyncio.sleep(0)
        return each

    async def work():
        check(sum(await asyncio.gather(*(yielder() for _ in range(count)))) == each * count, "yield")

    report(each * count, work)


ROWS["yield"] = ROWS.pop("yield_")


@row()
def queue_handoff(_):
    n = 50_000

    async def producer(to):
        for i in range(n):
            await to.put(i)

    async def work():
        items = asyncio.Queue(1)
        task = asyncio.create_task(producer(items))
        total = 0
        for _ in range(n):
            total += await items.get()
        await task
        check(total == n * (n - 1) // 2, "queue_handoff")

    report(n, work)


@row()
def mutex_free(_):
    n = 200_000

    async def work():
        door = asyncio.Lock()
        inside = 0
        for _ in range(n):
            async with door:
                inside += 1
        check(inside == n, "mutex_free")

    report(n, work)


@row(100)
def mutex_contended(count):
    each = max(1, 20_000 // count)

    async def work():
        door = asyncio.Lock()
        inside = 0

        async def locker():
            nonlocal inside
            for _ in range(each):
                async with door:
                    before = inside
                    await asyncio.sleep(0)
                    inside = before + 1  # wrong when somebody else was inside

        await asyncio.gather(*(locker() for _ in range(count)))
        check(inside == each * count, "mutex_contended")

    report(each * count, work)


@row(1_000_000)
def sleeps(count):
    async def sleeper(how_long):
        await asyncio.sleep(how_long)
        return 1

    async def work():
        woken = sum(await asyncio.gather(*(sleeper(sleep_of(i)) for i in range(count))))
        check(woken == count, "sleeps")

    before = cpu_time()
    asyncio.run(work())
    print("cpu_ns", (cpu_time() - before) / count)


@row(100_000)
def arm_cancel(count):
    n = 100_000

    async def work():
        loop = asyncio.get_running_loop()
        others = [loop.call_later(60 + sleep_of(i), check, False, "a minute has passed") for i in range(count)]
        start = time.perf_counter_ns()
        for i in range(n):
            loop.call_later(60 + sleep_of(i), check, False, "a minute has passed").cancel()
            if i % 1000 == 999:
                await asyncio.sleep(0)  # the loop throws away what was cancelled
        took = time.perf_counter_ns() - start
        for one in others:
            one.cancel()
        return took

    report(n, work)


async def one_yield():
    await asyncio.sleep(0)
    return 1


@row()
def timeout_idle(_):
    n = 30_000

    async def work():
        total = 0
        for _ in range(n):
            async with asyncio.timeout(1):
                total += await one_yield()
        check(total == n, "timeout_idle")

    report(n, work)


async def sleep_deep(depth):
    if depth > 1:
        await sleep_deep(depth - 1)
    else:
        await asyncio.sleep(3600)


@row(1)
def cancel(depth):
    """Sleepers, COUNT frames deep: cancel each, then wait for all. Spawning is not counted."""
    n = 20_000

    async def work():
        tasks = [asyncio.create_task(sleep_deep(depth)) for _ in range(n)]
        await asyncio.sleep(0)
        start = time.perf_counter_ns()
        for one in tasks:
            one.cancel()
        done, _ = await asyncio.wait(tasks)
        took = time.perf_counter_ns() - start
        check(all(one.cancelled() for one in done) and len(done) == n, "cancel")
        return took

    report(n, work)


def pin(core):
    """Binds the calling thread, and those that it starts from now on."""
    try:
        os.sched_setaffinity(threading.get_native_id(), {core})
    except OSError:
        print(f"cannot run on core {core}", file=sys.stderr)
        sys.exit(77)


@row()
def post(_):
    """Another thread posts to the loop, both on one core."""
    pin(1)
    n = 50_000

    async def work():
        loop = asyncio.get_running_loop()
        finished = asyncio.Event()
        seen = 0

        def note():
            nonlocal seen
            seen += 1
            if seen == n:
                finished.set()

        def poster():
            for _ in range(n):
                loop.call_soon_threadsafe(note)

        thread = threading.Thread(target=poster)
        thread.start()
        await finished.wait()
        thread.join()

    report(n, work)


def round_trip(loop_core, caller_core, n):
    """A thread posts to the loop and sleeps until the loop has answered."""

    async def work():
        loop = asyncio.get_running_loop()
        pin(loop_core)

        def caller():
            pin(caller_core)
            answered = threading.Lock()
            answered.acquire()
            start = time.perf_counter_ns()
            for _ in range(n):
                loop.call_soon_threadsafe(answered.release)
                answered.acquire()
            return time.perf_counter_ns() - start

        return await loop.run_in_executor(None, caller)

    report(n, work, "us", 1000)


@row()
def round_trip_one_core(_):
    round_trip(1, 1, 10_000)


@row()
def round_trip_two_cores(_):
    round_trip(0, 1, 3_000)


@row(1)
def to_thread(count):
    """An empty job on a pool of COUNT threads and back, all on one core."""
    pin(1)
    n = 10_000

    async def work():
        loop = asyncio.get_running_loop()
        with concurrent.futures.ThreadPoolExecutor(count) as pool:
            for _ in range(n):
                await loop.run_in_executor(pool, int)

    report(n, work, "us", 1000)


def main():
    arguments = sys.argv[1:]
    if "--uvloop" in arguments:
        arguments.remove("--uvloop")
        try:
            import uvloop
        except ImportError:
            print("uvloop is not installed", file=sys.stderr)
            sys.exit(77)
        uvloop.install()
    if not arguments or arguments[0] not in ROWS:
        print("rows:", *ROWS, file=sys.stderr)
        sys.exit(77)
    count, work = ROWS[arguments[0]]
    gc.freeze()
    work(int(arguments[1]) if len(arguments) > 1 else count)


if __name__ == "__main__":
    main()
