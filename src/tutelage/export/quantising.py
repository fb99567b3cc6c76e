"""Quantisation of a network's graph to weights of eight bits: smaller, and a little less exact."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from tutelage.data.fingerprints import FingerprintSet, Survey
from tutelage.evaluation import evaluate_positions
from tutelage.export.onnx_graph import with_metadata
from tutelage.export.verifying import as_mappings, require_answered
from tutelage.runtime import Runtime
from tutelage.runtime.exported_methods import NETWORK
from tutelage.runtime.positions import Positions

__all__ = ["quantise_network"]

_MEASURED = ("mae_m", "coverage", "place_hit")

Files = Mapping[str, bytes]


def quantise_network(
    card: Mapping[str, Any], files: Files, scans: Survey | None
) -> tuple[dict[str, bytes], dict[str, Any]]:
    """Quantise the network to eight bits, and measure the loss.

    Weights are kept in eight bits, of which they use the range of seven. Activations are rounded to eight
    bits at run time (onnxruntime's dynamic quantisation), so that no scans are needed to make it.

    Parameters
    ----------
    card, files : mapping
        The exported model, verified.
    scans : Survey or None
        The loss is measured on its test split, or on its training scans if it has none. None measures
        nothing.

    Returns
    -------
    files : dict of str to bytes
        With the smaller network.
    figures : dict
        For the card: bytes before and after, and the loss or None.
    """
    small = {**files, NETWORK: _in_eight_bits(files[NETWORK])}
    sizes = {"float32_bytes": len(files[NETWORK]), "int8_bytes": len(small[NETWORK])}
    if scans is None:
        return small, {**sizes, "cost": None}
    queries, split = (scans.train, "training") if scans.test is None else (scans.test, "test")
    cost = _cost(Runtime(card, files), Runtime({**card, "int8": sizes}, small), queries)
    return small, {
        **sizes,
        "cost": {"scans": f"{split} scans of {scans.name}", "n_scans": len(queries), **cost},
    }


def _cost(exact: Runtime, small: Runtime, queries: FingerprintSet) -> dict[str, float | None]:
    """Measure errors and hits of both, coverage of their 95 % radii, and how far answers move."""
    scans = as_mappings(queries)
    before = exact.positions(scans)
    after = small.positions(scans)
    require_answered(before.answered)
    figures = {"float32": _figures(before, queries), "int8": _figures(after, queries)}
    cost = {f"{name}_{each}": values[each] for each in _MEASURED for name, values in figures.items()}
    if before.places is not None and after.places is not None:
        moved = before.places.best != after.places.best
        cost["other_places"] = round(float(moved[before.answered].mean()), 4)
    if not before.has_coordinates:
        return cost
    shift_m = np.linalg.norm(after.position_m - before.position_m, axis=1)[before.answered]
    moves = {"mean_shift_m": shift_m.mean(), "max_shift_m": shift_m.max()}
    return cost | {name: round(float(shift), 4) for name, shift in moves.items()}


def _figures(positions: Positions, queries: FingerprintSet) -> dict[str, float | None]:
    """Give mean error, coverage and hits; None where the scans or the answers have none."""
    if queries.position_m is None and (queries.place is None or positions.places is None):
        return dict.fromkeys(_MEASURED)
    # The mappings have no ids; their order is that of the scans.
    figures = evaluate_positions(replace(positions, scan_id=queries.scan_id), queries).figures()
    values = {name: figures[name] for name in _MEASURED}
    return {name: None if value is None else round(value, 4) for name, value in values.items()}


def _in_eight_bits(graph: bytes) -> bytes:
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    model = onnx.load_from_string(graph)
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    # PyTorch notes the shapes of weights. onnxruntime before 1.32 transposes them and then finds a conflict.
    del model.graph.value_info[:]
    root = logging.getLogger()
    before = root.level
    # onnxruntime advises, on the root logger, to prepare the graph in ways that this one does not need.
    root.setLevel(logging.ERROR)
    try:
        with tempfile.TemporaryDirectory() as folder:
            small = Path(folder) / NETWORK
            # Processors without VNNI add products in sixteen bits, which those of eight bits overflow.
            quantize_dynamic(model, small, weight_type=QuantType.QInt8, reduce_range=True)
            return with_metadata(small.read_bytes(), {**metadata, "weights": "int8"})
    finally:
        root.setLevel(before)
