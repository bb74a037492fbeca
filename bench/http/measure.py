#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Measures an HTTP server under wrk, or an HTTP client against nginx.

    measure.py load   [--pipeline N] [--connections N] [--seconds N] -- SERVER...
    measure.py counts [--pipeline N] [--connections N] -- SERVER...
    measure.py client -- CLIENT...

The server runs on the first core that this process may use, the load on the second. SERVER is a program that takes a
port, or `nginx`. `load` prints rate (requests/s), p50_us, p99_us, cpu_us (of the server's CPU a request) and user_us
(in user space). `counts` prints instructions (in user space, by callgrind) and syscalls a request, each the difference
of two runs. A CLIENT takes a URL and prints its figures itself.
"""

from __future__ import annotations

import argparse
import re
import socket
import subprocess
import sys
import tempfile

from serving import HERE, REQUEST, Answers, pinned, serving, tool

UNITS = {"us": 1, "ms": 1e3, "s": 1e6, "m": 6e7}


def microseconds(text: str) -> float:
    number, unit = re.fullmatch(r"([\d.]+)([a-z]+)", text).groups()
    return float(number) * UNITS[unit]


def wrk(url: str, options: argparse.Namespace) -> dict[str, float]:
    command = [tool("wrk"), "-t1", f"-c{options.connections}", f"-d{options.seconds}s", "--latency", url]
    if options.pipeline > 1:
        command += ["-s", str(HERE / "pipeline.lua"), "--", str(options.pipeline)]
    text = subprocess.run(pinned(1, command), stdout=subprocess.PIPE, text=True, check=True).stdout
    if "Non-2xx" in text or "Socket errors" in text:
        print(text, file=sys.stderr)
        sys.exit(1)
    return {
        "requests": float(re.search(r"(\d+) requests in", text)[1]),
        "rate": float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1]),
        "p50_us": microseconds(re.search(r"^ +50% +(\S+)", text, re.M)[1]),
        "p99_us": microseconds(re.search(r"^ +99% +(\S+)", text, re.M)[1]),
    }


def load(options: argparse.Namespace) -> dict[str, float]:
    with serving(options.command) as server:
        server.check(1)
        server.check(options.pipeline)
        before, _ = server.cpu()
        seen = wrk(server.url(), options)
        after, user = server.cpu()
    cpu = (after - before) / seen.pop("requests") * 1e6
    return {**seen, "cpu_us": cpu, "user_us": cpu * user}


def rounds(port: int, options: argparse.Namespace, count: int) -> None:
    """Requests on all connections at once, then all answers, and again."""
    peers = [socket.create_connection(("127.0.0.1", port)) for _ in range(options.connections)]
    answers = [Answers(peer) for peer in peers]
    for _ in range(count):
        for peer in peers:
            peer.sendall(REQUEST * options.pipeline)
        for each in answers:
            each.take(options.pipeline)
    for peer in peers:
        peer.close()


def difference(options: argparse.Namespace, counted) -> float:
    """Per request: what `counted` finds for a long run, less what it finds for a short one."""
    few, many = 4, 24
    more = counted(options, many) - counted(options, few)
    return more / ((many - few) * options.connections * options.pipeline)


def instructions(options: argparse.Namespace, count: int) -> float:
    with tempfile.NamedTemporaryFile(prefix="eddy_bench_") as report:
        under = [tool("valgrind"), "--tool=callgrind", f"--callgrind-out-file={report.name}", "--log-file=/dev/null"]
        with serving(options.command, under, single=True) as server:
            rounds(server.port, options, count)
        return float(re.findall(r"^(?:totals|summary): (\d+)", report.read().decode(), re.M)[-1])


def syscalls(options: argparse.Namespace, count: int) -> float:
    with tempfile.NamedTemporaryFile(prefix="eddy_bench_") as report:
        with serving(options.command) as server:
            watched = [argument for pid in server.processes() for argument in ("-p", str(pid))]
            watcher = subprocess.Popen(
                [tool("strace"), "-f", "-c", "-o", report.name, *watched], stderr=subprocess.PIPE, text=True
            )
            for _ in watched[::2]:
                watcher.stderr.readline()  # "Process N attached"
            rounds(server.port, options, count)
        watcher.communicate()
        return float(re.search(r"^100\.00.*? (\d+)(?:\s+\d+)?\s+total", report.read().decode(), re.M)[1])


def counts(options: argparse.Namespace) -> dict[str, float]:
    return {"instructions": difference(options, instructions), "syscalls": difference(options, syscalls)}


def client(options: argparse.Namespace) -> dict[str, float]:
    with serving(["nginx"]) as server:
        server.check(1)
        done = subprocess.run(pinned(1, [*options.command, server.url()]))
    sys.exit(done.returncode)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("load", "counts", "client"))
    parser.add_argument("--pipeline", type=int, default=1)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--seconds", type=int, default=2)
    parser.add_argument("command", nargs="+")
    given = parser.parse_args()
    for figure, value in {"load": load, "counts": counts, "client": client}[given.what](given).items():
        print(figure, f"{value:.4g}" if value < 1000 else f"{value:.0f}")
