# SPDX-License-Identifier: BSL-1.0
"""asyncio or uvloop as the sender or the receiver of bench_tls_throughput:
tls_peer.py asyncio|uvloop CHAIN KEY CA BYTES: sends BYTES through a TLS connection between two processes, prints the
seconds from the receiver's first byte to its last."""
import asyncio
import os
import ssl
import sys
import time

kind, chain, key, ca, total = sys.argv[1:]
total = int(total)
block = bytes(256 * 1024)


async def send(reader, writer):
    left = total
    try:
        while left > 0:
            writer.write(block[: min(left, len(block))])
            await writer.drain()
            left -= len(block)
        writer.close()
        await writer.wait_closed()
    except ConnectionError:
        pass
    done.set()


async def serve(port_pipe):
    global done
    done = asyncio.Event()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(chain, key)
    server = await asyncio.start_server(send, "127.0.0.1", 0, ssl=context)
    os.write(port_pipe, str(server.sockets[0].getsockname()[1]).encode())
    os.close(port_pipe)
    await done.wait()


async def receive(port):
    context = ssl.create_default_context(cafile=ca)
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname="localhost", limit=1 << 20)
    start = time.perf_counter()
    got = 0
    while got < total:
        part = await reader.read(1 << 20)
        if not part:
            sys.exit(f"only {got} bytes came")
        got += len(part)
    print(time.perf_counter() - start, flush=True)
    writer.close()


def run(main):
    if kind == "uvloop":
        import uvloop

        uvloop.install()
    asyncio.run(main)


take, give = os.pipe()
if (child := os.fork()) == 0:
    os.close(take)
    run(serve(give))
    os._exit(0)
os.close(give)
port = int(os.read(take, 16))
run(receive(port))
os.waitpid(child, 0)
