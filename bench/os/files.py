#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Files with run_in_executor: files.py LOOP small|large FOLDER, by `bench_files hold`, which makes the files.

LOOP is asyncio or uvloop. Prints `rate`, files a second, or `gib`, GiB a second; the best of three.
"""
import asyncio
import os
import sys
import time


def read_small(path):
    with open(path, "rb") as file:
        return len(file.read())


def read_large(path):
    count = 0
    with open(path, "rb", buffering=0) as file:
        while block := file.read(1 << 20):
            count += len(block)
    return count


async def small(folder):
    loop = asyncio.get_running_loop()
    limit = asyncio.Semaphore(64)

    async def one(path):
        async with limit:
            return await loop.run_in_executor(None, read_small, path)

    return sum(await asyncio.gather(*(one(os.path.join(folder, name)) for name in os.listdir(folder))))


async def large(folder):
    return await asyncio.get_running_loop().run_in_executor(None, read_large, os.path.join(folder, "large"))


def main():
    loop, what, folder = sys.argv[1:]
    if loop == "uvloop":
        try:
            import uvloop
        except ImportError:
            print("python3-uvloop is not installed", file=sys.stderr)
            sys.exit(77)
        uvloop.install()
    best = 0
    for _ in range(3):
        begin = time.perf_counter()
        count = asyncio.run((small if what == "small" else large)(folder))
        best = max(best, count / (time.perf_counter() - begin))
    print(f"rate {best / 4096:.6g}" if what == "small" else f"gib {best / 2**30:.4g}")


main()
