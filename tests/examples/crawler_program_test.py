#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Runs the crawler as a person would, against real servers: the demo, a directory, nginx, Ctrl-C and --resume.

    crawler_program_test.py CRAWLER CASE

Cases that need a package which is not installed say so and exit with 77 (skipped).
"""
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time

SITE = pathlib.Path("/usr/share/cppreference/doc/html")
HERE = pathlib.Path(__file__).resolve().parent
CONF = HERE.parent.parent / "bench" / "crawl" / "nginx.conf"
COUNT = HERE.parent / "support" / "count_pages.py"
SKIPPED = 77


def run(*command, **more):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=300, **more)
    print(done.stdout, done.stderr, sep="\n")
    return done


def need(condition, what):
    if not condition:
        print("skipped:", what)
        sys.exit(SKIPPED)


def html_pages(output):
    found = re.search(r"HTML pages answered with 200: (\d+)", output)
    assert found, "the crawler printed no count of pages"
    return int(found.group(1))


def counted_pages(crawler):
    """What the script counts. It takes half a minute, so the count is kept beside the crawler, for this site and script."""
    of = [[str(path), path.stat().st_mtime_ns] for path in (SITE, COUNT)]
    kept = pathlib.Path(crawler).parent / "counted_pages.json"
    try:
        known = json.loads(kept.read_text())
        if known["of"] == of:
            return known["pages"]
    except (OSError, ValueError, KeyError):
        pass
    done = run(sys.executable, COUNT, SITE, "en/index.html")
    pages = int(done.stdout.split()[0])
    kept.write_text(json.dumps({"of": of, "pages": pages}))
    return pages


def rows(database, query):
    with sqlite3.connect(database) as db:
        return db.execute(query).fetchall()


class Nginx:
    """A real nginx on a loopback port, in a directory of its own."""

    def __init__(self, folder):
        binary = shutil.which("nginx") or "/usr/sbin/nginx"
        need(os.path.exists(binary), "nginx is not installed (package nginx-light)")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        text = CONF.read_text()
        for name, value in (("@DIRECTORY@", folder), ("@PORT@", str(self.port)), ("@SITE@", str(SITE))):
            text = text.replace(name, value)
        conf = pathlib.Path(folder, "nginx.conf")
        conf.write_text(text)
        self.process = subprocess.Popen([binary, "-p", folder, "-c", str(conf), "-e", folder + "/error.log"])

    def __enter__(self):
        for _ in range(100):
            try:
                socket.create_connection(("127.0.0.1", self.port), 0.1).close()
                return self
            except OSError:
                time.sleep(0.05)
        raise AssertionError("nginx does not answer")

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(10)

    @property
    def start(self):
        return f"http://127.0.0.1:{self.port}/en/index.html"


def demo(crawler, folder):
    begin = time.monotonic()
    done = run(crawler, "demo", "--db", folder + "/pages.sqlite")
    assert done.returncode == 0, "the demo found something else than expected"
    assert "Everything is as expected." in done.stdout
    print(f"took {time.monotonic() - begin:.1f} s")


def demo_without_database(crawler, folder):
    done = run(crawler, "demo", "--db", "none", cwd=folder)
    assert done.returncode == 0
    assert os.listdir(folder) == [], "something was stored"


def directory(crawler, folder):
    need(SITE.is_dir(), "there are no pages (package cppreference-doc-en-html)")
    database = folder + "/pages.sqlite"
    done = run(crawler, "demo", "--site", SITE, "--db", database)
    assert done.returncode == 0
    expected = counted_pages(crawler)
    assert html_pages(done.stdout) == expected, f"{expected} expected"
    stored = rows(database, "SELECT count(*) FROM pages WHERE status = 200 AND content_type LIKE 'text/html%'")[0][0]
    assert stored == expected, f"{stored} stored"
    found = run(crawler, "search", "unique_ptr", "--db", database).stdout
    best = re.findall(r"^ *([12])\. .*\n +(\S+)", found, re.M)
    assert any(url.endswith("/en/cpp/memory/unique_ptr.html") for _, url in best), found


def nginx(crawler, folder):
    need(SITE.is_dir(), "there are no pages (package cppreference-doc-en-html)")
    with Nginx(folder) as server:
        done = run(crawler, server.start, "--db", "none")
        assert done.returncode == 0
        assert html_pages(done.stdout) == counted_pages(crawler)


def interrupted(crawler, folder):
    """Ctrl-C ends soon with everything fetched so far stored; --resume goes on from there and fetches nothing twice."""
    need(SITE.is_dir(), "there are no pages (package cppreference-doc-en-html)")
    database = folder + "/pages.sqlite"
    with Nginx(folder) as server:
        expected = counted_pages(crawler)
        process = subprocess.Popen([crawler, server.start, "--db", database, "--concurrency", "20"],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                if rows(database, "SELECT count(*) FROM pages")[0][0] > 100:
                    break
            except sqlite3.OperationalError:
                pass
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        print(out, err)
        assert process.returncode == 130, process.returncode
        first = rows(database, "SELECT count(*) FROM pages WHERE status = 200")[0][0]
        finished = int(re.search(r"200 +(\d+)", out).group(1)) if re.search(r"200 +(\d+)", out) else 0
        assert first >= finished, f"{finished} were fetched, {first} are stored"
        assert first < expected, "it had finished before the signal"
        before = dict(rows(database, "SELECT url, fetched_at FROM pages"))
        done = run(crawler, server.start, "--db", database, "--resume")
        assert done.returncode == 0
        after = dict(rows(database, "SELECT url, fetched_at FROM pages"))
        assert all(after[url] == when for url, when in before.items()), "a page was fetched twice"
        total = rows(database, "SELECT count(*) FROM pages WHERE status = 200")[0][0]
        assert total == expected, f"{total} instead of {expected} pages"
        assert rows(database, "SELECT count(*) FROM frontier")[0][0] == 0


def refused(crawler, folder):
    """Bad input gets a clear sentence, at once."""
    for arguments, text in ((["ftp:"], "host"), (["http://127.0.0.1:1/", "--db", "none", "--retries", "0"], "connect"),
                            (["http://127.0.0.1/", "--db", "/nonexistent/x.sqlite"], "/nonexistent/x.sqlite"),
                            (["search", "x", "--db", folder + "/none.sqlite"], "none.sqlite")):
        done = run(crawler, *arguments)
        assert done.returncode != 0, arguments
        assert text in done.stdout + done.stderr, arguments


CASES = {f.__name__: f for f in (demo, demo_without_database, directory, nginx, interrupted, refused)}

if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as own:
        CASES[sys.argv[2]](sys.argv[1], own)
