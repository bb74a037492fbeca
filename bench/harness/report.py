# SPDX-License-Identifier: BSL-1.0
"""Tables of results: for the terminal, and in Markdown for the documentation."""

from __future__ import annotations


def number(value: float) -> str:
    """Three figures, and thousands apart: 0.0423, 5.31, 1,650."""
    if value == 0:
        return "0"
    size = abs(value)
    return f"{value:,.0f}" if size >= 100 else f"{value:.3g}"


def spread(entry: dict) -> str:
    """How far the rounds lie apart, around the median: +-4 %."""
    if not entry["median"]:
        return ""
    return f"±{(entry['most'] - entry['least']) / 2 / abs(entry['median']) * 100:.0f} %"


def eddy_of(result: dict) -> dict | None:
    return next((e for e in result["contenders"] if e["role"] == "eddy" and "median" in e), None)


def with_name(compared: dict | None) -> str:
    return f"{number(compared['median'])} {compared['name']}" if compared else "-"


def ratio(compared: dict | None) -> str:
    return number(compared["ratio"]) if compared else "-"


def goals(result: dict, sign: str = "<=") -> str:
    told = []
    if not result["lower_is_better"]:
        sign = ">="
    for goal in result.get("goals", []):
        of = f" {goal['against']}" if goal["against"] else f" {result['unit']}"
        if "missing" in goal:
            told.append(f"{sign} {number(goal['wanted'])}{of}: not measured")
        else:
            told.append(f"{number(goal['reached'])} {'meets' if goal['met'] else 'MISSES'} {sign} {number(goal['wanted'])}{of}")
    return "; ".join(told)


def lines_of(result: dict) -> list[str]:
    """A row for the terminal: eddy, each of the others, and what comes of the goals."""
    lines = [f"{result['title']} [{result['unit']}, {'less' if result['lower_is_better'] else 'more'} is better]"]
    eddy = eddy_of(result)
    for entry in sorted(result["contenders"], key=lambda e: (e["role"] != "eddy", e["role"] == "limit")):
        if "missing" in entry:
            lines.append(f"  {entry['name']:<22} {'-':>10}          {entry['missing']}")
            continue
        times = f"{number(eddy['median'] / entry['median']):>8}" if eddy and entry is not eddy and entry["median"] else " " * 8
        lines.append(f"  {entry['name']:<22} {number(entry['median']):>10} {spread(entry):>7} {times}")
    if result.get("goals"):
        lines.append(f"  goals: {goals(result)}")
    return lines


def short_table(results: list[dict]) -> str:
    """eddy, the best peer and the limit."""
    lines = ["| row | eddy | best peer | eddy / peer | limit | eddy / limit |", "|---|---|---|---|---|---|"]
    for result in results:
        eddy = eddy_of(result)
        if eddy is None:
            continue
        better = "" if result["lower_is_better"] else ", more is better"
        lines.append(
            f"| {result['title']} ({result['unit']}{better}) | {number(eddy['median'])} | {with_name(result['best_peer'])} |"
            f" {ratio(result['best_peer'])} | {with_name(result['limit'])} | {ratio(result['limit'])} |")
    return "\n".join(lines)


def full_tables(results: list[dict]) -> str:
    """A section a row, with everybody."""
    parts = []
    for result in results:
        eddy = eddy_of(result)
        more = "less" if result["lower_is_better"] else "more"
        parts.append(f"### {result['title']}\n\n{result['about']} In {result['unit']}; {more} is better.\n")
        lines = ["| | median | spread | eddy is |", "|---|---|---|---|"]
        for entry in result["contenders"]:
            if "missing" in entry:
                lines.append(f"| {entry['name']} | - | | not measured: {entry['missing']} |")
                continue
            times = f"{number(eddy['median'] / entry['median'])} times" if eddy and entry is not eddy and entry["median"] else ""
            lines.append(f"| {entry['name']} | {number(entry['median'])} | {spread(entry)} | {times} |")
        told = goals(result).replace("MISSES", "misses")
        parts.append("\n".join(lines) + (f"\n\nGoals: {told}.\n" if told else "\n"))
    return "\n".join(parts)
