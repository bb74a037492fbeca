#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""The same in Python:

    children.py drain LOOP[-protocol] BYTES BENCH_CHILDREN
    children.py spawn LOOP COUNT AT_ONCE

Prints `gib`, GiB a second, or `rate`, children a second. LOOP is asyncio or uvloop. With -protocol by subprocess_exec and a protocol, otherwise by streams with large buffers.
"""
import asyncio
import os
import sys
import time


async def drain(count, program):
    process = await asyncio.create_subprocess_exec(
        program, "write", str(count), stdout=asyncio.subprocess.PIPE, limit=1 << 20
    )
    got = 0
    while block := await process.stdout.read(1 << 18):
        got += len(block)
    await process.wait()
    return got


class Counting(asyncio.SubprocessProtocol):
    def __init__(self, done):
        self.done, self.got, self.open = done, 0, 2

    def pipe_data_received(self, fd, data):
        self.got += len(data)

    def pipe_connection_lost(self, fd, error):
        self.ended()

    def process_exited(self):
        self.ended()

    def ended(self):
        self.open -= 1
        if self.open == 0:
            self.done.set_result(self.got)


async def drain_by_protocol(count, program):
    loop = asyncio.get_running_loop()
    done = loop.create_future()
    transport, _ = await loop.subprocess_exec(
        lambda: Counting(done), program, "write", str(count), stdin=None, stderr=None
    )
    got = await done
    transport.close()
    return got


async def spawn(count, at_once):
    left = count

    async def some():
        nonlocal left
        while left > 0:
            left -= 1
            process = await asyncio.create_subprocess_exec("/bin/true")
            assert await process.wait() == 0

    await asyncio.gather(*(some() for _ in range(at_once)))


def main():
    what, loop, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    if loop.startswith("uvloop"):
        try:
            import uvloop
        except ImportError:
            print("python3-uvloop is not installed", file=sys.stderr)
            sys.exit(77)

        uvloop.install()
    begin = time.perf_counter()
    if what == "drain":
        if os.cpu_count() > 1:
            os.sched_setaffinity(0, {0})
        run = drain_by_protocol if loop.endswith("-protocol") else drain
        assert asyncio.run(run(count, sys.argv[4])) == count
    else:
        asyncio.run(spawn(count, int(sys.argv[4])))
    rate = count / (time.perf_counter() - begin)
    print(f"gib {rate / 2**30:.4g}" if what == "drain" else f"rate {rate:.5g}")


main()
