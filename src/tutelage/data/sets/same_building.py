"""Whether a teacher learnt in the very building that is asked about."""

from __future__ import annotations

from collections.abc import Sequence

from tutelage.data.fingerprints import FingerprintSet
from tutelage.data.sets.public_sets import public_datasets

__all__ = ["same_building"]


def same_building(
    sources: Sequence[tuple[str, str]], scans: FingerprintSet | str, survey: str = ""
) -> list[str]:
    """Those of the sources that are of the building itself, by name or by its training scans.

    Public sets that are other surveys of the building come after them.
    A surrogate teacher's card has the hash of the scans that hear anything, a pretrained matcher's that of all:
    a survey whose blank scans were removed is known again by the one, and not by the other.

    Parameters
    ----------
    sources : name and `data_hash` of each, as teachers' cards have them
    scans, survey : training scans of the building, or their hash, and its name, "" where it has none
    """
    hashes = {scans} if isinstance(scans, str) else _hashes(scans)
    itself = [name for name, data_hash in sources if data_hash in hashes or name == survey != ""]
    here = {_building_of(name) for name in (survey, *itself) if name}
    others = [name for name, _ in sources if name not in itself and _building_of(name) in here]
    return [*itself, *others]


def _building_of(survey: str) -> str:
    """Of a public set; any other survey is one of a building of its own."""
    known = public_datasets().get(survey.partition(":")[0])
    return known.building if known else survey


def _hashes(scans: FingerprintSet) -> set[str]:
    return {scans.content_hash(), scans[scans.n_heard > 0].content_hash()}
