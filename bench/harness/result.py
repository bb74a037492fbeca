# SPDX-License-Identifier: BSL-1.0
"""What came of a row, as plain data: what is printed, drawn and written to bench/results/."""

from __future__ import annotations

import statistics
import sys

from harness.measure import Measurements
from harness.row import ROOT, Goal, Row


def told(part: str) -> str:
    """A part of a command as anybody could type it, without this machine's folders."""
    return "python3" if part == sys.executable else part.replace(f"{ROOT}/", "")


def result_of(row: Row, measured: Measurements) -> dict:
    entries = [entry_of(row, contender, measured) for contender in row.contenders]
    by_name = {entry["name"]: entry for entry in entries}
    result = {
        "row": row.name, "title": row.title, "unit": row.unit, "lower_is_better": row.lower_is_better,
        "about": row.about, "contenders": entries,
    }
    eddy = next((e for e in entries if e["role"] == "eddy" and "median" in e), None)
    if eddy is not None:
        result["best_peer"] = compared(row, eddy, best(row, entries, "peer"))
        result["limit"] = compared(row, eddy, best(row, entries, "limit"))
        result["goals"] = [judged(row, goal, eddy, by_name) for goal in row.goals]
    return result


def entry_of(row: Row, contender, measured: Measurements) -> dict:
    values = measured.values(row, contender)
    command = [told(part) for part in contender.command]
    entry = {"name": contender.name, "role": contender.role(), "command": command}
    if not values:
        return entry | {"missing": measured.reason(contender)}
    return entry | {"median": statistics.median(values), "least": min(values), "most": max(values), "values": values}


def best(row: Row, entries: list[dict], role: str) -> dict | None:
    there = [e for e in entries if e["role"] == role and "median" in e]
    if not there:
        return None
    return (min if row.lower_is_better else max)(there, key=lambda e: e["median"])


def compared(row: Row, eddy: dict, other: dict | None) -> dict | None:
    if other is None or not other["median"]:
        return None
    return {"name": other["name"], "median": other["median"], "ratio": eddy["median"] / other["median"]}


def judged(row: Row, goal: Goal, eddy: dict, by_name: dict[str, dict]) -> dict:
    told = {"against": goal.against, "wanted": goal.ratio}
    if goal.against is None:
        reached = eddy["median"]
    else:
        # A slow peer's name may say that it did fewer units.
        peer = by_name.get(goal.against) or next(
            (e for name, e in by_name.items() if name.startswith(goal.against + " (")), None)
        if peer is None or not peer.get("median"):
            return told | {"missing": peer["missing"] if peer and "missing" in peer else "not in this row"}
        reached = eddy["median"] / peer["median"]
    met = reached <= goal.ratio if row.lower_is_better else reached >= goal.ratio
    return told | {"reached": reached, "met": met}
