# SPDX-License-Identifier: BSL-1.0
"""asyncio on the other end. `serve CHAIN KEY`: prints its port, answers each line in capitals, ends with its input.
`ask PORT CA TEXT`: sends a line, prints the answer and what was agreed on."""
import asyncio
import ssl
import sys


async def serve(chain, key):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(chain, key)

    async def answer(reader, writer):
        while line := await reader.readline():
            writer.write(line.upper())
            await writer.drain()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
    print("port", server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


async def ask(port, ca, text):
    context = ssl.create_default_context(cafile=ca)
    reader, writer = await asyncio.open_connection("127.0.0.1", int(port), ssl=context, server_hostname="localhost")
    writer.write(text.encode() + b"\n")
    await writer.drain()
    print(writer.get_extra_info("ssl_object").version(), (await reader.readline()).decode().strip(), flush=True)
    rest = await reader.read()
    print("rest", len(rest), flush=True)
    writer.close()
    await writer.wait_closed()


asyncio.run({"serve": serve, "ask": ask}[sys.argv[1]](*sys.argv[2:]))
