# SPDX-License-Identifier: BSL-1.0
"""Servers to be measured: started on a core, checked, watched, stopped."""

from __future__ import annotations

import contextlib
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
CONTENT = b"Hello, World!"
REQUEST = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


def cannot(reason: str) -> None:
    """This machine cannot measure it."""
    print(reason, file=sys.stderr)
    sys.exit(77)


def tool(name: str) -> str:
    found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin")
    if not found:
        cannot(f"{name} is not installed")
    return found


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def core(number: int) -> int:
    """The number-th core that this process may use; the only one when there is no other."""
    allowed = sorted(os.sched_getaffinity(0))
    return allowed[min(number, len(allowed) - 1)]


def pinned(number: int, command: list[str]) -> list[str]:
    return ["taskset", "-c", str(core(number)), *command]


@contextlib.contextmanager
def directory():
    with tempfile.TemporaryDirectory(prefix="eddy_bench_") as path:
        os.chmod(path, 0o755)
        yield path


def server_command(command: list[str], port: int, place: str, single: bool) -> list[str]:
    """`nginx` is nginx with a configuration of its own; all others take the port."""
    if command != ["nginx"]:
        return [*command, str(port)]
    conf = (HERE / "server" / "nginx.conf").read_text()
    for name, value in (("@DIRECTORY@", place), ("@PORT@", str(port)), ("@MASTER@", "off" if single else "on")):
        conf = conf.replace(name, value)
    path = pathlib.Path(place, "nginx.conf")
    path.write_text(conf)
    return [tool("nginx"), "-p", place, "-e", f"{place}/error.log", "-c", str(path)]


class Server:
    """A server that runs, on 127.0.0.1."""

    def __init__(self, process: subprocess.Popen, port: int, output: str):
        self.process = process
        self.output = output
        self.port = port

    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def wait(self, limit: float = 20) -> None:
        """Until it accepts."""
        end = time.monotonic() + limit
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                if self.process.poll() is not None or time.monotonic() > end:
                    print("the server does not start:", pathlib.Path(self.output).read_text(), file=sys.stderr)
                    sys.exit(1)
                time.sleep(0.01)

    def check(self, depth: int) -> None:
        """Asks it, `depth` requests at once, and looks at each answer."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as peer:
            peer.sendall(REQUEST * depth)
            Answers(peer).take(depth)

    def processes(self) -> list[int]:
        """Of the server, with all children, that live."""
        found, todo = [], [self.process.pid]
        while todo:
            pid = todo.pop()
            found.append(pid)
            for children in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
                todo += map(int, children.read_text().split())
        return found

    def cpu(self) -> tuple[float, float]:
        """Seconds of CPU so far: all, and the share of them in user space."""
        total, user, system = 0, 0, 0
        for pid in self.processes():
            for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
                total += int((task / "schedstat").read_text().split()[0])
            stat = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            user += int(stat[11])
            system += int(stat[12])
        return total / 1e9, user / max(1, user + system)


class Answers:
    """Reads answers off a connection, and checks status and content of each."""

    def __init__(self, peer: socket.socket):
        self.peer = peer
        self.bytes = b""

    def take(self, count: int) -> None:
        for _ in range(count):
            self.one()

    def one(self) -> None:
        while (end := self.bytes.find(b"\r\n\r\n")) < 0:
            self.more()
        head = self.bytes[:end].lower()
        at = head.find(b"content-length:")
        size = int(head[at + 15 :].split(b"\r\n", 1)[0])
        while len(self.bytes) < end + 4 + size:
            self.more()
        if not head.startswith(b"http/1.1 200 ") or self.bytes[end + 4 : end + 4 + size] != CONTENT:
            print(f"wrong answer: {self.bytes[:200]!r}", file=sys.stderr)
            sys.exit(1)
        self.bytes = self.bytes[end + 4 + size :]

    def more(self) -> None:
        got = self.peer.recv(65536)
        if not got:
            print("the server closed the connection", file=sys.stderr)
            sys.exit(1)
        self.bytes += got


@contextlib.contextmanager
def serving(command: list[str], prefix: list[str] = (), single: bool = False):
    """Runs a server, pinned, until the block ends. `prefix`: what to run it under."""
    if command != ["nginx"] and not os.path.exists(command[0]):
        cannot(f"{command[0]} was not built")
    with directory() as place:
        port = free_port()
        full = pinned(0, [*prefix, *server_command(command, port, place, single)])
        environment = {**os.environ, "GOMAXPROCS": "1"}
        with open(f"{place}/output", "wb") as output:  # wrk closes its connections in the midst of answers
            process = subprocess.Popen(full, stdout=output, stderr=output, env=environment)
        try:
            server = Server(process, port, f"{place}/output")
            server.wait()
            yield server
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
