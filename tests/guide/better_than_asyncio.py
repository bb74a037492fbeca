#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""What asyncio does with the programs of docs/guide/better_than_asyncio.md: prints a line each.

    python3 tests/guide/better_than_asyncio.py
"""
import asyncio
import gc

log = []


async def fail(what):
    await asyncio.sleep(0.01)
    raise RuntimeError(what)


async def a_task_that_nobody_keeps():
    async def save_draft():
        answer = asyncio.get_running_loop().create_future()  # kept by the task alone
        try:
            await answer
        finally:
            log.append("the collector ended the task")

    asyncio.create_task(save_draft())
    await asyncio.sleep(0.01)
    gc.collect()
    await asyncio.sleep(0)


async def wait_for_and_a_cancellation():
    news = asyncio.Event()

    async def poll():
        while True:
            await asyncio.wait_for(news.wait(), 60)
            news.clear()

    polling = asyncio.create_task(poll())
    await asyncio.sleep(0.01)
    news.set()
    await asyncio.sleep(0)
    polling.cancel()
    await asyncio.sleep(0.01)
    log.append("cancelled" if polling.cancelled() else "the cancellation was swallowed")
    polling.cancel()


async def nested_groups():
    async def work():
        try:
            async with asyncio.TaskGroup() as outer:
                outer.create_task(fail("outer"))
                async with asyncio.TaskGroup() as inner:
                    inner.create_task(fail("inner"))
                    await asyncio.sleep(10)
        except* RuntimeError:
            pass
        await asyncio.sleep(0)
        log.append("went on although it was cancelled")

    working = asyncio.create_task(work())
    asyncio.get_running_loop().call_later(0.01, working.cancel)
    await asyncio.wait([working])
    if not log:
        log.append("cancelled")


async def a_cancelled_waiter():
    async def work():
        await asyncio.sleep(0.02)

    async def wait(task):
        await task

    working = asyncio.create_task(work())
    impatient = asyncio.create_task(wait(working))
    await asyncio.sleep(0)
    impatient.cancel()
    await asyncio.sleep(0.05)
    log.append("the task was cancelled with its waiter" if working.cancelled() else "the task has ended")


async def a_permit_for_a_waiter_that_is_cancelled():
    door = asyncio.Semaphore(1)
    await door.acquire()

    async def enter():
        async with door:
            log.append("the other one entered")

    ada, ben = asyncio.create_task(enter()), asyncio.create_task(enter())
    await asyncio.sleep(0)
    door.release()
    ada.cancel()
    await asyncio.sleep(0.05)
    if not ben.done():
        log.append("the permit was lost")
        ben.cancel()


async def a_notification_for_a_waiter_that_is_cancelled():
    changed = asyncio.Condition()

    async def wait():
        async with changed:
            await changed.wait()
            log.append("the other one was notified")

    ada, ben = asyncio.create_task(wait()), asyncio.create_task(wait())
    await asyncio.sleep(0)
    async with changed:
        changed.notify(1)
    ada.cancel()
    await asyncio.sleep(0.05)
    if not ben.done():
        log.append("the notification was lost")
        ben.cancel()


async def two_limits_in_one_turn():
    when = asyncio.get_running_loop().time() + 0.01
    try:
        async with asyncio.timeout_at(when):
            try:
                async with asyncio.timeout_at(when):
                    await asyncio.sleep(10)
            except TimeoutError:
                log.append("the inner one")
    except TimeoutError:
        log.append("the outer one")


async def gather_and_a_failure():
    async def write():
        await asyncio.sleep(0.2)
        log.append("a sibling still writes")

    try:
        await asyncio.gather(write(), fail("no luck"))
    except RuntimeError:
        log.append("gather has ended")
    await asyncio.sleep(0.3)


async def shield_and_its_caller():
    async def save():
        await asyncio.sleep(0.02)
        log.append("saved")

    async def caller():
        try:
            await asyncio.shield(save())
        finally:
            log.append("closed")

    task = asyncio.create_task(caller())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.sleep(0.05)


async def a_stream_under_a_limit():
    async def lines():
        for number in range(3):
            await asyncio.sleep(0.05 if number == 1 else 0)
            yield number

    stream = lines()
    while True:
        try:
            log.append(f"line {await asyncio.wait_for(anext(stream), 0.02)}")
        except asyncio.TimeoutError:
            log.append("silence")
        except StopAsyncIteration:
            log.append("the end")
            return


async def main():
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
    for program in (a_task_that_nobody_keeps, wait_for_and_a_cancellation, nested_groups, a_cancelled_waiter,
                    a_permit_for_a_waiter_that_is_cancelled, a_notification_for_a_waiter_that_is_cancelled,
                    two_limits_in_one_turn, gather_and_a_failure, shield_and_its_caller, a_stream_under_a_limit):
        log.clear()
        await program()
        print(f"{program.__name__}: {', '.join(log)}")


asyncio.run(main())
