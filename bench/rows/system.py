# SPDX-License-Identifier: BSL-1.0
"""Children, files, threads, SQLite, cores, and what a hello program costs to compile."""

from __future__ import annotations

from harness.row import Contender, Goal, Row, program, source

PYTHON = "/usr/bin/python3"  # the distribution's, which has its uvloop

CHILDREN = program("bench/os/bench_children")
CHILDREN_UV = program("bench/os/bench_children_uv")
CHILDREN_PY = source("bench/os/children.py")
FILES = program("bench/os/bench_files")
FILES_PY = source("bench/os/files.py")
COMPILE_PY = source("bench/compile/compile.py")
HANDOVER = program("bench/exec/bench_handover")
ASIO = program("bench/heart/bench_heart_asio")
CORES = program("bench/exec/bench_cores")
GIB = str(1 << 30)
BOTH = "0,1"


def spawn(peer, count, *memory):
    return [CHILDREN, "spawn", peer, str(count), "8", *memory]


def python_files(loop, what, amount):
    return [FILES, "hold", what, str(amount), PYTHON, FILES_PY, loop, what]


CHILD_ROWS = [
    Row("children", "1,000 children, 8 at a time", "children/s", figure="rate", lower_is_better=False,
        about="/bin/true a thousand times, its end awaited, stdin, stdout and stderr handed on. Parent and children share both "
              "cores. The limit is a loop of vfork, execve and wait.",
        contenders=[Contender("eddy", spawn("eddy", 1000), cores=BOTH),
                    Contender("libuv", [CHILDREN_UV, "spawn", "libuv", "1000", "8"], cores=BOTH),
                    Contender("asyncio", [PYTHON, CHILDREN_PY, "spawn", "asyncio", "500", "8"], cores=BOTH),
                    Contender("uvloop", [PYTHON, CHILDREN_PY, "spawn", "uvloop", "300", "8"], cores=BOTH),
                    Contender("limit: vfork", spawn("vfork", 1000), kind="limit", cores=BOTH),
                    Contender("posix_spawn", spawn("posix_spawn", 1000), kind="limit", cores=BOTH),
                    Contender("fork", spawn("fork", 1000), kind="limit", cores=BOTH)],
        goals=[Goal("libuv", 1.4)]),
    Row("children_large_parent", "the same from a parent of 1 GiB", "children/s", figure="rate", lower_is_better=False,
        about="As before, with 1 GiB of the parent's memory resident; compared with eddy from a parent that has filled as "
              "much and given it back. Both rest for a second first: the system places the children of a program that has "
              "just been busy otherwise.",
        contenders=[Contender("eddy", spawn("eddy", 1000, "1024"), cores=BOTH),
                    Contender("eddy, small parent", spawn("eddy", 1000, "1024", "freed"), kind="peer", cores=BOTH),
                    Contender("limit: vfork", spawn("vfork", 1000, "1024"), kind="limit", cores=BOTH),
                    Contender("posix_spawn", spawn("posix_spawn", 1000, "1024"), kind="limit", cores=BOTH),
                    Contender("fork", spawn("fork", 60, "1024"), kind="limit", cores=BOTH)],
        goals=[Goal("eddy, small parent", 0.9)]),
    Row("child_output", "1 GiB of a child's stdout", "GiB/s", figure="gib", lower_is_better=False,
        about="The child writes 64 KiB at a time on core 1, the reader is on core 0. The limit is a loop of read() on a pipe "
              "grown as eddy's; `C` the same on a pipe as the system makes it.",
        contenders=[Contender("eddy", [CHILDREN, "drain", "eddy", GIB], cores=None),
                    Contender("uvloop", [PYTHON, CHILDREN_PY, "drain", "uvloop", GIB, CHILDREN], cores=None),
                    Contender("uvloop, protocol", [PYTHON, CHILDREN_PY, "drain", "uvloop-protocol", GIB, CHILDREN], cores=None),
                    Contender("asyncio", [PYTHON, CHILDREN_PY, "drain", "asyncio", GIB, CHILDREN], cores=None),
                    Contender("limit: C, grown pipe", [CHILDREN, "drain", "c-grown", GIB], kind="limit", cores=None),
                    Contender("C", [CHILDREN, "drain", "c", GIB], kind="limit", cores=None)],
        goals=[Goal("uvloop", 1.35)]),
]

