#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Walks a directory of HTML files by their links and counts the pages that a server would answer with 200.

The crawler's oracle: it shares no code with it, only Python's standard library. As a browser sees it: links are
those of a, area, frame and iframe; fragments are dropped; a query makes another URL of the same file; a directory
answers with its index.html, behind a redirect to the path with a slash.

    count_pages.py DIRECTORY [START]                 START is en/index.html unless given
    count_pages.py DIRECTORY --links-by walk_links   takes the links from the crawler's own HTML reader instead
"""
import argparse
import html.parser
import os
import re
import subprocess
import urllib.parse

ORIGIN = "http://site.invalid"
SOURCES = {"a": "href", "area": "href", "frame": "src", "iframe": "src"}


class Links(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.found, self.base = [], None

    def handle_starttag(self, tag, attributes):
        attributes = dict(reversed(attributes))  # the first of two attributes of one name counts
        if tag == "base" and self.base is None:
            self.base = attributes.get("href")
        elif attributes.get(SOURCES.get(tag)) is not None:
            self.found.append(attributes[SOURCES[tag]])


def links_by_python(file):
    parser = Links()
    with open(file, encoding="utf-8", errors="replace") as text:
        parser.feed(text.read())
    return parser.base, parser.found


class LinksByProgram:
    def __init__(self, program):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def __call__(self, file):
        self.process.stdin.write(os.fsencode(file) + b"\n")
        self.process.stdin.flush()
        count = int(self.process.stdout.readline())
        return None, [self.process.stdout.readline().rstrip(b"\n").decode() for _ in range(count)]


def resolve(base, link):
    """The URL without fragment, in normal form; None when it leaves the origin or is none."""
    link = re.sub(r"[\t\r\n]", "", link.strip())
    try:
        scheme, host, path, query, _ = urllib.parse.urlsplit(urllib.parse.urljoin(base, link))
    except ValueError:
        return None
    if f"{scheme}://{host}" != ORIGIN:
        return None
    path = urllib.parse.quote(urllib.parse.unquote_to_bytes(path), safe="/!$&'()*+,;=:@~")
    return path or "/", query


def file_for(root, path):
    """The file that answers, and the path that it answers at."""
    name = os.path.join(root, os.fsdecode(urllib.parse.unquote_to_bytes(path)).lstrip("/"))
    if os.path.isdir(name):
        path = path.rstrip("/") + "/"
        name = os.path.join(name, "index.html")
    return (name, path) if os.path.isfile(name) and not name.endswith("/") else (None, path)


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("directory")
    arguments.add_argument("start", nargs="?", default="en/index.html")
    arguments.add_argument("--links-by", metavar="PROGRAM")
    arguments.add_argument("--list", action="store_true", help="print the pages too")
    given = arguments.parse_args()
    links_of = LinksByProgram(given.links_by) if given.links_by else links_by_python

    start = ("/" + given.start.lstrip("/"), "")
    queue, seen, pages, missing, others = [start], {start}, set(), 0, 0
    while queue:
        path, query = queue.pop()
        file, final_path = file_for(given.directory, path)
        if file is None:
            missing += 1
        elif not file.lower().endswith((".html", ".htm")):
            others += 1
        else:
            pages.add((path, query))
            base, links = links_of(file)
            at = urllib.parse.urljoin(ORIGIN + final_path + ("?" + query if query else ""), base or "")
            for url in {resolve(at, link) for link in links} - {None} - seen:
                seen.add(url)
                queue.append(url)
    if given.list:
        print(*sorted(path + ("?" + query if query else "") for path, query in pages), sep="\n")
    print(f"{len(pages)} pages, {others} other files, {missing} missing")


if __name__ == "__main__":
    main()
