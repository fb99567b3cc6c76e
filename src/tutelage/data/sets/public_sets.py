"""The public data sets that Tutelage knows: where they come from, what they hold, how their files hash."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tutelage.errors import UnknownNameError

__all__ = ["PublicDataset", "public_dataset", "public_datasets"]

_LOADER_VERSION = 1  # raise it when a loader changes what it returns: older caches are then left alone


@dataclass(frozen=True)
class PublicDataset:
    """One entry of public_sets.toml; the fields are explained there."""

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
        """Whether the licence allows to hand on what is learnt in it."""
        return self.licence.startswith("CC BY")

    @property
    def cache_key(self) -> str:
        """Folder name of the converted form; changes with the entry and with the loaders."""
        content = f"{_LOADER_VERSION} {self!r}"
        return f"{self.name}-{hashlib.sha256(content.encode()).hexdigest()[:12]}"


@cache
def public_datasets() -> dict[str, PublicDataset]:
    """All entries of the registry, by name."""
    entries = tomllib.loads(Path(__file__).with_name("public_sets.toml").read_text(encoding="utf-8"))
    return {name: PublicDataset(name=name, **entry) for name, entry in entries.items()}


def public_dataset(name: str) -> PublicDataset:
    """The entry `name`.

    Raises
    ------
    UnknownNameError
        If there is none.
    """
    if name not in public_datasets():
        raise UnknownNameError("public data set", name, public_datasets())
    return public_datasets()[name]
