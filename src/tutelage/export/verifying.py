"""Verification of an exported model: it has to locate the same scans as the library does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from tutelage.data.fingerprints import FingerprintSet
from tutelage.data.representation import RssRepresentation
from tutelage.data.sparse_rows import csr_from_dense
from tutelage.errors import BadInputError, TutelageError
from tutelage.localizer import Localizer
from tutelage.methods.base import ExportParts
from tutelage.runtime import Runtime
from tutelage.runtime.exported_methods import CALIBRATIONS
from tutelage.runtime.positions import Positions

__all__ = ["Figures", "VerificationScans", "as_mappings", "random_scans", "require_answered", "verify_export"]

Figures: TypeAlias = dict[str, Any]

_ALLOWED = 1e-4  # of a network, in standardised coordinates, a unit of which is scale_m
_ALLOWED_M = 1e-3  # of methods that answer in metres
_ALLOWED_PROBABILITY = 1e-3
_ALLOWED_RADIUS_M = 1e-2  # of radii, which are rounded to that
_MOST_SCANS = 1000
_N_RANDOM = 256
_N_HEARD = 20  # access points in a random scan, on average


class VerificationScans(NamedTuple):
    """Scans that the exported model and the library locate.

    Parameters
    ----------
    scans : FingerprintSet
    name : str
        Their name in the card.
    """

    scans: FingerprintSet
    name: str


def random_scans(representation: RssRepresentation) -> VerificationScans:
    """Make scans for a model whose training scans are not at hand: some access points, random RSS.

    Parameters
    ----------
    representation : RssRepresentation
        Its access points and lowest RSS limit the scans.
    """
    rng = np.random.default_rng(0)
    access_points = representation.access_points
    n_ap = len(access_points)
    is_heard = rng.random((_N_RANDOM, n_ap)) < min(_N_HEARD / n_ap, 1.0)
    is_heard[np.arange(_N_RANDOM), rng.integers(n_ap, size=_N_RANDOM)] = True
    rss_dbm = rng.uniform(max(representation.rss_min_dbm, -110.0), -30.0, is_heard.shape)
    scan_id = np.arange(_N_RANDOM).astype(np.str_)
    scans = FingerprintSet(csr_from_dense(rss_dbm, is_heard), access_points, scan_id)
    return VerificationScans(scans, "drawn at random")


def verify_export(
    model: Localizer,
    parts: ExportParts,
    card: Mapping[str, Any],
    files: Mapping[str, bytes],
    queries: VerificationScans,
) -> Figures:
    """Measure how far the exported model's answers are from the library's.

    Parameters
    ----------
    model : Localizer
    parts : ExportParts
        Its method, for the runtime.
    card, files : mapping
        The exported model.
    queries : VerificationScans
        A thousand of them at most are located, spread evenly.

    Returns
    -------
    dict
        For the card: name and number of the scans, the largest difference in metres, for a network also in
        standardised coordinates, the allowed differences, and how many labels differ.

    Raises
    ------
    BadInputError
        If no scan has a position.
    TutelageError
        If they differ by more than is allowed.
    """
    scans = _evenly_spaced(queries.scans)
    _require_same_judgement(model.predict(scans), Runtime(card, files).positions(as_mappings(scans)))
    # Most random scans are unlike every surveyed place: refused, they would prove nothing.
    plain_card = {key: card[key] for key in card if key not in CALIBRATIONS}
    ours = model.without_calibration().predict(scans)
    theirs = Runtime(plain_card, files).positions(as_mappings(scans))
    require_answered(ours.answered)
    labels = [(ours.floor, theirs.floor), (ours.building, theirs.building)]
    if ours.places is not None and theirs.places is not None:
        labels.append((ours.places.best, theirs.places.best))
    difference_m = (ours.position_m - theirs.position_m)[ours.answered]
    figures: Figures = {
        "scans": queries.name,
        "n_scans": len(scans),
        "labels_differing": sum(int((one != other).sum()) for one, other in labels if one is not None),
        "max_difference_m": _largest(difference_m) if ours.has_coordinates else None,
        "allowed_m": _ALLOWED_M if parts.arrays and ours.has_coordinates else None,
        **_network_difference(parts, plain_card, files, scans[ours.answered]),
    }
    _require_allowed(figures)
    return figures


def _require_same_judgement(ours: Positions, theirs: Positions) -> None:
    """Require the same scans answered and refused, with the same radii and probabilities of places."""
    if not np.array_equal(ours.reason, theirs.reason):
        raise TutelageError(_refusal("other scans have an answer"))
    if ours.places is not None and theirs.places is not None and ours.places.probability is not None:
        difference = np.nan_to_num(ours.places.best_probability - theirs.places.best_probability)
        if np.abs(difference).max(initial=0.0) > _ALLOWED_PROBABILITY:
            raise TutelageError(_refusal("probabilities of places differ"))
    if ours.radius_m is None or theirs.radius_m is None:
        return
    if not np.allclose(ours.radius_m, theirs.radius_m, atol=_ALLOWED_RADIUS_M, equal_nan=True):
        difference_m = np.nanmax(np.abs(ours.radius_m - theirs.radius_m))
        raise TutelageError(
            _refusal(f"radii differ by up to {difference_m:.1e} m, {_ALLOWED_RADIUS_M:g} is allowed")
        )


def require_answered(answered: np.ndarray) -> None:
    """Refuse scans without any answer: they would prove nothing.

    Parameters
    ----------
    answered : ndarray [n] of bool
        Whether each scan has a position.

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
    """Convert scans to the runtime's form.

    Parameters
    ----------
    scans : FingerprintSet

    Returns
    -------
    list of dict
        For each scan, dBm by access point.
    """
    names = np.asarray(scans.access_points)
    rss = scans.rss_dbm
    ends: Sequence[tuple[int, int]] = list(zip(rss.indptr[:-1], rss.indptr[1:], strict=True))
    return [dict(zip(names[rss.indices[a:b]].tolist(), rss.data[a:b].tolist(), strict=True)) for a, b in ends]


