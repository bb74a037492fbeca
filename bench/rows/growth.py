# SPDX-License-Identifier: BSL-1.0
"""What a unit costs when there are many: how much dearer than with few, beside the limit's own growth.

The limit's figure says what caches and pages do to the same number of the smallest possible tasks and timers.
"""

from __future__ import annotations

import sys

from harness.row import Contender, Goal, Row, program, source

COUNTS = {1_000: "1 thousand", 10_000: "10 thousand", 100_000: "100 thousand", 1_000_000: "1 million", 10_000_000: "10 million"}


def grows(row, figure, title, about, base=1_000):
    rows = []
    for count in COUNTS:
        if count <= base:
            continue
        command = [sys.executable, source("bench/heart/growth.py"), figure, row, str(base), str(count)]
        rows.append(
            Row(f"{row}_growth_{count}", f"{title}, {COUNTS[base]} to {COUNTS[count]}", "times", "growth",
                [Contender("eddy", [*command, program("bench/heart/bench_heart")]),
                 Contender("limit", [*command, program("bench/heart/bench_heart_limit")])],
                [Goal("limit", 1.5)], about=about))
    return rows


ROWS = [
    *grows("gather", "ns", "a task's cost",
           "The time of a task in a gather of so many, divided by that in a gather of one thousand."),
    *grows("arm_cancel", "ns", "setting a timer",
           "Setting a timer and taking it back among so many others, divided by the same among one thousand."),
    *grows("sleeps", "cpu_ns", "a sleeping task's cost",
           "The processor time of a sleeping task among so many, from spawning to its end, divided by that among 100"
           " thousand. With fewer it is the thousand turns of the loop that cost, not the timers.", base=100_000),
]