FILE_ROWS = [
    Row("files_small", "10 thousand files of 4 KiB", "files/s", figure="rate", lower_is_better=False,
        about="Open, read and close, all in the page cache, 64 at a time; Python a tenth of them. libuv has four threads on both "
              "cores, eddy does it on one. Limits: a loop of plain calls, and a bare ring with linked open, read and close, "
              "which takes for granted that all are regular files of at most 4 KiB.",
        contenders=[Contender("eddy", [FILES, "small", "eddy"], cores=BOTH),
                    Contender("libuv", [FILES, "small", "libuv"], cores=BOTH),
                    Contender("asyncio", python_files("asyncio", "small", 1000), cores=BOTH),
                    Contender("uvloop", python_files("uvloop", "small", 1000), cores=BOTH),
                    Contender("limit: io_uring", [FILES, "small", "ring"], kind="limit", cores=BOTH),
                    Contender("plain calls", [FILES, "small", "plain"], kind="limit", cores=BOTH),
                    Contender("eddy's threads", [FILES, "small", "eddy-threads"], kind="eddy", cores=BOTH)],
        goals=[Goal("libuv", 1.45)]),
    Row("file_large", "one file of 1 GiB", "GiB/s", figure="gib", lower_is_better=False,
        about="From the page cache into one buffer of 1 MiB, read after read.",
        contenders=[Contender("eddy", [FILES, "large", "eddy"], cores=BOTH),
                    Contender("libuv", [FILES, "large", "libuv"], cores=BOTH),
                    Contender("asyncio", python_files("asyncio", "large", 1024), cores=BOTH),
                    Contender("uvloop", python_files("uvloop", "large", 1024), cores=BOTH),
                    Contender("limit: plain read", [FILES, "large", "plain"], kind="limit", cores=BOTH)],
        goals=[Goal("limit: plain read", 1.0)]),
]

THREAD_ROWS = [
    Row("to_thread", "a job on another thread and back", "us", figure="us",
        about="An empty job on a thread of the pool, awaited; both threads on one core, so that it is two switches.",
        contenders=[Contender("eddy", [HANDOVER, "to_thread"]),
                    Contender("asio", [ASIO, "to_thread"], cores=None)],
        goals=[Goal("asio", 1.1)]),
    Row("sqlite_statement", "an SQLite statement", "us", figure="us",
        about="\"select 1\", compiled once, through the connection's thread; both threads on one core. Measured against an "
              "empty job on Asio's thread pool; the limit is the statement alone, without a thread.",
        contenders=[Contender("eddy", [HANDOVER, "sqlite"]),
                    Contender("asio", [ASIO, "to_thread"], cores=None),
                    Contender("limit: SQLite alone", [HANDOVER, "sqlite_bare"], kind="limit")],
        goals=[Goal("asio", 1.1)]),
    Row("two_cores", "what a second core gains", "times", figure="gain", lower_is_better=False,
        about="Hashing in registers, the same work on one core and on two: in coroutines on run_on_cores that yield after each "
              "block of some microseconds, and on bare threads.",
        contenders=[Contender("eddy", [CORES, "loops"], cores=BOTH),
                    Contender("limit: threads", [CORES, "threads"], kind="limit", cores=BOTH)],
        goals=[Goal("limit: threads", 0.95)]),
    Row("two_cores_echo", "a small echo, for information", "times", figure="gain", lower_is_better=False,
        about="A server and a client on each loop, a message of 64 bytes to and fro over loopback: what a second core gains "
              "where the kernel does nearly all of the work.",
        contenders=[Contender("eddy", [CORES, "echo"], cores=BOTH)]),
]


def compiling(name, *arguments, kind=""):
    return Contender(name, [PYTHON, COMPILE_PY, "time", *arguments], kind=kind)


def size_of(name, path, kind=""):
    return Contender(name, [PYTHON, COMPILE_PY, "size", program(path)], kind=kind)


ASIO_COMPILING = [
    compiling("asio", "asio.cpp"),
    compiling("asio, separate compilation", "asio.cpp", "-DASIO_SEPARATE_COMPILATION"),
    compiling("asio, the headers it uses", "asio_parts.cpp"),
    compiling("limit: standard headers", "standard.cpp", kind="limit"),
]

COMPILE_ROWS = [
    Row("compile_heart", "compile a hello on the heart", "s", figure="seconds",
        about="g++ -O0, processor time: a coroutine that sleeps and one that awaits it. eddy with the headers of what it uses, "
              "Asio with <asio.hpp> as its tutorial has it, and for information as two faster forms.",
        contenders=[compiling("eddy", "heart.cpp"), *ASIO_COMPILING],
        goals=[Goal("asio", 0.4)]),
    Row("compile_all", "compile a hello on all of eddy", "s", figure="seconds",
        about="The same with eddy/eddy.hpp: everything that this build has, network, TLS, processes, files, HTTP and SQLite.",
        contenders=[compiling("eddy", "all.cpp"), *ASIO_COMPILING],
        goals=[Goal("asio", 0.6)]),
    Row("hello_size", "size of a hello program", "bytes", figure="bytes",
        about="Release build without symbols, eddy linked in, the standard library not.",
        contenders=[size_of("eddy", "bench/compile/bench_hello"),
                    size_of("asio", "bench/compile/bench_hello_asio"),
                    size_of("limit: no coroutines", "bench/compile/bench_hello_standard", kind="limit")],
        goals=[Goal(None, 1024 * 1024)]),
]

ROWS = [*CHILD_ROWS, *FILE_ROWS, *THREAD_ROWS, *COMPILE_ROWS]
