# SPDX-License-Identifier: BSL-1.0
"""Runs one echo server on core 0 against the load on core 1 and prints figures, `name value` a line.

measure.py MODE SERVER CONNECTIONS BYTES

| mode | figures |
|---|---|
| time | rate, p50_us, p99_us; cpu_us and user_us: the server's CPU time a message |
| syscalls | syscalls: system calls a message, by strace |
| instructions | instructions: of user space, a message, by callgrind |
| idle | bytes: resident memory of the server a connection that waits; frame_bytes and beside_bytes where it is known |
| growth | growth: CPU time a message with CONNECTIONS connections, divided by that with 10 |

A count of system calls or instructions is the difference between two runs with N and 2N messages, so that what is done
once does not count. SERVER is one of servers() below.
"""

from __future__ import annotations

import ctypes
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
BUILT = pathlib.Path(os.environ.get("EDDY_BENCH_BUILD", ROOT / "build" / "release")) / "bench" / "net" / "echo"
CANNOT = 77
COUNTED_MESSAGES = 6400
MILLISECONDS = 400


def servers() -> dict[str, tuple[list[str], dict[str, str]]]:
    """The command and what is added to its environment."""
    python = ["/usr/bin/python3", str(HERE / "server.py")]
    return {
        "epoll": ([str(BUILT / "bench_echo_epoll")], {}),
        "io_uring": ([str(BUILT / "bench_echo_io_uring")], {}),
        "eddy": ([str(BUILT / "bench_echo_eddy")], {"EDDY_BACKEND": "epoll"}),
        "eddy_io_uring": ([str(BUILT / "bench_echo_eddy")], {"EDDY_BACKEND": "io_uring"}),
        "asio": ([str(BUILT / "bench_echo_asio")], {}),
        "boost_asio": ([str(BUILT / "bench_echo_boost_asio")], {}),
        "libuv": ([str(BUILT / "bench_echo_libuv")], {}),
        "tokio": ([str(BUILT / "tokio" / "release" / "bench_echo_tokio")], {}),
        "go": ([str(BUILT / "bench_echo_go")], {"GOMAXPROCS": "1"}),
        "asyncio": ([*python, "asyncio", "streams"], {}),
        "asyncio_protocol": ([*python, "asyncio", "protocol"], {}),
        "uvloop": ([*python, "uvloop", "streams"], {}),
        "uvloop_protocol": ([*python, "uvloop", "protocol"], {}),
    }


def cannot(why: str) -> None:
    print(why, file=sys.stderr)
    sys.exit(CANNOT)


