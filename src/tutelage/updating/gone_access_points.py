"""Access points that scans without positions show to be gone, and radii for a model without them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from tutelage.data.fingerprints import FingerprintSet
from tutelage.data.sparse_rows import csr
from tutelage.errors import BadInputError
from tutelage.evaluation.drift.absent_access_points import Absence, find_absent, is_among
from tutelage.evaluation.drift.changed_access_points import FEWEST_PLACES
from tutelage.evaluation.drift.simulated_loss import gone_factors
from tutelage.localizer import Localizer
from tutelage.runtime.access_point_names import find_columns
from tutelage.runtime.landmarks import Landmarks
from tutelage.runtime.radii import Calibration
from tutelage.updating.old_scans import old_scans

__all__ = ["LeftOut", "find_left_out", "held_out_walks", "scaled_calibration"]


class LeftOut(NamedTuple):
    """Access points that an update leaves out."""

    dropped: tuple[str, ...]
    """Those that the updated model does not know."""
    silent: tuple[str, ...] = ()
    """Those that are probably gone as well, and that too few places can prove; the model keeps them."""


def find_left_out(model: Localizer, scans: FingerprintSet, drop: Collection[str]) -> LeftOut:
    """Find the access points that are gone, as `measure_drift` does, and add those to drop.

    Parameters
    ----------
    model : Localizer
        Fitted.
    scans : FingerprintSet
        Recent scans; positions are not read.
    drop : collection of str
        Access points to leave out in any case.

    Raises
    ------
    BadInputError
        If there is nothing to leave out. If no scan hears an access point of the model, or the model has
        neither landmarks nor a radio map.
    """
    absent = find_absent(model, scans)
    dropped = {each.access_point for each in absent.gone} | set(drop)
    if not dropped:
        raise BadInputError(_nothing_gone(model, scans, absent))
    names = np.asarray(model.access_points_)
    silent = [name for name in names[absent.is_likely].tolist() if name not in dropped]
    return LeftOut(tuple(sorted(dropped)), tuple(silent))


def _nothing_gone(model: Localizer, scans: FingerprintSet, absent: Absence) -> str:
    """Say what was compared, that nothing changes, and what to do."""
    n_places = len(absent.places.n_scans)
    compared = (
        f"the {len(scans)} scans, of {n_places} places, have no positions and were compared with the "
        f"{len(model.access_points_)} access points of the model"
    )
    rule = f"an access point is only judged where scans of {FEWEST_PLACES} places should hear it"
    if n_places < FEWEST_PLACES:
        return f"{compared}; nothing changed, because {rule}; give scans of more places"
    return (
        f"{compared}; none is gone, so nothing changed; {rule}; give scans of more places, or scans with "
        "positions to add them to the map"
    )


def held_out_walks(model: Localizer) -> bool:
    """Tell whether a model's radii come from held-out walks.

    Parameters
    ----------
    model : Localizer
        Fitted.
    """
    return model.calibration_ is not None and model.calibration_.held_out.endswith("walks")


def scaled_calibration(
    model: Localizer, access_points: Sequence[str], left_out: LeftOut
) -> Calibration | None:
    """Keep a model's calibration over the access points left, its errors enlarged by an estimate.

    It is for methods that learn. Their weights have seen all old scans, so answers to old scans that are held
    out after the update would be too good. It is also for walked surveys: of a radio map no walk can be held
    out, and single scans of a walk are too easy. The errors of the old twin are multiplied by a factor
    instead: the mean error where map and scans both lack the access points over that with all of them. It is
    measured on old scans that are held out, by k-NN and matcher themselves, by a k-NN for methods that learn.
    No scan tells whether these lose as much as the k-NN, so the radii are an estimate. The distance from
    which scans are refused stays.

    Parameters
    ----------
    model : Localizer
        The model before the update.
    access_points : sequence of str
        Access points of the updated model.
    left_out : LeftOut
        Access points that are gone.

    Returns
    -------
    Calibration or None
        None if the model has none, or its old scans are of fewer than eight points.
    """
    before = model.calibration_
    if before is None:
        return None
    names = model.access_points_
    is_dropped = is_among(names, left_out.dropped)
    factors = gone_factors(model, is_dropped | is_among(names, left_out.silent), is_dropped, old_scans(model))
    if factors is None:
        return None
    factor = factors.left_out
    estimate = f"an update without positions made them {factor:.2f} times as large, by estimate"
    return replace(
        before,
        landmarks=_over(before.landmarks, names, access_points),
        score=before.score * factor,
        plain_radius_m={
            level: None if radius_m is None else round(radius_m * factor, 2)
            for level, radius_m in before.plain_radius_m.items()
        },
        held_out_mae_m=None if before.held_out_mae_m is None else before.held_out_mae_m * factor,
        unsaid="; ".join(filter(None, [before.unsaid, estimate])),
    )


def _over(landmarks: Landmarks, names: Sequence[str], access_points: Sequence[str]) -> Landmarks:
    """Give landmarks over fewer access points; those that hear none of them are left out."""
    value = landmarks.value
    column = find_columns(tuple(names), tuple(access_points))
    rows = csr(value.data, value.indices, value.indptr, len(names))[:, column]
    hears = np.diff(rows.indptr) > 0
    return replace(landmarks, value=rows[hears].astype(np.float32), position_m=landmarks.position_m[hears])
