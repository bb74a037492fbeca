#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""The limit: wrk, which is no library, and does nothing with an answer but count it. `wrk_client.py URL`"""
import re
import resource
import shutil
import subprocess
import sys

if not shutil.which("wrk"):
    print("wrk is not installed", file=sys.stderr)
    sys.exit(77)
done = subprocess.run(["wrk", "-t1", "-c100", "-d1s", sys.argv[1]], stdout=subprocess.PIPE, text=True, check=True)
if "Non-2xx" in done.stdout or "Socket errors" in done.stdout:
    sys.exit(done.stdout)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
count = float(re.search(r"(\d+) requests in", done.stdout)[1])
print("rate", re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)[1])
print("cpu_us", round((used.ru_utime + used.ru_stime) / count * 1e6, 3))
print("user_us", round(used.ru_utime / count * 1e6, 3))
