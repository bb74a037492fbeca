#!/usr/bin/python3
# SPDX-License-Identifier: BSL-1.0
"""The same with aiohttp, fewer requests: a slow peer. `aiohttp_client.py asyncio|uvloop URL`"""
import asyncio
import resource
import sys
import time

import aiohttp

AT_A_TIME, REQUESTS = 100, 4_000


async def worker(session, url, left):
    for _ in left:
        async with session.get(url) as response:
            if response.status != 200 or await response.read() != b"Hello, World!":
                sys.exit("wrong answer")


async def requests(session, url, count):
    left = iter(range(count))
    await asyncio.gather(*(worker(session, url, left) for _ in range(AT_A_TIME)))


async def main(url):
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=AT_A_TIME)) as session:
        await requests(session, url, 500)
        begin, before = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF)
        await requests(session, url, REQUESTS)
        took, after = time.monotonic() - begin, resource.getrusage(resource.RUSAGE_SELF)
    user = after.ru_utime - before.ru_utime
    print("rate", round(REQUESTS / took))
    print("cpu_us", round((user + after.ru_stime - before.ru_stime) / REQUESTS * 1e6, 1))
    print("user_us", round(user / REQUESTS * 1e6, 1))


if sys.argv[1] == "uvloop":
    import uvloop

    uvloop.install()
asyncio.run(main(sys.argv[2]))
