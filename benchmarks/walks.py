"""docs/about/architecture.md's walks: the rooms that a call passes through, traced as it runs.

    python -m benchmarks.walks     # rewrite the block of the page

Each walk runs once on a simulated building. Every call between two functions of the package is noted at its
first occurrence. A call within a room is a *stay*. A call into a lower room is a *step down*. A call into a
higher one, as by a function that was handed down, is a *climb*. A *return* is a call into a room that was
entered and left before.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

import tutelage as tt
from benchmarks.architecture import PAGE, read_structure, room_name
from benchmarks.documented.page_blocks import table_lines, with_block
from tutelage.files.atomic import atomic_file

BLOCK = "benchmarks.walks"


class Walk(NamedTuple):
    """What a call passed through."""

    rooms: list[str]
    stays: int
    steps_down: int
    climbs: int
    returns: int
    depth: int
    """Longest chain of calls of the package, the first one counted."""


def trace(run: Callable[[], object], floors: dict[str, int]) -> Walk:
    """Run a call and note the calls between functions of the package.

    Parameters
    ----------
    run : callable
    floors : dict
        Floor of each room.
    """
    seen: set[tuple[str, str]] = set()
    rooms: list[str] = []
    counts = {"stays": 0, "steps_down": 0, "climbs": 0, "returns": 0}
    deepest = 0
    visited: list[str] = []

    def profile(frame: FrameType, event: str, _argument: Any) -> None:
        nonlocal deepest
        if event != "call" or not _module(frame).startswith("tutelage"):
            return
        caller = frame.f_back
        depth = 1
        first_caller = None
        while caller is not None:
            if _module(caller).startswith("tutelage"):
                first_caller = first_caller or caller
                depth += 1
            caller = caller.f_back
        deepest = max(deepest, depth)
        room = room_name(_module(frame))
        if first_caller is None:
            if room not in rooms:
                rooms.append(room)
            return
        edge = (_function(first_caller), _function(frame))
        if edge in seen:
            return
        seen.add(edge)
        before = room_name(_module(first_caller))
        if room == before:
            counts["stays"] += 1
            return
        counts["steps_down" if floors[room] < floors[before] else "climbs"] += 1
        counts["returns"] += room in visited and visited[-1] != room
        visited.append(room)
        if room not in rooms:
            rooms.append(room)

    sys.setprofile(profile)
    try:
        run()
    finally:
        sys.setprofile(None)
    return Walk(rooms, depth=deepest, **counts)


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", ""))


def _function(frame: FrameType) -> str:
    return f"{_module(frame)}.{frame.f_code.co_qualname}"


def measure() -> dict[str, Walk]:
    """Trace the walks of the page."""
    floors = dict(read_structure().floors)
    office = tt.simulated_survey(seed=2, n_train=100, n_test=20)
    assert office.test is not None
    settings = {"width": 16, "d_e": 8, "batch_size": 32}
    run = tt.RunOptions(device="cpu", budget=tt.Budget(1))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        teacher = tt.teach(office, "dnn", settings=settings, run=run)
        teacher.save(folder / "office.teacher")
        model = tt.Localizer("dnn", settings=settings, run=run).fit(office)
        model.save(folder / "model")
        taught = tt.Localizer("dnn", teachers=folder / "office.teacher", settings=settings, run=run)
        walks = {
            '`Localizer("dnn").fit(survey)`': lambda: tt.Localizer("dnn", settings=settings, run=run).fit(
                office
            ),
            '`Localizer("knn").fit(survey)`': lambda: tt.Localizer("knn").fit(office),
            "`model.predict(scans)`": lambda: model.predict(office.test),
            "`Localizer.load(folder)`": lambda: tt.Localizer.load(folder / "model"),
            'a teacher file, from `Localizer("dnn", teachers=FILE).fit` on': lambda: taught.fit(office),
        }
        return {words: trace(call, floors) for words, call in walks.items()}


def main() -> None:
    """Rewrite the block of the page."""
    heading = (
        "call",
        "rooms, as entered",
        "stays",
        "steps down",
        "climbs",
        "returns",
        "longest chain",
    )
    rows = [
        (
            words,
            ", ".join(f"`{room}`" for room in walk.rooms),
            *map(str, (walk.stays, walk.steps_down, walk.climbs, walk.returns, walk.depth)),
        )
        for words, walk in measure().items()
    ]
    page = with_block(PAGE.read_text(encoding="utf-8"), BLOCK, table_lines(heading, rows))
    with atomic_file(PAGE) as beside:
        beside.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
