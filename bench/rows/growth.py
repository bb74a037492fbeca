# SPDX-License-Identifier: BSL-1.0
"""What a unit costs when there are many: how much dearer than with one thousand, beside the limit's own growth.

The limit's figure says what caches and pages do to the same number of the smallest possible tasks and timers.
"""

from __future__ import annotations

import sys

from harness.row import Contender, Goal, Row, program, source

COUNTS = {10_000: "10 thousand", 100_000: "100 thousand", 1_000_000: "1 million", 10_000_000: "10 million"}
BASE = 1_000


def grows(row, figure, title, about):
    rows = []
    for count, words in COUNTS.items():
        command = [sys.executable, source("bench/heart/growth.py"), figure, row, str(BASE), str(count)]
        rows.append(
            Row(f"{row}_growth_{count}", f"{title}, 1 thousand to {words}", "times", "growth",
                [Contender("eddy", [*command, program("bench/heart/bench_heart")]),
                 Contender("limit", [*command, program("bench/heart/bench_heart_limit")])],
                [Goal("limit", 1.5)], about=about))
    return rows


ROWS = [
    *grows("gather", "ns", "a task's cost",
           "The time of a task in a gather of so many, divided by that in a gather of one thousand."),
    *grows("sleeps", "cpu_ns", "a timer's cost",
           "The processor time of a sleeping task among so many, divided by that among one thousand; with one thousand each"
           " wake-up is a turn of the loop of its own, so it falls at first."),
]
