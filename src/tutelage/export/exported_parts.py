"""What an exported model is made of: a card, a graph, arrays."""

from __future__ import annotations

import io
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

import numpy as np

from tutelage.export.onnx_graph import matcher_graph, network_graph, with_metadata
from tutelage.localizer import Localizer, Method
from tutelage.methods.blend import Blend
from tutelage.methods.knn import NearestNeighbours
from tutelage.methods.matcher import Matcher
from tutelage.runtime import RUNTIME_FORMAT
from tutelage.runtime.candidate_lists import FEATURES
from tutelage.runtime.exported_methods import ARRAYS, MATCHER, NETWORK
from tutelage.runtime.radii import PREFIX
from tutelage.training.trained_network import TrainedNetwork

__all__ = ["INPUT", "OUTPUTS", "card_of", "files_of"]

CALIBRATION = "calibration"
INPUT = (
    "rss_dbm: float32 [batch, access points], RSS in dBm, in [-120, 0]; NaN for an access point that is not "
    "heard; columns in the order of access_points"
)
OUTPUTS = (
    "position_m: float32 [batch, 2], x and y in metres; add the frame's origin_m for the coordinates of the "
    "survey; NaN where a reading is out of range{blank}. floor_logits, building_logits, where there are such "
    "outputs: float32 [batch, classes]; the largest is the answer, classes in the order of floors, buildings"
)
_BLANK = ", or no access point is heard above rss_min_dbm"


def card_of(model: Localizer, saved: Mapping[str, Any]) -> dict[str, Any]:
    """What an exported model says of itself, before its files are known.

    Parameters
    ----------
    model : fitted
    saved : the card of its model folder
    """
    method, lineage = model.method_, model.lineage_
    by = method.representation
    card: dict[str, Any] = {
        "format": RUNTIME_FORMAT,
        "version": version("tutelage"),
        "kind": _kind(method),
        "network": saved["network"],
        "access_points": list(by.access_points),
        "representation": {"kind": by.kind, "rss_min_dbm": by.rss_min_dbm},
        "frame": saved["frame"],
        **_labels(method),
        "settings": _settings(method),
        "int8": None,
        "source": lineage["source"],
        "licence": lineage["licence"],
        "lineage": lineage,
    }
    if CALIBRATION in saved:
        card[CALIBRATION] = saved[CALIBRATION]
    return card


def files_of(model: Localizer, card: Mapping[str, Any], saved: Mapping[str, np.ndarray]) -> dict[str, bytes]:
    """The files beside the card, by name.

    Parameters
    ----------
    model : fitted
    card : `card_of` it; its essentials stand in the network's graph as well
    saved : the arrays of its model folder

    Raises
    ------
    BadInputError
        If the network cannot be expressed in ONNX.
    """
    method = model.method_
    arrays = {name: array for name, array in sorted(saved.items()) if name.startswith(PREFIX)}
    files = {}
    matcher = method.matcher if isinstance(method, Blend) else method
    if isinstance(matcher, Matcher):
        arrays |= {**matcher.radio_map.tensors(), **_surroundings(matcher)}
        k = min(matcher.recipe.n_candidates, len(matcher.radio_map))
        files[MATCHER] = matcher_graph(matcher.network, k, len(FEATURES))
    if isinstance(method, NearestNeighbours):
        arrays |= method.tensors()
    student = method.student if isinstance(method, Blend) else method
    if isinstance(student, TrainedNetwork):
        alone = student is method
        graph = network_graph(student, refuses_blank=alone)
        files[NETWORK] = with_metadata(graph, _about(card, student, alone=alone))
    if arrays:
        files[ARRAYS] = _npz(arrays)
    return files


def _kind(method: Method) -> str:
    names = {NearestNeighbours: "knn", Matcher: "matcher", Blend: "blend"}
    return names.get(type(method), "network")


def _labels(method: Method) -> dict[str, Any]:
    """Names of floors and of buildings, None where the model gives none."""
    if isinstance(method, TrainedNetwork):
        classes = method.heads.classes if method.heads is not None else {}
        return {
            f"{kind}s": list(classes[kind]) if kind in classes else None for kind in ("floor", "building")
        }
    config = (method.matcher if isinstance(method, Blend) else method).config()
    return {name: config[name] for name in ("floors", "buildings")}


def _settings(method: Method) -> dict[str, Any]:
    if isinstance(method, NearestNeighbours):
        return {"metric": method.settings.metric, "k": method.settings.k}
    if isinstance(method, Matcher):
        return {"n_candidates": method.recipe.n_candidates}
    if isinstance(method, Blend):
        return {**_settings(method.matcher), "share": method.share}
    return {}


def _surroundings(matcher: Matcher) -> dict[str, np.ndarray]:
    """What is heard around each reference point: the runtime has no means to work it out."""
    known = matcher.described()
    return {
        "point": known.point.astype(np.int32),
        **_named("near", known.near),
        "near_share": known.near_share,
        "near_square": known.near_square,
        **_named("wide", known.wide),
    }


def _named(name: str, rows: Any) -> dict[str, np.ndarray]:
    return {name: rows.data, f"{name}_column": rows.indices, f"{name}_offset": rows.indptr}


def _about(card: Mapping[str, Any], student: TrainedNetwork, *, alone: bool) -> dict[str, Any]:
    """What the graph says of itself: all that its user needs beside it."""
    shared = ("format", "version", "network", "access_points", "frame", "source", "licence", "lineage")
    by = student.representation
    classes = student.heads.classes if student.heads is not None else {}
    return {
        **{name: card[name] for name in (*shared, *([CALIBRATION] if CALIBRATION in card else []))},
        "representation": {"kind": by.kind, "rss_min_dbm": by.rss_min_dbm},
        "floors": classes.get("floor"),
        "buildings": classes.get("building"),
        "weights": "float32",
        "input": INPUT,
        "output": OUTPUTS.format(blank=_BLANK if alone else ""),
        "kind": "network" if alone else "the network of a blend, which answers together with a matcher",
    }


def _npz(arrays: Mapping[str, np.ndarray]) -> bytes:
    content = io.BytesIO()
    named: dict[str, Any] = dict(arrays)
    np.savez_compressed(content, **named)
    return content.getvalue()
