"""What gone access points cost: the survey's own scans, held out, are located without them."""

from __future__ import annotations

import numpy as np

from tutelage.data.fingerprints import FingerprintSet
from tutelage.data.hold_out import hold_out
from tutelage.data.splits import is_spread, n_reference_points, split_groups
from tutelage.localizer import Localizer
from tutelage.methods.base import FittedMethod
from tutelage.methods.knn import KNNSettings, NearestNeighbours
from tutelage.training import RunOptions

__all__ = ["gone_factor"]

_HELD_OUT_SHARE = 0.15
_FEWEST_POINTS = 8
_MOST_SCANS = 500
_STAND_IN = KNNSettings(metric="sorensen", representation="powed", k=5)


def gone_factor(model: Localizer, is_gone: np.ndarray) -> float | None:
    """Estimate the mean error without some access points over that with all of them.

    Scans of the radio map, held out, are located twice: as they are, and without these access points. The map
    keeps them, as the model does. People ask about places between the surveyed points. So this is done once
    with whole points held out, and once with single scans, whose points stay in the map; both errors count
    alike. k-NN and matcher answer themselves. A k-NN stands in for methods that would have to be trained
    again.

    Parameters
    ----------
    model : Localizer
        A fitted model.
    is_gone : ndarray
        Which access points of the model are gone, bool [n_ap].

    Returns
    -------
    float or None
        At least 1. None if the model holds no radio map, or one of fewer than eight points.
    """
    radio_map = model.method_.radio_map
    if not is_gone.any():
        return 1.0
    if radio_map is None:
        return None
    scans = radio_map.fingerprints(model.frame_)
    scans = scans[scans.n_heard > 0]
    if n_reference_points(scans) < _FEWEST_POINTS:
        return None
    names = [name for name, gone in zip(scans.access_points, is_gone, strict=True) if not gone]
    points = hold_out(scans, _HELD_OUT_SHARE, 0)
    single = split_groups(np.arange(len(scans)), _HELD_OUT_SHARE, 0, "scan")
    errors_m = np.zeros(2)
    for rest_rows, held_out_rows in ((points.rest, points.held_out), single):
        rest = scans[rest_rows]
        some = np.random.default_rng(0).permutation(held_out_rows)[:_MOST_SCANS]
        queries = scans[np.sort(some)]
        left = queries.aligned_to(names).aligned_to(scans.access_points)
        is_located = left.n_heard > 0
        if not is_spread(rest) or not is_located.any():
            return None
        method = _part_of(model, rest)
        errors_m += [_mean_error_m(method, each[is_located]) for each in (queries, left)]
    with_all, without = errors_m.tolist()
    return max(1.0, without / with_all) if with_all > 0 else None


def _part_of(model: Localizer, rest: FingerprintSet) -> FittedMethod:
    """Return the model's method over a part of its radio map, or a k-NN in its place."""
    update = model.method_spec.update
    if update is None or update.learns:
        return NearestNeighbours.fit(rest, _STAND_IN)
    return update.continuation(model.method_, rest, rest[:0], RunOptions(progress=False))


def _mean_error_m(method: FittedMethod, scans: FingerprintSet) -> float:
    offset_m = method.locate(scans).position_m - scans.known_position_m
    return float(np.linalg.norm(offset_m, axis=1).mean())