def prepare_child() -> None:
    """A server does not outlive this script, and stays on its core."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)
    os.sched_setaffinity(0, {0})


class Server:
    """A running server; `wrapper` is a command that runs it, such as strace."""

    def __init__(self, name: str, wrapper: list[str] | None = None):
        command, extra = servers()[name]
        if not os.path.exists(command[0]):
            cannot(f"{command[0]} is not built")
        self.process = subprocess.Popen([*(wrapper or []), *command, "0"], env={**os.environ, **extra}, text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, preexec_fn=prepare_child)
        line = self.process.stdout.readline()
        if not line.strip().isdigit():
            code = self.process.wait()
            sys.exit(CANNOT if code == CANNOT or wrapper else 1)  # no right to trace is no failure of the server
        self.port = line.strip()

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_) -> None:
        """strace does not end by a signal, the server that it watches does; one that waits in io_uring_enter under
        callgrind is not told of signals, and ends with its stdin."""
        self.process.stdin.close()
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        for pid in [int(child) for child in children] or [self.process.pid]:
            os.kill(pid, signal.SIGTERM)
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            cannot("the server did not end")

    def resident(self) -> int:
        pages = int(pathlib.Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGESIZE")


def load(server: Server, connections: int, size: int, *what: str) -> str:
    command = ["taskset", "-c", "1", str(BUILT / "bench_echo_load"), server.port, str(connections), str(size), *what]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def timed(name: str, connections: int, size: int, milliseconds: int = MILLISECONDS) -> dict[str, float]:
    with Server(name) as server:
        said = load(server, connections, size, "time", str(milliseconds), str(server.process.pid))
    return {figure: float(value) for figure, value in map(str.split, said.splitlines())}


def show(figures: dict[str, float]) -> None:
    for name, value in figures.items():
        print(name, value)


def count_syscalls(name: str, connections: int, size: int) -> None:
    if shutil.which("strace") is None:
        cannot("strace is missing")
    totals: list[dict[str, int]] = []
    for messages in (COUNTED_MESSAGES, 2 * COUNTED_MESSAGES):
        with tempfile.NamedTemporaryFile("r") as table:
            with Server(name, ["strace", "-f", "-c", "-o", table.name]) as server:
                load(server, connections, size, "count", str(messages))
            rows = [line.split() for line in table.read().splitlines()]
            totals.append({row[-1]: int(row[3]) for row in rows if len(row) >= 5 and row[3].isdigit()})
    each = {call: (count - totals[0].get(call, 0)) / COUNTED_MESSAGES for call, count in totals[1].items()}
    each.pop("total", None)
    show({"syscalls": round(sum(each.values()), 4)})
    for call, count in sorted(each.items(), key=lambda item: -item[1]):
        if count > 0.001:
            print(f"{call} {count:.3f}", file=sys.stderr)


def count_instructions(name: str, connections: int, size: int) -> None:
    if shutil.which("valgrind") is None:
        cannot("valgrind is missing")
    totals = []
    for messages in (COUNTED_MESSAGES, 2 * COUNTED_MESSAGES):
        with tempfile.TemporaryDirectory() as folder:
            out = pathlib.Path(folder) / "profile"
            with Server(name, ["valgrind", "--quiet", "--log-file=/dev/null", "--tool=callgrind", f"--callgrind-out-file={out}"]) as server:
                load(server, connections, size, "count", str(messages))
            totals.append(int(re.search(r"^(?:totals|summary): (\d+)", out.read_text(), re.MULTILINE)[1]))
    show({"instructions": round((totals[1] - totals[0]) / COUNTED_MESSAGES, 1)})


def hold(server: Server, connections: int, size: int) -> int:
    """What the server holds in memory while so many connections wait."""
    command = ["taskset", "-c", "1", str(BUILT / "bench_echo_load"), server.port, str(connections), str(size), "hold"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        said = holder.stdout.readline() + holder.stdout.readline()
        if not said.endswith("open\n"):
            sys.exit("the connections could not be held open")
        resident = server.resident()
        holder.stdin.close()
    return resident


def idle(name: str, connections: int, size: int) -> None:
    with Server(name) as server:
        hold(server, 100, size)  # what is made once
        before = server.resident()
        each = (hold(server, connections, size) - before) / connections
    figures = {"bytes": round(each)}
    if name.startswith("eddy"):
        frame = float(subprocess.run([str(BUILT / "bench_echo_eddy"), "frame"], check=True, text=True,
                                     stdout=subprocess.PIPE).stdout)
        figures |= {"frame_bytes": frame, "beside_bytes": round(each - frame)}
    show(figures)


def growth(name: str, connections: int, size: int) -> None:
    few = timed(name, 10, size, 500)["cpu_us"]
    many = timed(name, connections, size, 500)["cpu_us"]
    show({"growth": round(many / few, 3), "few_us": few, "many_us": many})


def main() -> None:
    mode, name, connections, size = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    if len(os.sched_getaffinity(0)) < 2 and mode in ("time", "growth"):
        cannot("server and load need two cores")
    if mode == "time":
        show(timed(name, connections, size))
    else:
        {"syscalls": count_syscalls, "instructions": count_instructions, "idle": idle, "growth": growth}[mode](
            name, connections, size)


if __name__ == "__main__":
    main()
