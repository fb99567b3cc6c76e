"""What stands behind an exported model: neighbours, weighed candidates, a network, or two of them."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from tutelage.errors import TutelageError
from tutelage.runtime.candidate_lists import CandidateSearch, DescribedMap
from tutelage.runtime.fingerprint_index import FingerprintIndex
from tutelage.runtime.positions import Located
from tutelage.runtime.radii import PREFIX, Calibration
from tutelage.runtime.rows import CompressedRows, Rows, part, row_of_each
from tutelage.runtime.votes import Labels, Places, inverse, mixed

__all__ = ["ARRAYS", "MATCHER", "NETWORK", "Method", "calibration_of", "method_of"]

ARRAYS, NETWORK, MATCHER = "arrays.npz", "network.onnx", "matcher.onnx"
_SCANS = 512  # at a time


class Method(Protocol):
    """Positions of scans that hear something the model knows."""

    def locate(self, rss_dbm: Rows, strength: Rows) -> Located:
        """Scans [n, n_ap], in dBm and in the model's representation."""
        ...


def method_of(card: Mapping[str, Any], files: Mapping[str, bytes]) -> Method:
    """What the card and the files of an exported model describe."""
    kind, settings = card["kind"], card["settings"]
    # Eight bits are shared out over all scans of a batch: alone, a scan's answer is its own.
    n_scans = _SCANS if card["int8"] is None else 1
    if kind == "network":
        labels = {"floor": card["floors"], "building": card["buildings"]}
        named = {of: names for of, names in labels.items() if names}
        return _Network(files[NETWORK], named, n_scans)
    arrays = _arrays(files)
    places = Places(
        arrays["position_m"],
        Labels.named(card["floors"], arrays.get("floor")),
        Labels.named(card["buildings"], arrays.get("building")),
    )
    n_ap = len(card["access_points"])
    if kind == "knn":
        return _NearestNeighbours(_rows(arrays, "value", n_ap), places, settings["metric"], settings["k"])
    matcher = _Matcher(_described(arrays, n_ap), places, files[MATCHER], settings["n_candidates"])
    if kind == "matcher":
        return matcher
    return _Blend(matcher, _Network(files[NETWORK], {}, n_scans), settings["share"])


def calibration_of(card: Mapping[str, Any], files: Mapping[str, bytes]) -> Calibration | None:
    """The radii and refusals of an exported model, None without."""
    if "calibration" not in card:
        return None
    return Calibration.from_config(card["calibration"], _arrays(files, PREFIX))


def _arrays(files: Mapping[str, bytes], prefix: str = "") -> dict[str, np.ndarray]:
    """The arrays whose names begin so, without that beginning."""
    with np.load(io.BytesIO(files[ARRAYS]), allow_pickle=False) as held:
        return {name.removeprefix(prefix): held[name] for name in held.files if name.startswith(prefix)}


class _NearestNeighbours:
    def __init__(self, radio_map: Rows, places: Places, metric: str, k: int) -> None:
        self._index, self._places, self._k = FingerprintIndex(radio_map, metric), places, k

    def locate(self, rss_dbm: Rows, strength: Rows) -> Located:
        del rss_dbm
        distance, row = self._index.nearest(strength, self._k)
        return self._places.located(row, inverse(distance))


class _Matcher:
    def __init__(self, known: DescribedMap, places: Places, graph: bytes, n_candidates: int) -> None:
        self._search, self._places = CandidateSearch(known), places
        self._session, self._n_candidates = _session(graph), n_candidates
        self._k = min(n_candidates, len(places.position_m))

    def locate(self, rss_dbm: Rows, strength: Rows) -> Located:
        del rss_dbm
        n = strength.shape[0]
        row, weight = np.empty((n, self._k), dtype=np.int64), np.empty((n, self._k))
        for first in range(0, n, _SCANS):
            these = slice(first, first + _SCANS)
            lists = self._search.candidates(part(strength, first, first + _SCANS), self._n_candidates)
            row[these], (weight[these],) = lists.row, self._session.run(None, {"feature": lists.feature})
        return self._places.located(row, weight)


class _Network:
    def __init__(self, graph: bytes, labels: Mapping[str, Sequence[str]], n_scans: int) -> None:
        self._session, self._labels, self._n_scans = _session(graph), labels, n_scans

    def locate(self, rss_dbm: Rows, strength: Rows) -> Located:
        del strength
        n = rss_dbm.shape[0]
        wanted = ["position_m", *(f"{kind}_logits" for kind in self._labels)]
        parts = [
            self._session.run(wanted, {"rss_dbm": _dense(part(rss_dbm, first, first + self._n_scans))})
            for first in range(0, n, self._n_scans)
        ]
        if not parts:
            return Located(np.empty((0, 2)), **{kind: np.empty(0, np.str_) for kind in self._labels})
        position_m, *logits = (np.concatenate(answers) for answers in zip(*parts, strict=True))
        labels = {
            kind: np.asarray(names)[of.argmax(axis=1)]
            for (kind, names), of in zip(self._labels.items(), logits, strict=True)
        }
        return Located(position_m.astype(np.float64), **labels)


class _Blend:
    def __init__(self, matcher: _Matcher, network: _Network, share: float) -> None:
        self._matcher, self._network, self._share = matcher, network, share

    def locate(self, rss_dbm: Rows, strength: Rows) -> Located:
        scored = self._matcher.locate(rss_dbm, strength)
        learnt = self._network.locate(rss_dbm, strength)
        return scored._replace(position_m=mixed(scored.position_m, learnt.position_m, self._share))


def _described(arrays: Mapping[str, np.ndarray], n_ap: int) -> DescribedMap:
    strength, near, wide = (_rows(arrays, name, n_ap) for name in ("value", "near", "wide"))
    return DescribedMap(strength, arrays["point"], near, arrays["near_share"], arrays["near_square"], wide)


def _rows(arrays: Mapping[str, np.ndarray], name: str, n_ap: int) -> CompressedRows:
    before = "" if name == "value" else f"{name}_"
    indptr = arrays[f"{before}offset"]
    data = arrays["value"] if name == "value" else arrays[name]
    return CompressedRows(data, arrays[f"{before}column"], indptr, (len(indptr) - 1, n_ap))


def _dense(rss_dbm: Rows) -> np.ndarray:
    """[n, n_ap] float32, NaN where nothing is heard."""
    full = np.full(rss_dbm.shape, np.nan, dtype=np.float32)
    full[row_of_each(rss_dbm), rss_dbm.indices] = rss_dbm.data
    return full


def _session(graph: bytes) -> Any:
    try:
        import onnxruntime
    except ModuleNotFoundError as error:
        raise TutelageError(
            'this model holds a network, and needs onnxruntime: pip install "tutelage[runtime]"'
        ) from error
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
