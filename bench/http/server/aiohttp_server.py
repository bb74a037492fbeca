#!/usr/bin/python3
# SPDX-License-Identifier: BSL-1.0
"""The same with aiohttp on uvloop. `aiohttp_server.py PORT`"""
import sys

import uvloop
from aiohttp import web


async def hello(request):
    return web.Response(text="Hello, World!")


app = web.Application()
app.router.add_get("/", hello)
web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), access_log=None, print=None, loop=uvloop.new_event_loop())
