"""A network's graph with weights of eight bits: smaller, and a little less exact."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from tutelage.data.fingerprints import FingerprintSet, Survey
from tutelage.errors import BadInputError
from tutelage.evaluation import evaluate_positions
from tutelage.export.onnx_graph import with_metadata
from tutelage.export.verifying import as_mappings, require_answered
from tutelage.runtime import Runtime
from tutelage.runtime.exported_methods import NETWORK
from tutelage.runtime.positions import Positions

__all__ = ["quantised", "require_network"]

Files = Mapping[str, bytes]


def require_network(kind: str) -> None:
    """Refuse int8 for a model without a network of its own.

    Raises
    ------
    BadInputError
        For k-NN and the matcher.
    """
    if kind not in ("network", "blend"):
        raise BadInputError(f"int8 makes a network smaller, and a model of {kind} has none; leave it out")


def quantised(
    card: Mapping[str, Any], files: Files, scans: Survey | None
) -> tuple[dict[str, bytes], dict[str, Any]]:
    """The files with the network in eight bits, and what that changes.

    Weights are kept in eight bits, of which they use the range of seven; activations are rounded to eight
    bits as they come (onnxruntime's dynamic quantisation), so that no scans are needed to make it.

    Parameters
    ----------
    card, files : the model as it was verified
    scans : what it costs is measured on its test split, else on its training scans; None: not measured

    Returns
    -------
    files, and for the card: bytes before and after, and the cost or None
    """
    small = {**files, NETWORK: _in_eight_bits(files[NETWORK])}
    sizes = {"float32_bytes": len(files[NETWORK]), "int8_bytes": len(small[NETWORK])}
    if scans is None:
        return small, {**sizes, "cost": None}
    asked, split = (scans.train, "training") if scans.test is None else (scans.test, "test")
    cost = _cost(Runtime(card, files), Runtime({**card, "int8": sizes}, small), asked)
    return small, {
        **sizes,
        "cost": {"scans": f"{split} scans of {scans.name}", "n_scans": len(asked), **cost},
    }


def _cost(exact: Runtime, small: Runtime, asked: FingerprintSet) -> dict[str, float | None]:
    """Mean errors of both, how often their 95 % radii hold, and how far the second moves positions."""
    scans = as_mappings(asked)
    before, after = exact.positions(scans), small.positions(scans)
    require_answered(before.answered)
    moved_m = np.linalg.norm(after.position_m - before.position_m, axis=1)[before.answered]
    figures = {name: _figures(found, asked) for name, found in (("float32", before), ("int8", after))}
    return {
        **{f"{name}_mae_m": known["mae_m"] for name, known in figures.items()},
        **{f"{name}_coverage": known["coverage"] for name, known in figures.items()},
        "mean_shift_m": round(float(moved_m.mean()), 4),
        "max_shift_m": round(float(moved_m.max()), 4),
    }


def _figures(found: Positions, asked: FingerprintSet) -> dict[str, float | None]:
    """Mean error and coverage; None where the scans have no positions, or the answers no radii."""
    if asked.position_m is None:
        return {"mae_m": None, "coverage": None}
    named = replace(found, scan_id=asked.scan_id)  # mappings have no ids; the order is theirs
    figures = evaluate_positions(named, asked).figures()
    known = {name: figures[name] for name in ("mae_m", "coverage")}
    return {name: None if value is None else round(value, 4) for name, value in known.items()}


def _in_eight_bits(graph: bytes) -> bytes:
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    model = onnx.load_from_string(graph)
    about = {entry.key: entry.value for entry in model.metadata_props}
    root = logging.getLogger()
    before = root.level
    root.setLevel(
        logging.ERROR
    )  # it advises, on the root logger, to prepare the graph in ways that it needs not
    try:
        with tempfile.TemporaryDirectory() as folder:
            small = Path(folder) / NETWORK
            # Processors without VNNI add products in sixteen bits, which those of eight bits overflow.
            quantize_dynamic(model, small, weight_type=QuantType.QInt8, reduce_range=True)
            return with_metadata(small.read_bytes(), {**about, "weights": "int8"})
    finally:
        root.setLevel(before)
