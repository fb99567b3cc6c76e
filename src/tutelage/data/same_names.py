"""Places of one name on several floors or in several buildings, which are different places."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

import numpy as np

from tutelage.data.fingerprints import FingerprintSet

__all__ = ["named_as", "places_apart", "same_names"]


def same_names(scans: FingerprintSet) -> dict[str, list[str]]:
    """Find names of places that stand for several.

    Parameters
    ----------
    scans : FingerprintSet
        Scans; without places, or without floors and buildings, nothing is found.

    Returns
    -------
    dict of str to list of str
        For each name on several floors or in several buildings, the name of each of its places: "2/101", or
        "west/2/101" where buildings differ too. Scans of unknown floor or building do not count.
    """
    found: dict[str, set[tuple[str, str]]] = {}
    if scans.place is None:
        return {}
    for place, building, floor in _places(scans):
        if place and (scans.building is None or building) and (scans.floor is None or floor):
            found.setdefault(place, set()).add((building, floor))
    return {
        place: sorted(_apart(place, *labels, found[place]) for labels in found[place])
        for place in sorted(found)
        if len(found[place]) > 1
    }


def places_apart(scans: FingerprintSet, but: Collection[str] = ()) -> FingerprintSet:
    """Name places of one name by their floor or building too.

    Parameters
    ----------
    scans : FingerprintSet
        Training scans.
    but : collection of str
        Names that stay.

    Returns
    -------
    FingerprintSet
        The same if no name stands for several places.
    """
    several = {place: names for place, names in same_names(scans).items() if place not in but}
    return named_as(scans, {name for names in several.values() for name in names}) if several else scans


def named_as(scans: FingerprintSet, names: Iterable[str]) -> FingerprintSet:
    """Give the places of scans the names that a model knows them by.

    Parameters
    ----------
    scans : FingerprintSet
        Scans that may name floors and buildings.
    names : iterable of str
        Places that the model knows.

    Returns
    -------
    FingerprintSet
        The scans; a place is "2/101" or "west/2/101" if that is a name, else as it was.
    """
    known = set(names)
    if scans.place is None or not any("/" in name for name in known):
        return scans
    place = [
        next((name for name in _candidates(*labels) if name in known), labels[0]) for labels in _places(scans)
    ]
    return replace(scans, place=np.array(place, dtype=np.str_))


def _places(scans: FingerprintSet) -> Iterable[tuple[str, str, str]]:
    """Return place, building and floor of each scan; "" where there is none."""
    labels = (scans.known_place, scans.building, scans.floor)
    columns = [[""] * len(scans) if label is None else label.tolist() for label in labels]
    return zip(*columns, strict=True)


def _apart(place: str, building: str, floor: str, all_labels: set[tuple[str, str]]) -> str:
    buildings, floors = ({labels[i] for labels in all_labels} for i in (0, 1))
    parts = [*([building] if len(buildings) > 1 else []), *([floor] if len(floors) > 1 else []), place]
    return "/".join(parts)


def _candidates(place: str, building: str, floor: str) -> list[str]:
    return [f"{building}/{floor}/{place}", f"{floor}/{place}", f"{building}/{place}"] if place else []
