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

__all__ = ["GoneErrors", "GoneFactors", "gone_errors", "gone_factors"]

_HELD_OUT_SHARE = 0.15
_DRAWS_OF_PLACES = 4  # a wrong place tells less than metres do
_FEWEST_POINTS = 8
_MOST_SCANS = 500
_STAND_IN = KNNSettings(metric="sorensen", representation="powed", k=5)


class GoneFactors(NamedTuple):
    """Mean error without gone access points over that with all of them."""

    kept: float
    """The model keeps them; at least 1."""
    left_out: float
    """The model leaves them out as well; at least 1."""


class GoneErrors(NamedTuple):
    """Mean errors of held-out scans: metres, or shares of wrong places in a survey of places alone."""

    then: float
    """With all access points."""
    kept: float
    """Without the gone ones, which the model keeps."""
    left_out: float
    """Without the gone ones, which the model leaves out as well."""


class _Names(NamedTuple):
    """Access points that are still heard, and those that the model knows after an update."""

    heard: Sequence[str]
    known: Sequence[str]


def gone_factors(
    model: Localizer, is_gone: np.ndarray, is_left_out: np.ndarray, scans: FingerprintSet | None = None
) -> GoneFactors | None:
    """Estimate the mean error without some access points over that with all of them, by `gone_errors`.

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
    errors = gone_errors(model, is_gone, is_left_out, scans)
    if errors is None or errors.then == 0:
        return None
    return GoneFactors(max(1.0, errors.kept / errors.then), max(1.0, errors.left_out / errors.then))


def gone_errors(
    model: Localizer, is_gone: np.ndarray, is_left_out: np.ndarray, scans: FingerprintSet | None = None
) -> GoneErrors | None:
    """Measure the mean error on a model's own scans with and without some access points.

    Scans of the radio map, held out, are located three times. First as they are, then without these access
    points by a map that keeps them, as the model does. Last by a map that leaves them out, as after an
    update. People ask about places between the surveyed points. So this is done once with whole points held
    out, and once with single scans, whose points stay in the map; both errors count alike. In a survey of
    places alone, blocks of scans within places are held out. k-NN and matcher answer themselves. A k-NN
    stands in for methods that would have to be trained again.

    Parameters
    ----------
    model, is_gone, is_left_out, scans
        As in `gone_factors`.

    Returns
    -------
    GoneErrors or None
        None if there are no such scans, or they are of fewer than eight points or blocks.
    """
    if scans is None:
        radio_map = model.method_.radio_map
        if radio_map is None:
            return None
        scans = radio_map.fingerprints(model.frame_)
    scans = scans[scans.n_heard > 0]
    if n_reference_points(scans) < _FEWEST_POINTS:
        return None
    names = _Names(_rest(scans.access_points, is_gone), _rest(scans.access_points, is_left_out))
    divisions = _divisions(scans)
    errors = np.zeros(3)
    for rest, held_out in divisions:
        some = np.random.default_rng(0).permutation(held_out)[:_MOST_SCANS]
        of_part = _errors(model, scans[rest], scans[np.sort(some)], names)
        if of_part is None:
            return None
        errors += of_part
    return GoneErrors(*(errors / len(divisions)).tolist())


def _divisions(scans: FingerprintSet) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return rows to learn and rows to ask about, for each time that scans are held out."""
    of_places = scans.position_m is None
    drawn = [hold_out(scans, _HELD_OUT_SHARE, seed) for seed in range(_DRAWS_OF_PLACES if of_places else 1)]
    divisions = [(each.rest, each.held_out) for each in drawn]
    if not of_places:
        divisions.append(split_groups(np.arange(len(scans)), _HELD_OUT_SHARE, 0, "scan"))
    return divisions


def _rest(names: Sequence[str], is_without: np.ndarray) -> list[str]:
    return [name for name, without in zip(names, is_without, strict=True) if not without]


def _errors(
    model: Localizer, rest: FingerprintSet, queries: FingerprintSet, names: _Names
) -> list[float] | None:
    """Return the mean errors with all access points, without the gone ones, and after an update."""
    kept = queries.aligned_to(names.heard).aligned_to(queries.access_points)
    left_out = kept.aligned_to(names.known)
    smaller = rest.aligned_to(names.known)
    smaller = smaller[smaller.n_heard > 0]
    is_located = (kept.n_heard > 0) & (left_out.n_heard > 0)
    if not is_spread(rest) or not is_spread(smaller) or not is_located.any():
        return None
    method = _part_of(model, rest)
    errors = [_mean_error(method, each[is_located]) for each in (queries, kept)]
    return [*errors, _mean_error(_part_of(model, smaller), left_out[is_located])]


def _part_of(model: Localizer, rest: FingerprintSet) -> FittedMethod:
    """Return the model's method over a part of its radio map, or a k-NN in its place."""
    update = model.method_spec.update
    if update is None or update.learns(model.method_):
        return NearestNeighbours.fit(rest, _STAND_IN)
    return update.continuation(model.method_, rest, rest[:0], RunOptions(progress=False))


def _mean_error(method: FittedMethod, scans: FingerprintSet) -> float:
    return float(answer_errors(method.locate(scans), scans).mean())
