"""Access points of a model that recent scans no longer hear."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np
from scipy import sparse

from tutelage.data.fingerprints import FingerprintSet
from tutelage.errors import BadInputError
from tutelage.evaluation.drift.changed_access_points import Gone, expected_shares, find_gone, likely_gone
from tutelage.evaluation.drift.compared_places import PlaceComparison, compare_places
from tutelage.localizer import Localizer
from tutelage.methods.calibration import landmarks_of
from tutelage.runtime.landmarks import Landmarks

__all__ = ["Absence", "find_absent", "is_among"]


class Absence(NamedTuple):
    """Recent scans at P places beside a model's landmarks, and the access points that are gone."""

    landmarks: Landmarks
    places: PlaceComparison
    shares: np.ndarray
    """Shares of the scans that should hear each access point [P, n_ap]."""
    gone: tuple[Gone, ...]
    """Access points proved to be gone, in the order of the model."""
    is_gone: np.ndarray
    """The same, bool [n_ap]."""
    is_likely: np.ndarray
    """Access points that are probably gone, those included that too few places can prove, bool [n_ap]."""


def find_absent(model: Localizer, scans: FingerprintSet) -> Absence:
    """Find the access points of a model that are gone.

    Parameters
    ----------
    model : Localizer
        Fitted. Without a calibration it needs a radio map.
    scans : FingerprintSet
        Recent scans, with or without positions.

    Returns
    -------
    Absence
        Access points that are gone, and what they were found with.

    Raises
    ------
    BadInputError
        If no scan hears an access point of the model. If the model has neither landmarks nor a radio map.
    """
    landmarks = _landmarks(model)
    names = model.access_points_
    readings = scans.rss_of(names)
    if not readings.nnz:
        raise BadInputError(
            f"none of the {len(scans)} scans hears an access point that the model knows; "
            "was it fitted on another building?"
        )
    places, gone = _find_all_gone(landmarks, readings, names)
    is_gone = is_among(names, [each.access_point for each in gone])
    shares = expected_shares(places, is_gone)
    return Absence(landmarks, places, shares, tuple(gone), is_gone, likely_gone(places, shares, is_gone))


def _find_all_gone(
    landmarks: Landmarks, readings: sparse.csr_array, names: Sequence[str]
) -> tuple[PlaceComparison, list[Gone]]:
    """Find gone access points again and again, each time without those found before.

    Many that are gone at once lead scans to the wrong landmarks, and hide each other.
    """
    gone: dict[str, Gone] = {}
    while True:
        is_gone = is_among(names, gone)
        places = compare_places(landmarks, readings, is_gone)
        found = find_gone(places, expected_shares(places, is_gone), names)
        new = [each for each in found if each.access_point not in gone]
        if not new:
            order = {name: j for j, name in enumerate(names)}
            return places, sorted(gone.values(), key=lambda each: order[each.access_point])
        gone |= {each.access_point: each for each in new}


def _landmarks(model: Localizer) -> Landmarks:
    names = model.access_points_
    if model.calibration_ is not None:
        return model.calibration_.landmarks
    if model.place_calibration_ is not None:
        return model.place_calibration_.marks.landmarks
    surveyed = model.method_.radio_map
    if surveyed is None:
        raise BadInputError(
            f"this {model.method_spec.name} was fitted without calibration and holds nothing to compare "
            "scans with; fit it again with it"
        )
    return landmarks_of(surveyed.fingerprints(model.frame_), names)


def is_among(names: Sequence[str], subset: Collection[str]) -> np.ndarray:
    """Tell which names are in a subset, as bool [len(names)]."""
    return np.isin(np.asarray(names), np.asarray([*subset], dtype=np.str_))
