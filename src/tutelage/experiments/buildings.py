"""Define the buildings of the tables: targets, and the sources of each target."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from tutelage.data.surveys import dataset_table, exclude_buildings, shareable_names

__all__ = [
    "OTHER_SOURCES",
    "PAPER_SOURCES",
    "TARGETS",
    "TITLES",
    "available_buildings",
    "default_sources",
    "matcher_sources",
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
"""The targets in the order of the tables: the three of the paper, then further ones."""

# Paper, Table 1: the two other buildings.
PAPER_SOURCES = {
    "ujiindoorloc": ("utsindoorloc", "tampere"),
    "utsindoorloc": ("ujiindoorloc", "tampere"),
    "tampere": ("ujiindoorloc", "utsindoorloc"),
}
# For targets that the paper does not have, and where its sources are missing. No source is on the campus of
# its target.
OTHER_SOURCES = {
    "ujiindoorloc": ("tampere", "tut6"),
    "tampere": ("ujiindoorloc", "dsi1"),
    "tut6": ("ujiindoorloc", "dsi1"),
    "dsi1": ("ujiindoorloc", "tampere"),
    "uji_library": ("tampere", "dsi1"),
}


def available_buildings(data_dir: str | Path | None) -> set[str]:
    """Return the buildings whose files are complete on this machine.

    Parameters
    ----------
    data_dir : path, optional
        Folder of the public data sets.

    Returns
    -------
    set of str
        Names of the buildings.
    """
    return {status.name for status in dataset_table(data_dir) if status.where in ("cached", "local")}


def default_sources(target: str, available: Collection[str]) -> tuple[str, ...]:
    """Return the paper's sources of a target if all are available, otherwise its other sources.

    Parameters
    ----------
    target : str
        Name of the target building.
    available : collection of str
        The buildings whose files are on this machine.

    Returns
    -------
    tuple of str
        Names of the source buildings. It is empty if neither group of sources is complete.
    """
    for sources in (PAPER_SOURCES.get(target, ()), OTHER_SOURCES.get(target, ())):
        if sources and all(source in available for source in sources):
            return sources
    return ()


def matcher_sources(target: str) -> tuple[str, ...]:
    """Return the public sets from which a matcher for the target may learn.

    Their licences allow sharing what was learnt from them. None of them is of the target's building.

    Parameters
    ----------
    target : str
        Name of the target building.

    Returns
    -------
    tuple of str
        Names of the sets.
    """
    return tuple(exclude_buildings(shareable_names(), [target]))