def _evenly_spaced(scans: FingerprintSet) -> FingerprintSet:
    """Choose a thousand scans at most, spread evenly."""
    if len(scans) <= _MOST_SCANS:
        return scans
    return scans[np.linspace(0, len(scans) - 1, _MOST_SCANS).astype(np.int64)]


def _network_difference(
    parts: ExportParts, card: Mapping[str, Any], files: Mapping[str, bytes], scans: FingerprintSet
) -> Figures:
    """Give the largest difference of the network's own answers, which a blend's share would hide."""
    if parts.network is None or not parts.network.has_positions:
        return {}
    without_labels = {"floors": None, "buildings": None, "places": None}
    network_alone = Runtime({**card, "kind": "network", **without_labels}, files)
    theirs_m = network_alone.positions(as_mappings(scans)).position_m
    scale_m = parts.network.scaler.scale_m
    difference = _largest(parts.network.locate(scans).position_m - theirs_m) / scale_m
    return {"max_difference": difference, "allowed": _ALLOWED, "scale_m": scale_m}


def _largest(difference: np.ndarray) -> float:
    return float(np.abs(difference).max(initial=0.0))


def _require_allowed(figures: Figures) -> None:
    limits = [
        ("max_difference", "allowed", "standardised coordinates"),
        ("max_difference_m", "allowed_m", "m"),
    ]
    for name, limit, unit in limits:
        allowed = figures.get(limit)
        if allowed is not None and not figures[name] <= allowed:  # NaN is no position at all
            raise TutelageError(
                _refusal(f"positions differ by up to {figures[name]:.1e} {unit}, {allowed:g} is allowed")
            )
    # One in a thousand may stand on the edge between two labels.
    if figures["labels_differing"] > figures["n_scans"] // 1000:
        raise TutelageError(
            _refusal(f"{figures['labels_differing']} labels of {figures['n_scans']} scans differ")
        )


def _refusal(difference: str) -> str:
    return f"the exported model does not answer as the library does: {difference}; nothing was written"
