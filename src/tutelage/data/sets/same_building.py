"""Which models learnt in the very building of a survey."""

from __future__ import annotations

from collections.abc import Sequence

from tutelage.data.fingerprints import FingerprintSet
from tutelage.data.sets.public_sets import public_datasets

__all__ = ["same_building"]


def same_building(
    sources: Sequence[tuple[str, str]], scans: FingerprintSet | str, survey: str = ""
) -> list[str]:
    """Find the sources that come from the building of some training scans.

    A source comes from the building if its name or its hash is that of the survey, or if it is another public
    survey of the same building. A surrogate teacher's card holds the hash of the scans that hear anything; a
    pretrained matcher's card holds the hash of all scans. Both hashes are compared here.

    Parameters
    ----------
    sources : sequence of tuple of str
        Name and `data_hash` of each source, as on teachers' cards.
    scans : FingerprintSet or str
        Training scans of the building, or their hash.
    survey : str, default ""
        Name of the survey; "" where it has none.

    Returns
    -------
    list of str
        Names of the sources from the building: the survey itself first, then other surveys of the building.
    """
    hashes = {scans} if isinstance(scans, str) else _hashes(scans)
    itself = [name for name, data_hash in sources if data_hash in hashes or name == survey != ""]
    buildings = {_building(name) for name in (survey, *itself) if name}
    others = [name for name, _ in sources if name not in itself and _building(name) in buildings]
    return [*itself, *others]


def _building(survey: str) -> str:
    """Return the building of a public set; any other survey stands for a building of its own."""
    dataset = public_datasets().get(survey.partition(":")[0])
    return dataset.building if dataset else survey


def _hashes(scans: FingerprintSet) -> set[str]:
    return {scans.content_hash(), scans[scans.n_heard > 0].content_hash()}
