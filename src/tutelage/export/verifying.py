"""An exported model held against the library: the same scans, asked of both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from tutelage.data.fingerprints import FingerprintSet
from tutelage.data.representation import RssRepresentation
from tutelage.data.sparse_rows import csr_from_dense
from tutelage.errors import BadInputError, TutelageError
from tutelage.localizer import Localizer
from tutelage.methods.blend import Blend
from tutelage.runtime import Runtime
from tutelage.runtime.positions import Positions
from tutelage.training.trained_network import TrainedNetwork

__all__ = ["Asked", "Found", "as_mappings", "drawn_scans", "require_answered", "verified"]

Found: TypeAlias = dict[str, Any]

_ALLOWED = 1e-4  # of a network, in its own units: standardised coordinates, one of which is scale_m
_ALLOWED_M = 1e-3  # of what answers in metres itself
_ALLOWED_RADIUS_M = 1e-2  # of radii, which are rounded to that
_MOST_SCANS = 1000
_DRAWN, _HEARD = 256, 20


class Asked(NamedTuple):
    """Scans that both are asked about, and what to call them."""

    scans: FingerprintSet
    name: str


def drawn_scans(by: RssRepresentation) -> Asked:
    """Scans for a model whose training scans are not at hand: some access points, strengths at random."""
    rng = np.random.default_rng(0)
    n_ap = len(by.access_points)
    heard = rng.random((_DRAWN, n_ap)) < min(_HEARD / n_ap, 1.0)
    heard[np.arange(_DRAWN), rng.integers(n_ap, size=_DRAWN)] = True
    rss_dbm = rng.uniform(max(by.rss_min_dbm, -110.0), -30.0, heard.shape)
    names = np.arange(_DRAWN).astype(np.str_)
    return Asked(FingerprintSet(csr_from_dense(rss_dbm, heard), by.access_points, names), "drawn at random")


def verified(model: Localizer, card: Mapping[str, Any], files: Mapping[str, bytes], asked: Asked) -> Found:
    """How far the exported model's answers are from the library's.

    Parameters
    ----------
    model, card, files : the model, and what it was exported to
    asked : of at most a thousand of these scans, evenly over all of them

    Returns
    -------
    for the card: which scans and how many, the largest difference in metres and, of a network, in
    standardised coordinates, what is allowed, and how many labels differ

    Raises
    ------
    BadInputError
        If no scan has a position.
    TutelageError
        If they differ by more than is allowed.
    """
    scans = _spaced(asked.scans)
    _require_same_judgement(model.predict(scans), Runtime(card, files).positions(as_mappings(scans)))
    # Drawn at random, most scans are unlike every surveyed place: refused, they would prove nothing.
    model, card = _uncalibrated(model), {key: card[key] for key in card if key != "calibration"}
    ours, theirs = model.predict(scans), Runtime(card, files).positions(as_mappings(scans))
    require_answered(ours.answered)
    labels = (ours.floor, theirs.floor), (ours.building, theirs.building)
    found: Found = {
        "scans": asked.name,
        "n_scans": len(scans),
        "labels_differing": sum(int((one != other).sum()) for one, other in labels if one is not None),
        "max_difference_m": _largest((ours.position_m - theirs.position_m)[ours.answered]),
        "allowed_m": None if isinstance(model.method_, TrainedNetwork) else _ALLOWED_M,
        **_of_network(model, card, files, scans[ours.answered]),
    }
    _require(found)
    return found


def _require_same_judgement(ours: Positions, theirs: Positions) -> None:
    """The same scans answered and refused, with the same radii."""
    if not np.array_equal(ours.reason, theirs.reason):
        raise TutelageError(_refusal("other scans have a position"))
    if ours.radius_m is None or theirs.radius_m is None:
        return
    if not np.allclose(ours.radius_m, theirs.radius_m, atol=_ALLOWED_RADIUS_M, equal_nan=True):
        apart = np.nanmax(np.abs(ours.radius_m - theirs.radius_m))
        raise TutelageError(
            _refusal(f"radii differ by up to {apart:.1e} m, {_ALLOWED_RADIUS_M:g} is allowed")
        )


def _uncalibrated(model: Localizer) -> Localizer:
    plain = copy(model)
    plain.calibration_ = None
    return plain


def require_answered(answered: np.ndarray) -> None:
    """Refuse scans that say nothing of the model: to differ on none of them would prove nothing.

    Raises
    ------
    BadInputError
        If no scan has a position.
    """
    if not answered.any():
        raise BadInputError(
            f"none of the {len(answered)} scans hears an access point that the model knows; "
            "give scans of the model's own building"
        )


def as_mappings(scans: FingerprintSet) -> list[dict[str, float]]:
    """Scans as the runtime is asked about them."""
    names, rss = np.asarray(scans.access_points), scans.rss_dbm
    ends: Sequence[tuple[int, int]] = list(zip(rss.indptr[:-1], rss.indptr[1:], strict=True))
    return [dict(zip(names[rss.indices[a:b]].tolist(), rss.data[a:b].tolist(), strict=True)) for a, b in ends]


def _spaced(scans: FingerprintSet) -> FingerprintSet:
    """At most a thousand, evenly over all of them."""
    if len(scans) <= _MOST_SCANS:
        return scans
    return scans[np.linspace(0, len(scans) - 1, _MOST_SCANS).astype(np.int64)]


def _of_network(
    model: Localizer, card: Mapping[str, Any], files: Mapping[str, bytes], scans: FingerprintSet
) -> Found:
    """The largest difference of the network's own answers, which a blend's share would hide."""
    student = model.method_.student if isinstance(model.method_, Blend) else model.method_
    if not isinstance(student, TrainedNetwork):
        return {}
    alone = Runtime({**card, "kind": "network", "floors": None, "buildings": None}, files)
    theirs_m = alone.positions(as_mappings(scans)).position_m
    scale_m = student.scaler.scale_m
    difference = _largest(student.locate(scans).position_m - theirs_m) / scale_m
    return {"max_difference": difference, "allowed": _ALLOWED, "scale_m": scale_m}


def _largest(difference: np.ndarray) -> float:
    return float(np.abs(difference).max(initial=0.0))


def _require(found: Found) -> None:
    apart = [
        ("max_difference", "allowed", "standardised coordinates"),
        ("max_difference_m", "allowed_m", "m"),
    ]
    for name, limit, unit in apart:
        allowed = found.get(limit)
        if allowed is not None and not found[name] <= allowed:  # NaN is no position at all
            raise TutelageError(
                _refusal(f"positions differ by up to {found[name]:.1e} {unit}, {allowed:g} is allowed")
            )
    # One in a thousand may stand on the edge between two labels.
    if found["labels_differing"] > found["n_scans"] // 1000:
        raise TutelageError(
            _refusal(f"{found['labels_differing']} labels of {found['n_scans']} scans differ")
        )


def _refusal(what: str) -> str:
    return f"the exported model does not answer as the library does: {what}; nothing was written"
