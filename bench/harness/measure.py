# SPDX-License-Identifier: BSL-1.0
"""Runs the commands of rows in turn and keeps what they print."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys

from harness.row import ROOT, Contender, Row

LONGEST_RUN = 180  # seconds
CANNOT = 77  # the exit status of a command that cannot measure here


class Measurements:
    """All that was printed: a list of figures for each command, one dictionary a round."""

    def __init__(self, rounds: int) -> None:
        self.rounds = rounds
        self.figures: dict[tuple, list[dict[str, float]]] = {}
        self.reasons: dict[tuple, str] = {}  # why a command has none
        self.failures: list[str] = []  # a wrong result, a crash: the run as a whole has failed

    def of_row(self, row: Row) -> None:
        """Runs whatever of this row has not been run for another one, interleaved."""
        wanted = [c for c in row.contenders if key(c) not in self.figures and key(c) not in self.reasons]
        wanted = [c for c in wanted if not self._absent(c)]
        for _ in range(self.rounds * row.repeats):
            for contender in wanted:
                if key(contender) not in self.reasons:
                    self._once(row, contender)

    def values(self, row: Row, contender: Contender) -> list[float]:
        return [f[row.figure] for f in self.figures.get(key(contender), []) if row.figure in f]

    def median(self, row: Row, contender: Contender) -> float | None:
        values = self.values(row, contender)
        return statistics.median(values) if values else None

    def reason(self, contender: Contender) -> str:
        return self.reasons.get(key(contender), "it did not print this figure")

    def _absent(self, contender: Contender) -> bool:
        why = contender.missing
        if why is None and not any(os.path.exists(part) for part in contender.command[:1]):
            why = "not built: its library or compiler is not installed" if "/" in contender.command[0] else None
        if why is None and "/" not in contender.command[0] and shutil.which(contender.command[0]) is None:
            why = f"{contender.command[0]} is not installed"
        if why is not None:
            self.reasons[key(contender)] = why
        return why is not None

    def _once(self, row: Row, contender: Contender) -> None:
        command = contender.command
        if contender.cores is not None:
            command = ["taskset", "-c", contender.cores, *command]
        try:
            done = subprocess.run(command, cwd=ROOT, text=True, timeout=LONGEST_RUN, stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        except subprocess.TimeoutExpired:
            self._give_up(contender, f"took longer than {LONGEST_RUN} s")
            return
        said = (done.stderr.strip().splitlines() or ["nothing said"])[-1]
        if done.returncode == CANNOT:
            self._give_up(contender, said)
        elif done.returncode != 0:
            self.failures.append(f"{row.name}: {contender.name} ended with {done.returncode}: {said}")
            self._give_up(contender, f"failed: {said}")
        else:
            self.figures.setdefault(key(contender), []).append(parsed(done.stdout))

    def _give_up(self, contender: Contender, why: str) -> None:
        self.reasons[key(contender)] = why
        self.figures.pop(key(contender), None)


def key(contender: Contender) -> tuple:
    return (*contender.command, contender.cores)


def parsed(output: str) -> dict[str, float]:
    figures = {}
    for line in output.splitlines():
        name, _, value = line.partition(" ")
        try:
            figures[name] = float(value)
        except ValueError:
            print(f"not a figure: {line}", file=sys.stderr)
    return figures
