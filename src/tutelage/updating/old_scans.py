"""What a model still holds of the scans that it learnt from, and new scans as it would have seen them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np

from tutelage.data.fingerprints import FingerprintSet
from tutelage.data.sparse_rows import csr
from tutelage.errors import BadInputError, UnknownNameError
from tutelage.localizer import Localizer
from tutelage.methods.fitting import radio_map_of
from tutelage.runtime.access_point_names import columns_in
from tutelage.runtime.landmarks import Landmarks
from tutelage.runtime.readings import readings_of

__all__ = ["held_by", "names_after", "new_for", "with_access_points"]

_FAINTEST_DB = 0.5  # above the lowest RSS: what a mean fingerprint hardly hears is left out


def held_by(model: Localizer) -> FingerprintSet:
    """The radio map of k-NN, matcher and blend; of a network its landmarks, labelled as it answers them.

    Raises
    ------
    BadInputError
        If a network was fitted without calibration: it holds nothing of the building.
    """
    held = radio_map_of(model.method_)
    if held is not None:
        scans = held.fingerprints(model.frame_)
    elif model.calibration_ is not None:
        scans = _mean_scans(model, model.calibration_.landmarks)
    else:
        raise BadInputError(
            f"this {model.network} was fitted without calibration and holds nothing of its building that an "
            "update could keep; fit it anew with the new scans"
        )
    return replace(scans, scan_id=np.char.add("old-", scans.scan_id))


def _mean_scans(model: Localizer, marks: Landmarks) -> FingerprintSet:
    """Landmarks as scans: in the powed representation each is exactly the mean fingerprint of its point."""
    value, names = marks.value, model.access_points_
    rss_dbm = readings_of(value.data, "powed", marks.rss_min_dbm)
    row = np.repeat(np.arange(value.shape[0]), np.diff(value.indptr))
    clear = rss_dbm > marks.rss_min_dbm + _FAINTEST_DB
    indptr = np.concatenate([[0], np.cumsum(np.bincount(row[clear], minlength=value.shape[0]))])
    rss = csr(rss_dbm[clear], value.indices[clear], indptr, len(names))
    scans = FingerprintSet(
        rss, names, np.arange(len(indptr) - 1).astype(np.str_), marks.position_m, model.frame_
    )
    scans = scans[scans.n_heard > 0]
    answers = model.method_.locate(scans)
    return replace(scans, floor=answers.floor, building=answers.building)


def new_for(model: Localizer, scans: FingerprintSet, old: FingerprintSet) -> FingerprintSet:
    """New training scans in the model's frame, with its spelling of the access points that it knows.

    Raises
    ------
    BadInputError
        If they have no positions, none hears an access point of the model, or floors or buildings that the
        model names are not named.
    """
    heard = scans[scans.n_heard > 0].in_frame(model.frame_)
    _ = heard.known_position_m
    column = columns_in(old.access_points, heard.access_points)
    known = np.isin(heard.rss_dbm.indices, np.flatnonzero(column >= 0))
    if not known.any():
        raise BadInputError(
            f"none of the {len(scans)} new scans hears an access point that the model knows; "
            "is it the same building? An update continues from a model, fit begins anew"
        )
    names = [
        old.access_points[j] if j >= 0 else name
        for j, name in zip(column.tolist(), heard.access_points, strict=True)
    ]
    return replace(
        heard,
        access_points=tuple(names),
        scan_id=np.char.add("new-", heard.scan_id),
        floor=_label("floor", heard.floor, old.floor),
        building=_label("building", heard.building, old.building),
    )


def _label(kind: str, given: np.ndarray | None, old: np.ndarray | None) -> np.ndarray | None:
    if old is None:
        return None
    if given is None or (given == "").any():
        raise BadInputError(
            f"the model names the {kind} of a scan, and new scans do not; add the column {kind}"
        )
    return given


def names_after(
    known: Sequence[str], new: FingerprintSet, drop: Collection[str], *, may_grow: bool
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Access points of the updated model: those it knows without those to drop, and what new scans hear.

    Parameters
    ----------
    known : of the model as it was
    new : as of `new_for`
    may_grow : whether the model can take others than it knows

    Returns
    -------
    names, ignored
        `ignored` : heard in the new scans, and not taken

    Raises
    ------
    UnknownNameError
        If the model does not know one to drop.
    """
    for name in drop:
        if name not in known:
            raise UnknownNameError("access point", name, known)
    left = tuple(name for name in known if name not in drop)
    there = set(known)
    others = [new.access_points[j] for j in np.unique(new.rss_dbm.indices).tolist()]
    others = [name for name in others if name not in there]
    return ((*left, *others), ()) if may_grow else (left, tuple(others))


def with_access_points(scans: FingerprintSet, names: Sequence[str]) -> FingerprintSet:
    """Scans over these access points alone; those that hear nothing else are left out.

    Raises
    ------
    BadInputError
        If nothing is left.
    """
    kept = scans.aligned_to(names)
    kept = kept[kept.n_heard > 0]
    if not len(kept):
        raise BadInputError(
            f"no scan hears any of the {len(names)} access points that are left; drop fewer of them"
        )
    return kept
