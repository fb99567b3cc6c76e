"""Curves of the rows of growth, as the picture of docs/performance.md.

python -m benchmarks.speed.growth_picture
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

__all__ = ["PICTURE", "curves", "drawn", "write_picture"]

RESULTS = Path("benchmarks/results.json")
PICTURE = Path("docs/growth.svg")
TITLES = {"s": "Seconds", "ms": "Milliseconds a scan", "MB": "Memory of the process, MB"}

Curves = dict[str, dict[str, dict[int, float]]]
"""Figures by unit, by what is measured, and by number of fingerprints or scans."""

_SIZE = re.compile(r"([\d,]+) (?:fingerprints|scans)")
_COLOURS = ("#3b6ea5", "#b3542d", "#4d7c3a", "#7a4f9a", "#8a6d1a", "#1f7a7a")
_WIDTH, _HEIGHT = 360.0, 190.0  # of a plot
_LEFT, _TOP, _PANEL, _LEGEND = 70.0, 40.0, 270.0, 320.0
_STYLE = """
text { font: 12px system-ui, sans-serif; fill: #1f2328 }
.title { font-weight: 600 }
.scale { fill: #59636e; font-size: 11px }
.grid { stroke: #d1d9e0; stroke-width: 0.6 }
.curve { fill: none; stroke-width: 1.8 }
.background { fill: #ffffff }
"""


def curves(rows: Iterable[Mapping[str, Any]]) -> Curves:
    """Collect the points of the curves: each row gives its own, and that of the size beside it."""
    found: Curves = {}
    for row in rows:
        what, _, size = row["name"].rpartition(": ")
        own, base = _SIZE.match(size), _SIZE.match(row["beside"])
        if row["kind"] != "growth" or not own or not base or "ten times" in size:
            continue
        points = found.setdefault(row["unit"], {}).setdefault(what, {})
        points |= {_number(base[1]): row["alternative"], _number(own[1]): row["ours"]}
    return found


def _number(text: str) -> int:
    return int(text.replace(",", ""))


def drawn(found: Curves) -> str:
    """Draw a plot for each unit, both axes logarithmic."""
    panels = [unit for unit in TITLES if unit in found]
    width, height = _LEFT + _WIDTH + _LEGEND, _PANEL * len(panels) + _TOP
    parts = [_panel(_TOP + _PANEL * i, TITLES[unit], found[unit]) for i, unit in enumerate(panels)]
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" role="img">'
    about = "<title>Time and memory by number of fingerprints or scans</title>"
    frame = f'<rect class="background" width="{width:g}" height="{height:g}"/>'
    return "\n".join([head, about, f"<style>{_STYLE}</style>", frame, *parts, "</svg>"]) + "\n"


def _panel(top: float, title: str, of_what: Mapping[str, Mapping[int, float]]) -> str:
    across = _decades([size for points in of_what.values() for size in points])
    up = _decades([value for points in of_what.values() for value in points.values()])

    def place(size: float, value: float) -> tuple[float, float]:
        x = _LEFT + _WIDTH * (math.log10(size) - across[0]) / (across[-1] - across[0])
        return x, top + _HEIGHT * (up[-1] - math.log10(value)) / (up[-1] - up[0])

    parts = [f'<text class="title" x="{_LEFT:g}" y="{top - 12:.1f}">{escape(title)}</text>']
    bottom, right = top + _HEIGHT, _LEFT + _WIDTH
    for power in across:
        x, _ = place(10.0**power, 10.0 ** up[0])
        parts += [_line(x, x, top, bottom), _scale(x, bottom + 16, power, "middle")]
    for power in up:
        _, y = place(10.0 ** across[0], 10.0**power)
        parts += [_line(_LEFT, right, y, y), _scale(_LEFT - 6, y + 4, power, "end")]
    for i, (what, points) in enumerate(of_what.items()):
        ends = [place(size, points[size]) for size in sorted(points)]
        parts.append(_curve(ends, what, _COLOURS[i % len(_COLOURS)], top + 14 + 20 * i))
    return "\n".join(parts)


def _curve(ends: Sequence[tuple[float, float]], what: str, colour: str, y: float) -> str:
    """Draw a curve, and its name beside the plot at a height."""
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in ends)
    x = _LEFT + _WIDTH + 20
    parts = [f'<polyline class="curve" stroke="{colour}" points="{line}"/>']
    parts += [f'<circle fill="{colour}" cx="{cx:.1f}" cy="{cy:.1f}" r="3"/>' for cx, cy in ends]
    parts.append(f'<rect fill="{colour}" x="{x:g}" y="{y - 9:.1f}" width="12" height="9"/>')
    parts.append(f'<text x="{x + 18:g}" y="{y:.1f}">{escape(what)}</text>')
    return "\n".join(parts)


def _line(x1: float, x2: float, y1: float, y2: float) -> str:
    return f'<line class="grid" x1="{x1:.1f}" x2="{x2:.1f}" y1="{y1:.1f}" y2="{y2:.1f}"/>'


def _decades(values: Sequence[float]) -> range:
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return range(low, max(high, low + 1) + 1)


def _scale(x: float, y: float, power: int, anchor: str) -> str:
    text = f"{10.0**power:,.0f}" if power >= 0 else f"{10.0**power:g}"
    return f'<text class="scale" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{text}</text>'


def write_picture() -> None:
    """Draw the committed rows; without any, no picture is written."""
    found = curves(json.loads(RESULTS.read_text(encoding="utf-8"))["rows"])
    if found:
        PICTURE.write_text(drawn(found), encoding="utf-8")


if __name__ == "__main__":
    write_picture()
