"""The buildings of the tables: which learn, and from which others."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from tutelage.data.surveys import dataset_table, shareable_names, without

__all__ = [
    "OTHER_SOURCES",
    "PAPER_SOURCES",
    "TARGETS",
    "TITLES",
    "buildings_here",
    "sources_of",
    "sources_of_matcher",
]

TITLES = {
    "ujiindoorloc": "UJIIndoorLoc",
    "utsindoorloc": "UTSIndoorLoc",
    "tampere": "Tampere",
    "tut6": "TUT6",
    "dsi1": "DSI1",
    "uji_library": "UJI library",
}
TARGETS = tuple(TITLES)
"""In the order of the tables: the paper's three, then further ones."""

# Paper, Table 1: the two other buildings.
PAPER_SOURCES = {
    "ujiindoorloc": ("utsindoorloc", "tampere"),
    "utsindoorloc": ("ujiindoorloc", "tampere"),
    "tampere": ("ujiindoorloc", "utsindoorloc"),
}
# Where the paper has no such target, or its sources are not all here; never of the target's own campus.
OTHER_SOURCES = {
    "ujiindoorloc": ("tampere", "tut6"),
    "tampere": ("ujiindoorloc", "dsi1"),
    "tut6": ("ujiindoorloc", "dsi1"),
    "dsi1": ("ujiindoorloc", "tampere"),
    "uji_library": ("tampere", "dsi1"),
}


def buildings_here(data_dir: str | Path | None) -> set[str]:
    """The buildings whose files are here, whole."""
    return {status.name for status in dataset_table(data_dir) if status.where in ("cached", "local")}


def sources_of(target: str, here: Collection[str]) -> tuple[str, ...]:
    """The paper's sources of `target` if all are here, else the others, else none."""
    for sources in (PAPER_SOURCES.get(target, ()), OTHER_SOURCES.get(target, ())):
        if sources and all(source in here for source in sources):
            return sources
    return ()


def sources_of_matcher(target: str) -> tuple[str, ...]:
    """All public sets that a pretrained matcher may learn in and hand on, but those of the target's building."""
    return tuple(without(shareable_names(), [target]))
