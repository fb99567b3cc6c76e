"""What gone access points cost: the survey's own scans, held out, are located without them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from tutelage.data.fingerprints import FingerprintSet
from tutelage.data.hold_out import hold_out
from tutelage.data.splits import is_spread, n_reference_points, split_groups
from tutelage.localizer import Localizer
from tutelage.methods.answer_errors import answer_errors
from tutelage.methods.base import FittedMethod
from tutelage.methods.knn import KNNSettings, NearestNeighbours
from tutelage.training import RunOptions

__all__ = ["GoneFactors", "gone_factors"]

_HELD_OUT_SHARE = 0.15
_FEWEST_POINTS = 8
_MOST_SCANS = 500
_STAND_IN = KNNSettings(metric="sorensen", representation="powed", k=5)


class GoneFactors(NamedTuple):
    """Mean error without gone access points over that with all of them."""

    kept: float
    """The model keeps them; at least 1."""
    left_out: float
    """The model leaves them out as well; at least 1."""


class _Names(NamedTuple):
    """Access points that are still heard, and those that the model knows after an update."""

    heard: Sequence[str]
    known: Sequence[str]


def gone_factors(
    model: Localizer, is_gone: np.ndarray, is_left_out: np.ndarray, scans: FingerprintSet | None = None
) -> GoneFactors | None:
    """Estimate the mean error without some access points over that with all of them.

    Scans of the radio map, held out, are located three times. First as they are, then without these access
    points by a map that keeps them, as the model does. Last by a map that leaves them out, as after an
    update. People ask about places between the surveyed points. So this is done once with whole points held
    out, and once with single scans, whose points stay in the map; both errors count alike. k-NN and matcher
    answer themselves. A k-NN stands in for methods that would have to be trained again.

    Parameters
    ----------
    model : Localizer
        A fitted model.
    is_gone : ndarray
        Which access points of the model are gone, bool [n_ap].
    is_left_out : ndarray
        Which ones an update leaves out, bool [n_ap].
    scans : FingerprintSet, optional
        Scans that the model learnt from. By default those of its radio map.

    Returns
    -------
    GoneFactors or None
        Each at least 1. None if there are no such scans, or they are of fewer than eight points.
    """
    if not (is_gone.any() or is_left_out.any()):
        return GoneFactors(1.0, 1.0)
    if scans is None:
        radio_map = model.method_.radio_map
        if radio_map is None:
            return None
        scans = radio_map.fingerprints(model.frame_)
    scans = scans[scans.n_heard > 0]
    if n_reference_points(scans) < _FEWEST_POINTS:
        return None
    names = _Names(_rest(scans.access_points, is_gone), _rest(scans.access_points, is_left_out))
    points = hold_out(scans, _HELD_OUT_SHARE, 0)
    single = split_groups(np.arange(len(scans)), _HELD_OUT_SHARE, 0, "scan")
    errors_m = np.zeros(3)
    for rest, held_out in ((points.rest, points.held_out), single):
        some = np.random.default_rng(0).permutation(held_out)[:_MOST_SCANS]
        of_part_m = _errors_m(model, scans[rest], scans[np.sort(some)], names)
        if of_part_m is None:
            return None
        errors_m += of_part_m
    then, kept, left_out = errors_m.tolist()
    return GoneFactors(max(1.0, kept / then), max(1.0, left_out / then)) if then > 0 else None


def _rest(names: Sequence[str], is_without: np.ndarray) -> list[str]:
    return [name for name, without in zip(names, is_without, strict=True) if not without]


def _errors_m(
    model: Localizer, rest: FingerprintSet, queries: FingerprintSet, names: _Names
) -> list[float] | None:
    """Return the mean errors in metres with all access points, without the gone ones, and after an update."""
    kept = queries.aligned_to(names.heard).aligned_to(queries.access_points)
    left_out = kept.aligned_to(names.known)
    smaller = rest.aligned_to(names.known)
    smaller = smaller[smaller.n_heard > 0]
    is_located = (kept.n_heard > 0) & (left_out.n_heard > 0)
    if not is_spread(rest) or not is_spread(smaller) or not is_located.any():
        return None
    method = _part_of(model, rest)
    errors_m = [_mean_error_m(method, each[is_located]) for each in (queries, kept)]
    return [*errors_m, _mean_error_m(_part_of(model, smaller), left_out[is_located])]


def _part_of(model: Localizer, rest: FingerprintSet) -> FittedMethod:
    """Return the model's method over a part of its radio map, or a k-NN in its place."""
    update = model.method_spec.update
    if update is None or update.learns(model.method_):
        return NearestNeighbours.fit(rest, _STAND_IN)
    return update.continuation(model.method_, rest, rest[:0], RunOptions(progress=False))


def _mean_error_m(method: FittedMethod, scans: FingerprintSet) -> float:
    return float(answer_errors(method.locate(scans), scans).mean())
