# SPDX-License-Identifier: BSL-1.0
"""HTTP/1.1: servers under wrk, and clients against nginx."""

from harness.row import Contender, Goal, Row, program, source

MEASURE = source("bench/http/measure.py")
PROGRAMS = {
    "eddy": [program("bench/http/http_server_eddy")],
    "nginx": ["nginx"],
    "beast": [program("bench/http/http_server_beast")],
    "go": [program("bench/http/http_server_go")],
    "aiohttp": [source("bench/http/server/aiohttp_server.py")],
    "limit": [program("bench/http/http_server_limit")],
}
CLIENTS = {
    "eddy": [program("bench/http/http_client_eddy")],
    "libcurl": [program("bench/http/http_client_curl")],
    "aiohttp": [source("bench/http/client/aiohttp_client.py"), "uvloop"],
    "aiohttp-asyncio": [source("bench/http/client/aiohttp_client.py"), "asyncio"],
    "limit": [source("bench/http/client/wrk_client.py")],
}


def server(what: str, depth: int, names=tuple(PROGRAMS)) -> list[Contender]:
    return [
        Contender(name, [MEASURE, what, "--pipeline", str(depth), "--", *PROGRAMS[name]], cores=None) for name in names
    ]


def rows_of_server(depth: int, suffix: str, how: str) -> list[Row]:
    about = (
        f"A router and one handler with a small body, default limits and timeouts, under wrk with 64 connections, {how}; "
        "server on one core, wrk on the other. nginx has `return 200`, one worker, no access log; the limit is epoll in C "
        "without a parser."
    )
    counted = ("eddy", "nginx", "beast", "limit")
    rows = [
        Row(f"http_server_cpu{suffix}", f"HTTP server, {how}: CPU of the server", "us a request", figure="cpu_us",
            contenders=server("load", depth), goals=[Goal("nginx", 0.9), Goal("beast", 0.9), Goal("go", 0.7)],
            about=about),
        Row(f"http_server_rate{suffix}", f"HTTP server, {how}: rate", "requests/s", figure="rate",
            lower_is_better=False, contenders=server("load", depth), goals=[Goal("nginx", 1.0)],
            about="The same runs. At this rate the load generator's core may be the limit of the faster ones."),
        Row(f"http_server_instructions{suffix}", f"HTTP server, {how}: instructions in user space", "a request",
            figure="instructions", contenders=server("counts", depth, counted),
            about="By callgrind, 64 connections: the difference of a long and a short run. nginx with one process."),
        Row(f"http_server_syscalls{suffix}", f"HTTP server, {how}: system calls", "a request", figure="syscalls",
            contenders=server("counts", depth, counted), about="By strace, in the same way."),
    ]  # fmt: skip
    if depth == 1:  # wrk's latencies of pipelined requests are those of whole batches
        rows.append(Row("http_server_p99", "HTTP server, keep-alive: 99 of 100 answers within", "us", figure="p99_us",
                        contenders=server("load", depth), about="The same runs: from wrk's --latency."))  # fmt: skip
    return rows


def client(names=tuple(CLIENTS)) -> list[Contender]:
    return [Contender(name, [MEASURE, "client", "--", *CLIENTS[name]], cores=None) for name in names]


ROWS = [
    *rows_of_server(1, "", "keep-alive"),
    *rows_of_server(16, "_pipelined", "16 requests at once"),
    Row("http_client_rate", "HTTP client, 10 thousand small GETs, 100 at a time", "requests/s", figure="rate",
        lower_is_better=False, contenders=client(), goals=[Goal("libcurl", 2.0), Goal("aiohttp", 16.0)],
        about="From nginx on the first core, client on the second; each answer's status and body are checked. aiohttp on "
        "uvloop and on asyncio with 4 thousand requests. The limit is wrk, which only counts answers."),
    Row("http_client_cpu", "HTTP client: CPU of the client", "us a request", figure="cpu_us", contenders=client(),
        about="The same runs: what a request costs the client, whatever the server can."),
]  # fmt: skip
