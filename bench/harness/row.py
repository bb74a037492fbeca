# SPDX-License-Identifier: BSL-1.0
"""What a benchmark's row is: who takes part, with which command, and what eddy wants to reach."""

from __future__ import annotations

import dataclasses
import os
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("EDDY_BENCH_BUILD", ROOT / "build" / "release"))


def program(path: str) -> str:
    """The built program of a target, by its path in the tree: program("bench/heart/bench_heart")."""
    return str(BUILD / path)


def source(path: str) -> str:
    """A file of the tree that is run as it is, such as a Python peer."""
    return str(ROOT / path)


@dataclasses.dataclass(frozen=True)
class Contender:
    """One who takes part in a row.

    `command` prints lines `figure value`. It ends with 0 when it measured, with 77 and a reason on stderr when this
    machine cannot. `cores` is what taskset gets; None for a command that pins its parts itself.
    """

    name: str
    command: list[str]
    kind: str = ""
    cores: str | None = "1"
    missing: str | None = None

    def role(self) -> str:
        """eddy, peer or limit."""
        return self.kind or next((k for k in ("eddy", "limit") if self.name.startswith(k)), "peer")


@dataclasses.dataclass(frozen=True)
class Goal:
    """eddy's figure is to be at most `ratio` times that of `against`; for rates at least. None: an absolute bound."""

    against: str | None
    ratio: float


@dataclasses.dataclass(frozen=True)
class Row:
    name: str
    title: str
    unit: str
    figure: str
    contenders: list[Contender]
    goals: list[Goal] = dataclasses.field(default_factory=list)
    lower_is_better: bool = True
    about: str = ""
    repeats: int = 1  # runs a round: for short ones whose figures drift from one second to the next
