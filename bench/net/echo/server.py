# SPDX-License-Identifier: BSL-1.0
"""An echo server in Python: server.py asyncio|uvloop streams|protocol PORT (0: any), which it prints."""

import asyncio
import sys


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(64 * 1024):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


class EchoProtocol(asyncio.Protocol):
    def connection_made(self, transport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.transport.write(data)

    def pause_writing(self) -> None:
        self.transport.pause_reading()

    def resume_writing(self) -> None:
        self.transport.resume_reading()


async def main(style: str, port: int) -> None:
    if style == "streams":
        server = await asyncio.start_server(echo, "127.0.0.1", port, backlog=4096)
    else:
        server = await asyncio.get_running_loop().create_server(EchoProtocol, "127.0.0.1", port, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


kind, style = sys.argv[1], sys.argv[2]
if kind == "uvloop":
    try:
        import uvloop
    except ImportError as missing:
        print(missing, file=sys.stderr)
        sys.exit(77)
    uvloop.install()
asyncio.run(main(style, int(sys.argv[3]) if len(sys.argv) > 3 else 0))
