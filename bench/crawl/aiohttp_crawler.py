#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""The peer for the crawler's speed: asyncio and aiohttp, links by lxml, encoding given, nothing stored.

    aiohttp_crawler.py URL [--concurrency 100]
"""
import argparse
import asyncio
import time
from urllib.parse import urldefrag, urljoin, urlsplit

import aiohttp
import lxml.html


async def crawl(start, concurrency):
    origin = urlsplit(start)[:2]
    queue, seen, pages = asyncio.Queue(), {start}, 0
    queue.put_nowait(start)

    async def fetch(session):
        nonlocal pages
        while True:
            url = await queue.get()
            try:
                async with session.get(url) as response:
                    if response.status != 200 or response.content_type != "text/html":
                        continue
                    body = await response.read()
                pages += 1
                document = lxml.html.fromstring(body, parser=lxml.html.HTMLParser(encoding="utf-8"))
                for href in document.xpath("//a/@href | //area/@href | //iframe/@src | //frame/@src"):
                    link = urldefrag(urljoin(url, href)).url
                    if link not in seen and urlsplit(link)[:2] == origin:
                        seen.add(link)
                        queue.put_nowait(link)
            except (aiohttp.ClientError, ValueError, lxml.etree.ParserError):
                pass
            finally:
                queue.task_done()

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=concurrency)) as session:
        workers = [asyncio.create_task(fetch(session)) for _ in range(concurrency)]
        await queue.join()
        for worker in workers:
            worker.cancel()
    return pages


if __name__ == "__main__":
    arguments = argparse.ArgumentParser()
    arguments.add_argument("url")
    arguments.add_argument("--concurrency", type=int, default=100)
    given = arguments.parse_args()
    begin = time.monotonic()
    count = asyncio.run(crawl(given.url, given.concurrency))
    seconds = time.monotonic() - begin
    print(f"{count} pages in {seconds:.2f} s: {count / seconds:.0f} pages/s")
