"""The old scans that a model still holds, and new scans in the model's frame and spelling."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np

from tutelage.data.fingerprints import FingerprintSet
from tutelage.data.same_names import named_as, places_apart
from tutelage.data.sparse_rows import csr
from tutelage.errors import BadInputError, UnknownNameError
from tutelage.localizer import Localizer
from tutelage.runtime.access_point_names import find_columns
from tutelage.runtime.landmarks import Landmarks
from tutelage.runtime.readings import to_dbm

__all__ = ["aligned_new_scans", "old_scans", "updated_access_points", "with_access_points"]

_FAINTEST_DB = 0.5  # above the lowest RSS: fainter readings of a mean fingerprint are left out


def old_scans(model: Localizer) -> FingerprintSet:
    """Give a model's radio map as scans, or for a network its landmarks with its own labels.

    Parameters
    ----------
    model : Localizer
        Fitted.

    Raises
    ------
    BadInputError
        If it has no radio map and was fitted without calibration: it holds no scans then.
    """
    radio_map = model.method_.radio_map
    if radio_map is not None:
        scans = radio_map.fingerprints(model.frame_)
    elif model.calibration_ is not None:
        scans = _mean_scans(model, model.calibration_.landmarks)
    elif model.place_calibration_ is not None:
        marks = model.place_calibration_.marks
        scans = _mean_scans(model, marks.landmarks, marks.name[marks.place])
    else:
        raise BadInputError(
            f"this {model.method_spec.name} was fitted without calibration and holds nothing of its building "
            "that an update could keep; fit it anew with the new scans"
        )
    return replace(scans, scan_id=np.char.add("old-", scans.scan_id))


def _mean_scans(model: Localizer, marks: Landmarks, place: np.ndarray | None = None) -> FingerprintSet:
    """Make scans of landmarks: in the powed representation each is the mean fingerprint of its point.

    `place` is the place of each in a survey of places alone.
    """
    value = marks.value
    names = model.access_points_
    rss_dbm = to_dbm(value.data, "powed", marks.rss_min_dbm)
    row = np.repeat(np.arange(value.shape[0]), np.diff(value.indptr))
    is_clear = rss_dbm > marks.rss_min_dbm + _FAINTEST_DB
    indptr = np.concatenate([[0], np.cumsum(np.bincount(row[is_clear], minlength=value.shape[0]))])
    rss = csr(rss_dbm[is_clear], value.indices[is_clear], indptr, len(names))
    scan_id = np.arange(len(indptr) - 1).astype(np.str_)
    position_m = marks.position_m if place is None else None
    scans = FingerprintSet(rss, names, scan_id, position_m, model.frame_, place=place)
    scans = scans[scans.n_heard > 0]
    answers = model.method_.locate(scans)
    return replace(scans, floor=answers.floor, building=answers.building)


def aligned_new_scans(model: Localizer, scans: FingerprintSet, old: FingerprintSet) -> FingerprintSet:
    """Give new training scans in the model's frame, with its spelling of access points.

    Parameters
    ----------
    model : Localizer
        Fitted.
    scans : FingerprintSet
        New scans.
    old : FingerprintSet
        From `old_scans`.

    Raises
    ------
    BadInputError
        If the scans have no positions (or places, for a model of places alone), or none hears an access point
        of the model. If they name no floors or buildings, and the model does.
    """
    usable_scans = scans[scans.n_heard > 0]
    if model.has_coordinates_:
        usable_scans = usable_scans.in_frame(model.frame_)
        position_m = usable_scans.known_position_m
    else:
        position_m = None
        if (usable_scans.known_place == "").any():
            raise BadInputError("some of the new scans name no place; name it, or leave them out")
    usable_scans = _named_as(usable_scans, old, are_scans=model.method_.radio_map is not None)
    column = find_columns(old.access_points, usable_scans.access_points)
    is_shared = np.isin(usable_scans.rss_dbm.indices, np.flatnonzero(column >= 0))
    if not is_shared.any():
        raise BadInputError(
            f"none of the {len(scans)} new scans hears an access point that the model knows; "
            "is it the same building? An update continues from a model, fit begins anew"
        )
    names = [
        old.access_points[j] if j >= 0 else name
        for j, name in zip(column.tolist(), usable_scans.access_points, strict=True)
    ]
    return replace(
        usable_scans,
        position_m=position_m,
        access_points=tuple(names),
        scan_id=np.char.add("new-", usable_scans.scan_id),
        floor=_label("floor", usable_scans.floor, old.floor),
        building=_label("building", usable_scans.building, old.building),
    )


def _named_as(new: FingerprintSet, old: FingerprintSet, *, are_scans: bool) -> FingerprintSet:
    """Give new scans the names that the old ones have for their places; labels of landmarks are answers."""
    if new.place is None or old.place is None:
        return new
    known = set(old.known_place.tolist())
    new = places_apart(named_as(new, known), known)
    for kind in ("floor", "building") if are_scans else ():
        if getattr(old, kind) is not None and getattr(new, kind) is not None:
            _require_where_they_were(new, old, kind)
    return new


def _require_where_they_were(new: FingerprintSet, old: FingerprintSet, kind: str) -> None:
    label_of = {
        place: label
        for place, label in zip(old.known_place.tolist(), getattr(old, kind).tolist(), strict=True)
        if place and label
    }
    for place, label in zip(new.known_place.tolist(), getattr(new, kind).tolist(), strict=True):
        if label and label_of.get(place, label) != label:
            raise BadInputError(
                f"place {place!r} is on {kind}s {label_of[place]} and {label}; name the new one otherwise, "
                "or fit anew with all scans, which tells them apart"
            )


def _label(kind: str, new: np.ndarray | None, old: np.ndarray | None) -> np.ndarray | None:
    if old is None:
        return None
    if new is None or (new == "").any():
        raise BadInputError(
            f"the model names the {kind} of a scan, and new scans do not; add the column {kind}"
        )
    return new


def updated_access_points(
    old_names: Sequence[str], new: FingerprintSet, drop: Collection[str], *, may_grow: bool
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Give the access points of an updated model: the old ones without those to drop, and new ones.

    Parameters
    ----------
    old_names : sequence of str
        Access points of the model before the update.
    new : FingerprintSet
        From `aligned_new_scans`.
    drop : collection of str
        Access points to forget.
    may_grow : bool
        Whether the model can take access points that it does not know.

    Returns
    -------
    names : tuple of str
        Access points of the updated model.
    ignored : tuple of str
        Access points that new scans hear, and that the model cannot take.

    Raises
    ------
    UnknownNameError
        If the model does not know one to drop.
    """
    for name in drop:
        if name not in old_names:
            raise UnknownNameError("access point", name, old_names)
    rest = tuple(name for name in old_names if name not in drop)
    old_set = set(old_names)
    heard_names = [new.access_points[j] for j in np.unique(new.rss_dbm.indices).tolist()]
    new_names = tuple(name for name in heard_names if name not in old_set)
    return ((*rest, *new_names), ()) if may_grow else (rest, new_names)


def with_access_points(scans: FingerprintSet, names: Sequence[str]) -> FingerprintSet:
    """Give scans over these access points alone, without those that hear none of them.

    Parameters
    ----------
    scans : FingerprintSet
    names : sequence of str
        Access points.

    Raises
    ------
    BadInputError
        If nothing is left.
    """
    aligned = scans.aligned_to(names)
    usable_scans = aligned[aligned.n_heard > 0]
    if not len(usable_scans):
        raise BadInputError(
            f"no scan hears any of the {len(names)} access points that are left; drop fewer of them"
        )
    return usable_scans
