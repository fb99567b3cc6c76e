"""docs/about/architecture.md's figures and picture, from the imports of the package.

    python -m benchmarks.architecture            # rewrite the picture and the blocks of the page
    python -m benchmarks.architecture --check    # exit code 1 if they are stale

A room is a module or package that stands directly in `tutelage`, or the folder of benchmarks. A room's floor
is the longest way of imports that begins in it, counted in rooms. An arrow is a pair of rooms of which one
imports from the other. It points up if the layers of pyproject.toml forbid it.
"""

from __future__ import annotations

import argparse
import ast
import sys
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import grimp

from benchmarks.documented.page_blocks import table_lines, with_block
from benchmarks.layered_picture import draw
from tutelage.files.atomic import atomic_file

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs/about/architecture.md"
PICTURE = ROOT / "docs/about/architecture.svg"
PACKAGE = "tutelage"
BENCHMARKS = "benchmarks"
BEFORE = {"source files": 229, "rooms": 49, "floors": 22, "arrows between rooms": 371, "arrows up": 0}
"""The structure on 2026-11-29, before the rooms were joined."""

Arrow = tuple[str, str]


class Structure(NamedTuple):
    """What the imports say.

    Attributes
    ----------
    files : dict of str to int
        Number of source files of each room.
    floors : dict of str to int
        Floor of each room, 1 the lowest.
    arrows : set of tuple of str
        Rooms that import, each with the room imported.
    """

    files: Mapping[str, int]
    floors: Mapping[str, int]
    arrows: set[Arrow]


def room_name(module: str) -> str:
    """Return the room of a module.

    Parameters
    ----------
    module : str
        Its full name.

    Returns
    -------
    str
        The first name below `tutelage`; `tutelage` for the package itself, `benchmarks` for all of these.
    """
    parts = module.split(".")
    return parts[1] if parts[0] == PACKAGE and len(parts) > 1 else parts[0]


def read_structure() -> Structure:
    """Return the structure of the package that is imported here, with its benchmarks."""
    graph = grimp.build_graph(PACKAGE, BENCHMARKS, cache_dir=None)
    files: dict[str, int] = {}
    arrows = set()
    for module in sorted(graph.modules):
        room = room_name(module)
        files[room] = files.get(room, 0) + 1
        imported = {room_name(other) for other in graph.find_modules_directly_imported_by(module)}
        arrows |= {(room, other) for other in imported - {room}}
    return Structure(files, room_floors(files, arrows), arrows)


def room_floors(rooms: Iterable[str], arrows: Iterable[Arrow]) -> dict[str, int]:
    """Return the floor of each room: one more than the highest room from which it imports.

    Parameters
    ----------
    rooms : iterable of str
        All rooms.
    arrows : iterable of tuple of str
        Rooms that import, each with the room imported.

    Returns
    -------
    dict of str to int
        1 for a room that imports from no other.

    Raises
    ------
    ValueError
        If rooms import from each other in a circle.
    """
    below: dict[str, set[str]] = {room: set() for room in rooms}
    for room, lower in arrows:
        below[room].add(lower)
    floors: dict[str, int] = {}
    while len(floors) < len(below):
        ready = [room for room in below if room not in floors and below[room] <= floors.keys()]
        if not ready:
            raise ValueError(
                f"rooms import from each other in a circle: {sorted(below.keys() - floors.keys())}"
            )
        floors |= {room: 1 + max((floors[lower] for lower in below[room]), default=0) for room in ready}
    return floors


def layer_ranks(layers: Sequence[str]) -> dict[str, int]:
    """Return the rank of each room in the contract, 0 the lowest.

    Parameters
    ----------
    layers : sequence of str
        The highest layer first, as in pyproject.toml. A bar divides rooms that may not import from each
        other.

    Returns
    -------
    dict of str to int
        Rooms of one layer have the same rank.
    """
    lowest_first = [[room.strip() for room in layer.split("|")] for layer in reversed(layers)]
    return {room: rank for rank, rooms in enumerate(lowest_first) for room in rooms}


def upward_arrows(arrows: Iterable[Arrow], ranks: Mapping[str, int]) -> list[Arrow]:
    """Return the arrows that do not lead to a lower layer.

    Parameters
    ----------
    arrows : iterable of tuple of str
        Rooms that import, each with the room imported.
    ranks : mapping of str to int
        The layers; rooms without one are not judged.

    Returns
    -------
    list of tuple of str
        Sorted.
    """
    return sorted(
        (room, lower)
        for room, lower in arrows
        if room in ranks and lower in ranks and ranks[room] <= ranks[lower]
    )


def contract_layers() -> list[str]:
    """Return the layers of pyproject.toml, the highest first."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    layers: list[str] = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    return layers


def figure_table(structure: Structure, ranks: Mapping[str, int]) -> list[str]:
    """Return the structure before and after, a row a figure."""
    after = {
        "source files": sum(count for room, count in structure.files.items() if room != BENCHMARKS),
        "rooms": len(structure.floors),
        "floors": max(structure.floors.values()),
        "arrows between rooms": len(structure.arrows),
        "arrows up": len(upward_arrows(structure.arrows, ranks)),
    }
    return table_lines(
        ["", "before", "after"], [[name, str(BEFORE[name]), str(after[name])] for name in BEFORE]
    )


def room_table(structure: Structure, ranks: Mapping[str, int]) -> list[str]:
    """Return a row a room, the lowest layer first: what it is for, its files and its floor."""
    rooms = sorted(structure.floors, key=lambda room: (ranks.get(room, len(ranks)), room))
    return table_lines(
        ["room", "what it is for", "files", "floor"],
        [
            [f"`{room}`", _summary(room), str(structure.files[room]), str(structure.floors[room])]
            for room in rooms
        ],
    )


def _summary(room: str) -> str:
    """Return the first line of a room's docstring."""
    folder = (
        ROOT / BENCHMARKS
        if room == BENCHMARKS
        else ROOT / "src" / PACKAGE / ("" if room == PACKAGE else room)
    )
    file = folder / "__init__.py" if folder.is_dir() else folder.with_suffix(".py")
    return (ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or "-").partition("\n")[0]


def new_files(structure: Structure) -> dict[Path, str]:
    """Return the texts of page and picture as the structure gives them."""
    ranks = layer_ranks(contract_layers())
    page = PAGE.read_text(encoding="utf-8")
    page = with_block(page, "benchmarks.architecture: rooms", room_table(structure, ranks))
    page = with_block(page, "benchmarks.architecture: figures", figure_table(structure, ranks))
    notes = {room: f"{count} file{'s' if count > 1 else ''}" for room, count in structure.files.items()}
    return {PAGE: page, PICTURE: draw(structure.floors, structure.arrows, notes)}


def main() -> int:
    """Run the command and return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.architecture", description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing, exit with 1 if a file is stale")
    is_check = parser.parse_args().check
    stale = False
    for file, text in new_files(read_structure()).items():
        is_current = file.exists() and file.read_text(encoding="utf-8") == text
        stale |= not is_current
        print(f"{file.relative_to(ROOT)}: {'current' if is_current else 'stale' if is_check else 'written'}")
        if not is_current and not is_check:
            with atomic_file(file) as beside:
                beside.write_text(text, encoding="utf-8")
    return 1 if is_check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
