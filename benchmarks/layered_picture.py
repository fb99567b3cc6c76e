"""A picture of rooms on floors: boxes in rows, and arrows that run downwards, as SVG.

Arrows that longer ways imply are drawn faint. The others run around the boxes between their ends: a row that
an arrow crosses gets an empty place for it. Places within a row are ordered by the mean place of their
neighbours, which leaves few crossings (Sugiyama, Tagawa and Toda, IEEE Trans. SMC 11(2), 1981).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from itertools import pairwise
from typing import NamedTuple

__all__ = ["Picture", "draw", "essential_arrows"]

Arrow = tuple[str, str]
"""A room, and one on a lower floor from which it imports."""

Name = str | tuple[str, str, int]
"""A room, or the place where an arrow crosses a floor."""

BOX_WIDTH, BOX_HEIGHT = 124.0, 44.0
ROW_HEIGHT, GAP, CROSSING_WIDTH, MARGIN = 96.0, 26.0, 12.0, 60.0
SWEEPS = 24
STYLE = """
text { font: 13px system-ui, sans-serif; fill: #1f2328; text-anchor: middle }
.small { font-size: 10.5px; fill: #59636e }
.floor { text-anchor: start; fill: #59636e; font-size: 11px }
rect { fill: #eef4fb; stroke: #3b6ea5; stroke-width: 1.2 }
.arrow { fill: none; stroke: #3b6ea5; stroke-width: 1.3 }
.implied { fill: none; stroke: #8c959f; stroke-width: 0.6; opacity: 0.28 }
.background { fill: #ffffff; stroke: none }
"""


class Place(NamedTuple):
    """Where a room stands, or where an arrow crosses a row."""

    name: Name
    x: float
    y: float


class Picture(NamedTuple):
    """What is drawn: places of rooms, and the points of every arrow."""

    rooms: Mapping[str, Place]
    lines: Mapping[Arrow, Sequence[tuple[float, float]]]
    width: float
    height: float


def essential_arrows(arrows: Iterable[Arrow]) -> set[Arrow]:
    """Return the arrows that no longer way implies.

    Parameters
    ----------
    arrows : iterable of tuple of str
        Of a graph without circles.

    Returns
    -------
    set of tuple of str
        The smallest set of arrows with the same ways.
    """
    below: dict[str, set[str]] = {}
    for room, lower in arrows:
        below.setdefault(room, set()).add(lower)

    def reach(room: str) -> set[str]:
        return {room}.union(*(reach(lower) for lower in below.get(room, ())))

    return {
        (room, lower)
        for room, rooms_below in below.items()
        for lower in rooms_below
        if not any(lower in reach(other) for other in rooms_below - {lower})
    }


def place_rooms(floors: Mapping[str, int], arrows: Iterable[Arrow]) -> Picture:
    """Return where rooms and arrows go.

    Parameters
    ----------
    floors : mapping of str to int
        The floor of each room, 1 the lowest.
    arrows : iterable of tuple of str
        Those to route around the boxes.

    Returns
    -------
    Picture
        Coordinates in pixels, the origin in the upper left corner.
    """
    ways = {arrow: _way(arrow, floors) for arrow in sorted(arrows)}
    rows = _ordered_rows(floors, ways)
    widths = {floor: sum(map(_width, row)) + GAP * (len(row) - 1) for floor, row in rows.items()}
    width = max(widths.values()) + 2 * MARGIN
    top = max(rows)
    places: dict[Name, Place] = {}
    for floor, row in rows.items():
        x = (width - widths[floor]) / 2
        y = MARGIN / 2 + (top - floor) * ROW_HEIGHT
        for name in row:
            places[name] = Place(name, x + _width(name) / 2, y)
            x += _width(name) + GAP
    lines = {}
    for arrow, way in ways.items():
        points = [(places[arrow[0]].x, places[arrow[0]].y + BOX_HEIGHT)]
        for name in way[1:-1]:
            points += [(places[name].x, places[name].y), (places[name].x, places[name].y + BOX_HEIGHT)]
        lines[arrow] = [*points, (places[arrow[1]].x, places[arrow[1]].y)]
    rooms = {room: places[room] for room in floors}
    return Picture(rooms, lines, width, MARGIN + (top - 1) * ROW_HEIGHT + BOX_HEIGHT)


def _way(arrow: Arrow, floors: Mapping[str, int]) -> list[Name]:
    """Return the rooms at the ends, and between them a crossing on each floor."""
    room, lower = arrow
    crossings = [(room, lower, floor) for floor in range(floors[room] - 1, floors[lower], -1)]
    return [room, *crossings, lower]


def _ordered_rows(floors: Mapping[str, int], ways: Mapping[Arrow, Sequence[Name]]) -> dict[int, list[Name]]:
    """Return rooms and crossings of each floor, from left to right."""
    rows: dict[int, list[Name]] = {}
    for room in sorted(floors):
        rows.setdefault(floors[room], []).append(room)
    neighbours: dict[Name, set[Name]] = {}
    for way in ways.values():
        for name in way[1:-1]:
            rows[name[2]].append(name)  # type: ignore[index]
        for upper, lower in pairwise(way):
            neighbours.setdefault(upper, set()).add(lower)
            neighbours.setdefault(lower, set()).add(upper)
    for sweep in range(SWEEPS):
        for floor in sorted(rows, reverse=sweep % 2 == 0):
            place = {
                name: (k + 0.5) / len(row) for other, row in rows.items() if other != floor
                for k, name in enumerate(row)
            }  # fmt: skip
            own = {name: (k + 0.5) / len(rows[floor]) for k, name in enumerate(rows[floor])}
            rows[floor].sort(key=lambda name: _mean_place(name, neighbours, place, own))
    return rows


def _mean_place(
    name: Name,
    neighbours: Mapping[Name, set[Name]],
    place: Mapping[Name, float],
    own: Mapping[Name, float],
) -> float:
    around = sorted(place[other] for other in neighbours.get(name, ()))  # sums do not depend on hashes
    return sum(around) / len(around) if around else own[name]


def _width(name: Name) -> float:
    return BOX_WIDTH if isinstance(name, str) else CROSSING_WIDTH


def draw(floors: Mapping[str, int], arrows: Iterable[Arrow], notes: Mapping[str, str]) -> str:
    """Return the picture as SVG text.

    Parameters
    ----------
    floors : mapping of str to int
        The floor of each room, 1 the lowest.
    arrows : iterable of tuple of str
        All imports between rooms.
    notes : mapping of str to str
        A second line for each box.

    Returns
    -------
    str
        A whole SVG file.
    """
    arrows = set(arrows)
    essential = essential_arrows(arrows)
    picture = place_rooms(floors, essential)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {picture.width:.0f} {picture.height:.0f}" '
        f'width="{picture.width:.0f}" height="{picture.height:.0f}">',
        f"<style>{STYLE}</style>",
        '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
        'orient="auto"><path d="M0 0 L8 4 L0 8 z" fill="#3b6ea5"/></marker></defs>',
        f'<rect class="background" width="{picture.width:.0f}" height="{picture.height:.0f}"/>',
    ]
    for room, lower in sorted(arrows - essential):
        start = picture.rooms[room]
        end = picture.rooms[lower]
        points = [(start.x, start.y + BOX_HEIGHT), (end.x, end.y)]
        parts.append(f'<path class="implied" d="{_curve(points)}"/>')
    parts += [
        f'<path class="arrow" marker-end="url(#head)" d="{_curve(points)}"/>'
        for points in picture.lines.values()
    ]
    for room, place in picture.rooms.items():
        left = place.x - BOX_WIDTH / 2
        parts += [
            f'<rect x="{left:.1f}" y="{place.y:.1f}" width="{BOX_WIDTH}" height="{BOX_HEIGHT}" rx="6"/>',
            f'<text x="{place.x:.1f}" y="{place.y + 19:.1f}">{escape(room)}</text>',
            f'<text class="small" x="{place.x:.1f}" y="{place.y + 35:.1f}">{escape(notes[room])}</text>',
        ]
    for floor in sorted(set(floors.values())):
        y = MARGIN / 2 + (max(floors.values()) - floor) * ROW_HEIGHT + BOX_HEIGHT / 2 + 4
        parts.append(f'<text class="floor" x="10" y="{y:.1f}">{floor}</text>')
    return "\n".join([*parts, "</svg>", ""])


def _curve(points: Sequence[tuple[float, float]]) -> str:
    """Return a path that leaves and meets every point downwards."""
    path = f"M{points[0][0]:.1f} {points[0][1]:.1f}"
    for (x, y), (next_x, next_y) in pairwise(points):
        bend = (next_y - y) / 2
        path += f" C{x:.1f} {y + bend:.1f} {next_x:.1f} {next_y - bend:.1f} {next_x:.1f} {next_y:.1f}"
    return path
