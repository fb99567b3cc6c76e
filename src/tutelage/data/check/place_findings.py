"""Checks of named places: how many scans each has, and names that may mean one place."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from tutelage.data.check.findings import Finding, Split, quantity
from tutelage.data.place_blocks import are_few
from tutelage.data.same_names import same_names

__all__ = ["check_places"]

_SHOWN = 5


def check_places(splits: Sequence[Split]) -> Iterator[Finding]:
    """Check the names of places, and in a survey of places alone their scans.

    Parameters
    ----------
    splits : sequence of Split
        The training scans and, where there are any, the test scans.

    Yields
    ------
    Finding
        Each kind of fault.
    """
    yield from _alike_names(splits)
    train = splits[0]
    yield from _same_names(train)
    if train.scans.position_m is None and train.scans.place is not None:
        yield from _few_scans(train)
        yield from _not_surveyed(train, splits[1:])


def _alike_names(splits: Sequence[Split]) -> Iterator[Finding]:
    """Find names that differ only by case and blanks; each counts as a place of its own."""
    counts: Counter[str] = Counter()
    for split in splits:
        counts.update(_names(split).tolist())
    counts.pop("", None)
    spellings: dict[str, list[str]] = {}
    for name, _ in counts.most_common():
        spellings.setdefault(_plain(name), []).append(name)
    several = [names for names in spellings.values() if len(names) > 1]
    shown = _shown([" and ".join(map(repr, names)) for names in several])
    rarer = [name for names in several for name in names[1:]]
    for split in splits:
        rows = np.flatnonzero(np.isin(_names(split), rarer))
        if len(rows):
            yield split.finding(
                "places_alike",
                "warning",
                rows,
                f"names of places differ only by case or blanks: {shown}",
                "write each place in one way; these count as different places",
            )


def _same_names(split: Split) -> Iterator[Finding]:
    """Find names on several floors or in several buildings."""
    several = same_names(split.scans)
    if several:
        yield split.finding(
            "same_name",
            "note",
            np.flatnonzero(np.isin(_names(split), [*several])),
            f"{quantity(len(several), 'name')} of places on several floors or in several buildings: "
            f"{_shown([', '.join(names) for names in several.values()])}",
            "each counts as a place of its own floor, and answers name it so",
        )


def _few_scans(split: Split) -> Iterator[Finding]:
    place = _names(split)
    names, n_scans = np.unique(place[place != ""], return_counts=True)
    single = names[n_scans == 1]
    if len(single):
        yield split.finding(
            "single_scan_place",
            "warning",
            np.flatnonzero(np.isin(place, single)),
            f"{len(single):,} of {quantity(len(names), 'place')} have one scan: {_shown(single.tolist())}",
            "scan there again: of one scan, nothing can be held out to measure how often the place is found",
        )
    is_few = (n_scans > 1) & are_few(n_scans)
    if is_few.any():
        usual = float(np.median(n_scans))
        counted = [f"{name} ({n})" for name, n in zip(names[is_few], n_scans[is_few], strict=True)]
        yield split.finding(
            "few_scans_place",
            "warning",
            np.flatnonzero(np.isin(place, names[is_few])),
            f"{quantity(int(is_few.sum()), 'place', 'have')} far fewer scans than others, of which half have "
            f"{usual:.0f} or more: {_shown(counted)}",
            "scan there again; scans are taken for one of a place that has many",
        )


def _not_surveyed(train: Split, others: Sequence[Split]) -> Iterator[Finding]:
    for split in others:
        place = _names(split)
        rows = np.flatnonzero((place != "") & ~np.isin(place, _names(train)))
        if len(rows):
            names = np.unique(place[rows]).tolist()
            yield split.finding(
                "place_not_surveyed",
                "warning",
                rows,
                f"{quantity(len(rows), 'scan', 'name')} a place without training scans: {_shown(names)}",
                "survey these places, or mend their names; no model can answer them",
            )


def _names(split: Split) -> np.ndarray:
    place = split.scans.place
    return np.full(len(split.scans), "") if place is None else place


def _plain(name: str) -> str:
    return "".join(unicodedata.normalize("NFKC", name).casefold().split())


def _shown(names: Sequence[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else "")
