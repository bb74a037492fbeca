#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""What a hello program costs the compiler, and how large it is.

    compile.py time SOURCE [FLAG...]     prints `seconds`: processor time of the compiler at -O0, the best of two
    compile.py size PROGRAM              prints `bytes`: of the program without its symbols

The compiler is g++, or what CXX names; a cache such as ccache is switched off.
"""
import os
import pathlib
import re
import resource
import shlex
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("EDDY_BENCH_BUILD", ROOT / "build" / "release"))
COMPILER = shlex.split(os.environ.get("CXX", "g++"))
INCLUDES = [f"-I{ROOT}", f"-I{BUILD / 'include'}"]


def give_up(why):
    print(why, file=sys.stderr)
    sys.exit(77)


def processor_seconds(command):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, env=os.environ | {"CCACHE_DISABLE": "1"})
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def has(header):
    command = [*COMPILER, "-std=c++20", *INCLUDES, "-x", "c++", "-E", "-include", header, "/dev/null"]
    return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


def compile_time(source, flags):
    for header in re.findall(r'^#include [<"]((?:asio|eddy).*)[>"]', source.read_text(), re.M):
        if not has(header):
            give_up(f"{header} is not installed" if header.startswith("asio") else f"{header}: configure eddy first")
    with tempfile.TemporaryDirectory() as folder:
        command = [*COMPILER, "-std=c++20", "-O0", *flags, *INCLUDES, "-c", str(source), "-o", f"{folder}/hello.o"]
        print(f"seconds {min(processor_seconds(command) for _ in range(2)):.3f}")


def size(program):
    if not os.path.exists(program):
        give_up(f"{program} is not built")
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["strip", "-o", f"{folder}/hello", program], check=True)
        print("bytes", os.path.getsize(f"{folder}/hello"))


if sys.argv[1] == "time":
    compile_time(pathlib.Path(__file__).parent / sys.argv[2], sys.argv[3:])
else:
    size(sys.argv[2])
