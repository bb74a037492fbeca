# SPDX-License-Identifier: BSL-1.0
"""A picture of all rows: a line each, with everybody's distance from eddy on a logarithmic scale."""

from __future__ import annotations

import html
import math

from harness.report import eddy_of

COLOURS = ["#d95f02", "#7570b3", "#1b9e77", "#e7298a", "#66a61e", "#e6ab02", "#a6761d", "#1f78b4", "#b15928", "#6a3d9a", "#fb9a99", "#666666",
           "#33a02c", "#cab2d6"]
LINE = 20
LEFT = 360
WIDTH = 640
TOP = 80


def distance(result: dict, entry: dict) -> float | None:
    """How many times as much as eddy: above 1 is slower, or larger, than eddy."""
    eddy = eddy_of(result)
    if eddy is None or not entry.get("median") or not eddy["median"]:
        return None
    times = entry["median"] / eddy["median"]
    return times if result["lower_is_better"] else 1 / times


def draw(results: list[dict]) -> str:
    rows = [r for r in results if eddy_of(r) is not None]
    points = [(i, e, d) for i, r in enumerate(rows) for e in r["contenders"]
              if e["role"] != "eddy" and (d := distance(r, e)) is not None]
    names = sorted({base(e["name"]) for _, e, _ in points if e["role"] == "peer"})
    colour = {name: COLOURS[i % len(COLOURS)] for i, name in enumerate(names)}
    low = min([d for *_, d in points] + [0.5])
    high = max([d for *_, d in points] + [10])
    span = math.log10(high / low)

    def x(times: float) -> float:
        return LEFT + 10 + WIDTH * math.log10(times / low) / span

    height = TOP + LINE * len(rows) + 30
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + WIDTH + 30}" height="{height}"'
           ' font-family="sans-serif" font-size="11">', '<rect width="100%" height="100%" fill="white"/>']
    out += legend(colour)
    for power in range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1):
        if low <= 10**power <= high:
            at = x(10**power)
            out.append(f'<line x1="{at:.0f}" y1="{TOP - 8}" x2="{at:.0f}" y2="{height - 22}" stroke="#ddd"/>')
            out.append(f'<text x="{at:.0f}" y="{height - 8}" text-anchor="middle" fill="#555">{10**power:g}×</text>')
    out.append(f'<line x1="{x(1):.0f}" y1="{TOP - 8}" x2="{x(1):.0f}" y2="{height - 22}" stroke="black" stroke-width="2"/>')
    for i, row in enumerate(rows):
        y = TOP + LINE * i + 8
        out.append(f'<text x="{LEFT}" y="{y + 4}" text-anchor="end">{html.escape(row["title"])}</text>')
    for i, entry, times in points:
        y = TOP + LINE * i + 8
        tip = f"<title>{html.escape(entry['name'])}: {times:.3g} times eddy</title>"
        if entry["role"] == "limit":
            out.append(f'<rect x="{x(times) - 4:.1f}" y="{y - 4}" width="8" height="8" fill="none" stroke="black">{tip}</rect>')
        else:
            out.append(f'<circle cx="{x(times):.1f}" cy="{y}" r="4" fill="{colour[base(entry["name"])]}" fill-opacity="0.8">{tip}</circle>')
    return "\n".join([*out, "</svg>", ""])


def base(name: str) -> str:
    """The peer, without how it was used: asyncio for `asyncio protocol` and `asyncio (100000)`."""
    return name.split(" ")[0].split(",")[0]


def legend(colour: dict[str, str]) -> list[str]:
    out = ['<text x="10" y="18" font-size="13">Cost beside eddy (the black line); right of it is slower or larger</text>',
           '<rect x="12" y="30" width="8" height="8" fill="none" stroke="black"/><text x="24" y="38">limit</text>']
    at, y = 70, 34
    for name, paint in colour.items():
        if at + 22 + 6.5 * len(name) > LEFT + WIDTH:
            at, y = 12, y + 18
        out.append(f'<circle cx="{at:.0f}" cy="{y}" r="4" fill="{paint}"/><text x="{at + 8:.0f}" y="{y + 4}">{html.escape(name)}</text>')
        at += 22 + 6.5 * len(name)
    return out
