"""The methods behind exported models: neighbours, weighted candidates, a network, or two of them."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeAlias

import numpy as np

from tutelage.errors import TutelageError
from tutelage.runtime.candidate_lists import CandidateSearch, DescribedMap
from tutelage.runtime.candidate_weights import CandidateWeights
from tutelage.runtime.fingerprint_index import FingerprintIndex
from tutelage.runtime.judging import Judge
from tutelage.runtime.place_calibration import PLACE_PREFIX, PlaceCalibration
from tutelage.runtime.positions import Located
from tutelage.runtime.prefixes import with_prefix
from tutelage.runtime.radii import PREFIX, Calibration
from tutelage.runtime.rows import CompressedRows, Rows, row_numbers, slice_rows
from tutelage.runtime.votes import Labels, MapPlaces, inverse_distance, mixed, network_answers

__all__ = [
    "ARRAYS",
    "CALIBRATIONS",
    "MATCHER",
    "MATCHER_WEIGHTS",
    "NETWORK",
    "ExportedMethod",
    "arrays_of",
    "build_judge",
    "build_method",
    "described_arrays",
    "described_map_of",
]

ARRAYS = "arrays.npz"
CALIBRATIONS = ("calibration", "place_calibration")
"""Entries of the card that hold what a model learnt about its own errors."""
NETWORK = "network.onnx"
MATCHER = "matcher.onnx"
MATCHER_WEIGHTS = "matcher."
"""Begins the names of the arrays of a matcher's network, in a model that has no graph of it."""
_SCANS = 512  # at a time
_Card: TypeAlias = Mapping[str, Any]
_Arrays: TypeAlias = Mapping[str, np.ndarray]
_Graphs: TypeAlias = Mapping[str, bytes]
_Weigh: TypeAlias = Callable[[np.ndarray], np.ndarray]


class ExportedMethod(Protocol):
    """A method that locates scans which hear an access point of the model."""

    def locate(self, rss_dbm: Rows, strength: Rows) -> Located:
        """Locate scans.

        Parameters
        ----------
        rss_dbm : Rows
            Readings in dBm, [n, n_ap].
        strength : Rows
            The same readings in the model's representation, [n, n_ap].

        Returns
        -------
        Located
            A position and labels for each scan.
        """
        ...


