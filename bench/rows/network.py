# SPDX-License-Identifier: BSL-1.0
"""TCP echo, idle connections, TLS: eddy beside its peers and bare C."""

from __future__ import annotations

import sys

from harness.row import Contender, Goal, Row, program, source

PEERS = {
    "asio": "asio",
    "boost_asio": "boost_asio",
    "libuv": "libuv",
    "tokio": "tokio",
    "go": "go",
    "asyncio": "asyncio",
    "asyncio protocol": "asyncio_protocol",
    "uvloop": "uvloop",
    "uvloop protocol": "uvloop_protocol",
}
NATIVE = ("asio", "boost_asio", "libuv", "tokio")
SIZES = {"64": "64 B", "16384": "16 KiB"}

# Server and load have a core each; the same server gives figures that differ by this much from one minute to the next.
RATE_NOISE = 0.95
P99_NOISE = 1.15


def echo(name: str, server: str, mode: str, connections: int, size: str = "64", kind: str = "") -> Contender:
    """measure.py pins the server to core 0 and the load to core 1."""
    command = [sys.executable, source("bench/net/echo/measure.py"), mode, server, str(connections), size]
    return Contender(name, command, kind=kind, cores=None)


def field(mode: str, connections: int, size: str = "64", peers=tuple(PEERS)) -> list[Contender]:
    """eddy on epoll, the limits and the peers; what is timed also on io_uring, so that it takes its turn with them."""
    timed = [echo("eddy on io_uring", "eddy_io_uring", mode, connections, size, kind="eddy")] if mode == "time" else []
    return [
        echo("eddy", "eddy", mode, connections, size),
        *timed,
        echo("limit", "epoll", mode, connections, size),
        echo("limit on io_uring", "io_uring", mode, connections, size),
        *(echo(name, PEERS[name], mode, connections, size) for name in peers),
    ]


def uring(mode: str, connections: int, size: str = "64") -> list[Contender]:
    """eddy on io_uring, beside both limits."""
    return [
        echo("eddy", "eddy_io_uring", mode, connections, size),
        echo("limit", "epoll", mode, connections, size),
        echo("limit on io_uring", "io_uring", mode, connections, size),
    ]


def throughput_rows() -> list[Row]:
    rows = []
    for connections in (1, 64, 1000):
        for size, written in SIZES.items():
            for backend, contenders in (("", field), ("_io_uring", uring)):
                what = f"TCP echo, {connections} x {written}{backend.replace('_', ', ', 1)}"
                name = f"echo{backend}_{connections}x{size}"
                rows.append(Row(
                    name, what, "messages/s", figure="rate", lower_is_better=False,
                    contenders=contenders("time", connections, size), goals=[Goal("limit", RATE_NOISE)], repeats=3,
                    about="Each connection sends its next message when the last is back; every byte is compared. The goal "
                          "is the noise band of bare C."))
                rows.append(Row(
                    name + "_p99", what + ", slowest hundredth", "us", figure="p99_us",
                    contenders=contenders("time", connections, size), goals=[Goal("limit", P99_NOISE)], repeats=3,
                    about="The same runs. The goal is the noise band of bare C."))
        if connections == 64:
            rows.append(Row(
                "echo_cpu_64", "TCP echo, 64 x 64 B, CPU of the server", "us/message", figure="cpu_us",
                contenders=field("time", 64), goals=[Goal("limit", 1.1), Goal("tokio", 1.0)],
                about="The same runs: what the server's process used, kernel included, a message."))
    return rows


def counted_rows() -> list[Row]:
    about = "The difference of two runs of 6,400 and 12,800 messages, so that what is done once does not count."
    rows = []
    for backend, counted, native in (("", field("syscalls", 64), field("instructions", 64, peers=NATIVE)),
                                     ("_io_uring", uring("syscalls", 64), uring("instructions", 64))):
        where = backend.replace("_", ", ", 1)
        rows.append(Row(f"echo{backend}_syscalls_64", f"system calls of an echo{where}", "calls/message",
                        figure="syscalls", contenders=counted, goals=[Goal("limit", 1.03)], about=about + " By strace."))
        rows.append(Row(f"echo{backend}_instructions_64", f"instructions of an echo in user space{where}",
                        "instructions/message", figure="instructions", contenders=native, goals=[Goal("limit", 2.0)],
                        about=about + " By callgrind; what cannot run under it is left out."))
    return rows


def connection_rows() -> list[Row]:
    return [
        Row("idle_connection", "an idle connection", "bytes", figure="bytes", contenders=field("idle", 10_000),
            goals=[Goal("tokio", 0.1), Goal("asio", 0.25)],
            about="Resident memory of the server's process with 10,000 connections that have carried a message each and "
                  "wait, handlers and their buffers included; without the kernel's."),
        Row("idle_connection_beside", "an idle connection beside its handler's frame", "bytes", figure="beside_bytes",
            contenders=[echo("eddy", "eddy", "idle", 10_000)], goals=[Goal(None, 256)],
            about="The same without the coroutine frame of the handler, which is what the user wrote."),
        Row("connections_growth", "TCP echo with 10 thousand connections beside 10", "ratio", figure="growth",
            contenders=[*field("growth", 10_000, peers=("asio", "libuv", "tokio", "go"))], goals=[Goal("limit", 1.5)],
            about="CPU time of the server a message, with 10 thousand connections divided by that with 10."),
    ]


def tls_rows() -> list[Row]:
    def peer(name: str, key: str) -> Contender:
        return Contender(name, [program("bench/net/bench_tls_throughput"), "256", key], cores="0,1")

    return [Row("tls_throughput", "256 MiB through TLS 1.3", "MiB/s", figure="mib_s", lower_is_better=False,
                contenders=[peer("eddy", "epoll"), peer("limit", "bare"), peer("eddy on io_uring", "io_uring"),
                            peer("asyncio", "asyncio"), peer("uvloop", "uvloop")],
                goals=[Goal("limit", 0.9), Goal("asyncio", 2.0)],
                about="Sender and receiver in processes of their own, AES-256-GCM, by OpenSSL everywhere. The limit is a "
                      "loop of blocking SSL_read and SSL_write.")]


ROWS = [*throughput_rows(), *counted_rows(), *connection_rows(), *tls_rows()]
