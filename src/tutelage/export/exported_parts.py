"""The parts of an exported model: its card, its graphs, its arrays."""

from __future__ import annotations

import io
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

import numpy as np

from tutelage.export.onnx_graph import matcher_graph, network_graph, with_metadata
from tutelage.localizer import Localizer
from tutelage.methods.base import ExportParts
from tutelage.runtime import RUNTIME_FORMAT
from tutelage.runtime.candidate_lists import FEATURES
from tutelage.runtime.exported_methods import ARRAYS, CALIBRATIONS, MATCHER, NETWORK
from tutelage.runtime.place_calibration import PLACE_PREFIX
from tutelage.runtime.radii import PREFIX
from tutelage.training.trained_network import TrainedNetwork

__all__ = ["INPUT", "OUTPUTS", "model_card", "model_files"]

INPUT = (
    "rss_dbm: float32 [batch, access points], RSS in dBm, in [-120, 0]; NaN for an access point that is not "
    "heard; columns in the order of access_points"
)
OUTPUTS = (
    "position_m: float32 [batch, 2], x and y in metres; add the frame's origin_m for the coordinates of the "
    "survey; NaN where a reading is out of range{blank}. floor_logits, building_logits, place_logits, where "
    "there are such outputs: float32 [batch, classes]; the largest is the answer, classes in the order of "
    "floors, buildings, places. Where coordinates is false, position_m means nothing"
)
_BLANK = ", or no access point is heard above rss_min_dbm"


def model_card(model: Localizer, parts: ExportParts, folder_card: Mapping[str, Any]) -> dict[str, Any]:
    """Write the card of an exported model, without the sizes of its files.

    Parameters
    ----------
    model : Localizer
        Fitted.
    parts : ExportParts
        Its method, for the runtime.
    folder_card : mapping
        The card of its model folder.

    Returns
    -------
    dict
        The card, ready for JSON.
    """
    representation = model.method_.representation
    lineage = model.lineage_
    card: dict[str, Any] = {
        "format": RUNTIME_FORMAT,
        "version": version("tutelage"),
        "kind": parts.kind,
        "method": folder_card["method"],
        "access_points": list(representation.access_points),
        "representation": {"kind": representation.kind, "rss_min_dbm": representation.rss_min_dbm},
        "frame": folder_card["frame"],
        "coordinates": folder_card.get("coordinates", True),
        **{f"{kind}s": parts.labels.get(kind) for kind in ("floor", "building", "place")},
        "settings": dict(parts.settings),
        "int8": None,
        "source": lineage.survey,
        "licence": lineage.licence,
        "lineage": folder_card["lineage"],
    }
    return card | {name: folder_card[name] for name in CALIBRATIONS if name in folder_card}


def model_files(
    parts: ExportParts, card: Mapping[str, Any], folder_arrays: Mapping[str, np.ndarray]
) -> dict[str, bytes]:
    """Make the files beside the card, by name.

    Parameters
    ----------
    parts : ExportParts
    card : mapping
        From `model_card`; its essentials stand in the network's graph as well.
    folder_arrays : mapping
        The arrays of the model folder.

    Returns
    -------
    dict of str to bytes
        Contents by file name.

    Raises
    ------
    BadInputError
        If the network cannot be expressed in ONNX.
    """
    prefixes = (PREFIX, PLACE_PREFIX)
    calibration = {name: array for name, array in sorted(folder_arrays.items()) if name.startswith(prefixes)}
    arrays = {**calibration, **parts.arrays}
    files = {}
    if parts.matcher is not None:
        k = min(parts.settings["n_candidates"], len(arrays["offset"]) - 1)
        files[MATCHER] = matcher_graph(parts.matcher, k, len(FEATURES))
    if parts.network is not None:
        is_alone = parts.matcher is None
        graph = network_graph(parts.network, refuses_blank=is_alone)
        files[NETWORK] = with_metadata(graph, _metadata(card, parts.network, is_alone=is_alone))
    if arrays:
        files[ARRAYS] = _npz(arrays)
    return files


def _metadata(card: Mapping[str, Any], network: TrainedNetwork, *, is_alone: bool) -> dict[str, Any]:
    """Give the metadata of the network's graph: all that its user needs beside it."""
    keys = [
        "format",
        "version",
        "method",
        "access_points",
        "frame",
        "coordinates",
        "source",
        "licence",
        "lineage",
    ]
    keys += [name for name in CALIBRATIONS if name in card]
    representation = network.representation
    classes = network.heads.classes if network.heads is not None else {}
    return {
        **{name: card[name] for name in keys},
        "representation": {"kind": representation.kind, "rss_min_dbm": representation.rss_min_dbm},
        **{f"{kind}s": classes.get(kind) for kind in ("floor", "building", "place")},
        "weights": "float32",
        "input": INPUT,
        "output": OUTPUTS.format(blank=_BLANK if is_alone else ""),
        "kind": "network" if is_alone else "the network of a blend, which answers together with a matcher",
    }


def _npz(arrays: Mapping[str, np.ndarray]) -> bytes:
    content = io.BytesIO()
    keywords: dict[str, Any] = dict(arrays)
    np.savez_compressed(content, **keywords)
    return content.getvalue()