def arrays_of(files: Mapping[str, bytes]) -> dict[str, np.ndarray]:
    """Return the arrays of an exported model.

    Parameters
    ----------
    files : mapping
        Content of its files, by name.

    Returns
    -------
    dict of str to numpy.ndarray
        Arrays by name; none where the model is a network alone.
    """
    if ARRAYS not in files:
        return {}
    with np.load(io.BytesIO(files[ARRAYS]), allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


def build_method(
    card: Mapping[str, Any], arrays: Mapping[str, np.ndarray], graphs: Mapping[str, bytes]
) -> ExportedMethod:
    """Build the method that a model describes.

    Parameters
    ----------
    card : mapping
        The model's card; its `kind` is one of the registered kinds of this module.
    arrays : mapping
        The model's arrays, by name.
    graphs : mapping
        Its ONNX graphs, by name. A matcher without one has the arrays of its network.

    Returns
    -------
    ExportedMethod
        A method that is ready to locate scans.

    Raises
    ------
    KeyError
        If the kind is unknown, or the card or the arrays lack an entry.
    TutelageError
        If the model holds a network and onnxruntime is not installed.
    """
    return _BUILDERS[card["kind"]](card, arrays, graphs)


def build_judge(card: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Judge:
    """Build radii, probabilities and refusals of a model.

    Parameters
    ----------
    card, arrays : mapping
        As for `build_method`.

    Returns
    -------
    Judge
        It adds nothing where the model is not calibrated.
    """
    radii = places = None
    if "calibration" in card:
        radii = Calibration.from_config(card["calibration"], with_prefix(arrays, PREFIX))
    if "place_calibration" in card:
        places = PlaceCalibration.from_config(card["place_calibration"], with_prefix(arrays, PLACE_PREFIX))
    return Judge(radii, places)


class _NearestNeighbours:
    def __init__(self, radio_map: Rows, places: MapPlaces, metric: str, k: int) -> None:
        self._index = FingerprintIndex(radio_map, metric)
        self._places = places
        self._k = k

    def locate(self, rss_dbm: Rows, strength: Rows) -> Located:
        del rss_dbm
        distance, row = self._index.nearest(strength, self._k)
        return self._places.locate(row, inverse_distance(distance))


class _Matcher:
    def __init__(self, radio_map: DescribedMap, places: MapPlaces, weigh: _Weigh, n_candidates: int) -> None:
        self._search = CandidateSearch(radio_map)
        self._places = places
        self._weigh = weigh
        self._n_candidates = n_candidates
        self._k = min(n_candidates, radio_map.strength.shape[0])

    def locate(self, rss_dbm: Rows, strength: Rows) -> Located:
        del rss_dbm
        n = strength.shape[0]
        row = np.empty((n, self._k), dtype=np.int64)
        weight = np.empty((n, self._k))
        for first in range(0, n, _SCANS):
            these = slice(first, first + _SCANS)
            lists = self._search.candidates(slice_rows(strength, first, first + _SCANS), self._n_candidates)
            row[these] = lists.row
            weight[these] = self._weigh(lists.feature)
        return self._places.locate(row, weight)


class _GraphWeights:
    def __init__(self, graph: bytes) -> None:
        self._session = _session(graph)

    def __call__(self, feature: np.ndarray) -> np.ndarray:
        (weight,) = self._session.run(None, {"feature": feature})
        return np.asarray(weight)


class _Network:
    def __init__(self, graph: bytes, labels: Mapping[str, Sequence[str]], n_scans: int) -> None:
        self._session = _session(graph)
        self._labels = labels
        self._n_scans = n_scans

    def locate(self, rss_dbm: Rows, strength: Rows) -> Located:
        del strength
        n = rss_dbm.shape[0]
        outputs = ["position_m", *(f"{kind}_logits" for kind in self._labels)]
        parts = [
            self._session.run(outputs, {"rss_dbm": _dense(slice_rows(rss_dbm, first, first + self._n_scans))})
            for first in range(0, n, self._n_scans)
        ]
        if not parts:
            none = {kind: np.empty((0, len(names))) for kind, names in self._labels.items()}
            return network_answers(np.empty((0, 2)), self._labels, none)
        position_m, *logits = (np.concatenate(answers) for answers in zip(*parts, strict=True))
        by_kind = dict(zip(self._labels, logits, strict=True))
        return network_answers(position_m.astype(np.float64), self._labels, by_kind)


class _Blend:
    def __init__(self, matcher: _Matcher, network: _Network, share: float) -> None:
        self._matcher = matcher
        self._network = network
        self._share = share

    def locate(self, rss_dbm: Rows, strength: Rows) -> Located:
        return mixed(
            self._matcher.locate(rss_dbm, strength), self._network.locate(rss_dbm, strength), self._share
        )


# -- building ---------------------------------------------------------------------------------------------


def _nearest_neighbours(card: _Card, arrays: _Arrays, _graphs: _Graphs) -> _NearestNeighbours:
    settings = card["settings"]
    radio_map = _rows(arrays, "value", len(card["access_points"]))
    return _NearestNeighbours(radio_map, _places(card, arrays), settings["metric"], settings["k"])


def _matcher(card: _Card, arrays: _Arrays, graphs: _Graphs) -> _Matcher:
    radio_map = described_map_of(arrays, len(card["access_points"]))
    weigh: _Weigh
    if MATCHER in graphs:
        weigh = _GraphWeights(graphs[MATCHER])
    else:
        weigh = CandidateWeights(with_prefix(arrays, MATCHER_WEIGHTS))
    return _Matcher(radio_map, _places(card, arrays), weigh, card["settings"]["n_candidates"])


def _network(card: _Card, _arrays: _Arrays, graphs: _Graphs) -> _Network:
    labels = {kind: card.get(f"{kind}s") for kind in ("floor", "building", "place")}
    return _Network(graphs[NETWORK], {kind: names for kind, names in labels.items() if names}, _batch(card))


def _blend(card: _Card, arrays: _Arrays, graphs: _Graphs) -> _Blend:
    matcher = _matcher(card, arrays, graphs)
    places = {"place": card["places"]} if card.get("places") else {}
    return _Blend(matcher, _Network(graphs[NETWORK], places, _batch(card)), card["settings"]["share"])


_BUILDERS: dict[str, Callable[[_Card, _Arrays, _Graphs], ExportedMethod]] = {
    "knn": _nearest_neighbours,
    "matcher": _matcher,
    "network": _network,
    "blend": _blend,
}
"""How each kind of exported model is built; a further kind is one line here."""


def _batch(card: Mapping[str, Any]) -> int:
    # Eight bits are shared out over all scans of a batch: alone, a scan's answer is its own.
    return _SCANS if card["int8"] is None else 1


def _places(card: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> MapPlaces:
    kinds = ("floor", "building", "place")
    labels = (Labels.from_codes(card.get(f"{kind}s"), arrays.get(kind)) for kind in kinds)
    return MapPlaces(arrays.get("position_m"), *labels)


def described_map_of(arrays: Mapping[str, np.ndarray], n_ap: int) -> DescribedMap:
    """Return the radio map of a matcher from its arrays.

    Parameters
    ----------
    arrays : mapping
        Those of `described_arrays`, with the radio map itself as `value`, `column` and `offset`.
    n_ap : int
        Number of its access points.

    Returns
    -------
    DescribedMap
        The radio map.

    Raises
    ------
    KeyError
        If an array is missing.
    """
    strength, near, wide = (_rows(arrays, name, n_ap) for name in ("value", "near", "wide"))
    return DescribedMap(strength, arrays["point"], near, arrays["near_share"], arrays["near_square"], wide)


def described_arrays(radio_map: DescribedMap) -> dict[str, np.ndarray]:
    """Return the averages of a matcher's radio map as arrays, without the radio map itself.

    Parameters
    ----------
    radio_map : DescribedMap
        The radio map.

    Returns
    -------
    dict of str to numpy.ndarray
        Arrays by name.
    """
    arrays = {
        "point": radio_map.point.astype(np.int32),
        "near_share": radio_map.near_share,
        "near_square": radio_map.near_square,
    }
    for name, rows in (("near", radio_map.near), ("wide", radio_map.wide)):
        arrays |= {name: rows.data, f"{name}_column": rows.indices, f"{name}_offset": rows.indptr}
    return arrays


def _rows(arrays: Mapping[str, np.ndarray], name: str, n_ap: int) -> CompressedRows:
    before = "" if name == "value" else f"{name}_"
    indptr = arrays[f"{before}offset"]
    data = arrays["value"] if name == "value" else arrays[name]
    return CompressedRows(data, arrays[f"{before}column"], indptr, (len(indptr) - 1, n_ap))


def _dense(rss_dbm: Rows) -> np.ndarray:
    """Return a dense float32 table [n, n_ap], NaN where nothing is heard."""
    full = np.full(rss_dbm.shape, np.nan, dtype=np.float32)
    full[row_numbers(rss_dbm), rss_dbm.indices] = rss_dbm.data
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
    # Threads that wait by spinning take the time of those that search.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
