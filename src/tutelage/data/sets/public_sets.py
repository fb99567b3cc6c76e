"""Registry of the public data sets: their origin, their size and the hashes of their files."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tutelage.errors import BadInputError, UnknownNameError

__all__ = ["PublicDataset", "exclude_buildings", "public_dataset", "public_datasets", "shareable_names"]

_LOADER_VERSION = 1  # raise it when a loader changes what it returns: older caches are then left alone


@dataclass(frozen=True)
class PublicDataset:
    """One entry of public_sets.toml, where comments explain the fields."""

    name: str
    title: str
    campus: str
    building: str
    folder: str
    archive: str
    url: str
    page: str
    n_train: int
    n_test: int
    n_access_points: int
    size_bytes: int
    licence: str
    citation: str
    files: Mapping[str, str]

    @property
    def verified(self) -> bool:
        """Whether the hash of every file is known."""
        return all(self.files.values())

    @property
    def shareable(self) -> bool:
        """Whether the licence allows to share a model that learnt from the set."""
        return self.licence.startswith("CC BY")

    @property
    def cache_key(self) -> str:
        """Folder name of the converted form, which changes with the entry and with the loaders."""
        content = f"{_LOADER_VERSION} {self!r}"
        return f"{self.name}-{hashlib.sha256(content.encode()).hexdigest()[:12]}"


@cache
def public_datasets() -> dict[str, PublicDataset]:
    """Return all entries of the registry.

    Returns
    -------
    dict of str to PublicDataset
        Entries by name.
    """
    entries = tomllib.loads(Path(__file__).with_name("public_sets.toml").read_text(encoding="utf-8"))
    return {name: PublicDataset(name=name, **entry) for name, entry in entries.items()}


def public_dataset(name: str) -> PublicDataset:
    """Return one entry of the registry.

    Parameters
    ----------
    name : str
        Name of the set.

    Returns
    -------
    PublicDataset
        The entry.

    Raises
    ------
    UnknownNameError
        If there is none.
    """
    if name not in public_datasets():
        raise UnknownNameError("public data set", name, public_datasets())
    return public_datasets()[name]


def shareable_names() -> list[str]:
    """List the public sets whose licence allows to share a model that learnt from them.

    Returns
    -------
    list of str
        Names of the sets, here or not.
    """
    return [name for name, entry in public_datasets().items() if entry.shareable]


def exclude_buildings(sources: Sequence[str], excluded: Sequence[str], *, campus: bool = False) -> list[str]:
    """Leave public sets out of sources, with all other sets of their buildings.

    Parameters
    ----------
    sources : sequence of str
        Sources, as `load` takes them.
    excluded : sequence of str
        Names of the public sets to leave out.
    campus : bool, default False
        Whether to leave out all sets of their campuses too.

    Returns
    -------
    list of str
        The other sources in order.

    Raises
    ------
    UnknownNameError
        If an excluded set does not exist.
    BadInputError
        If nothing is excluded though `campus` is true, or nothing is left.
    """
    sets = [public_dataset(name) for name in excluded]
    if campus and not sets:
        raise BadInputError("name the set whose campus is left out (exclude)")
    places = {other.campus if campus else other.building for other in sets}
    datasets = public_datasets()
    others = []
    for source in sources:
        dataset = datasets.get(source.partition(":")[0])
        if dataset is None or (dataset.campus if campus else dataset.building) not in places:
            others.append(source)
    if not others:
        raise BadInputError("no source is left to learn in; exclude fewer, or name sources")
    return others
