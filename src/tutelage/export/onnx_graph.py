"""A trained network as an ONNX graph, from dBm to metres."""

from __future__ import annotations

import json
import logging
import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from tutelage.data.representation import RssRepresentation
from tutelage.errors import BadInputError
from tutelage.methods.matcher.matcher_network import MatcherNetwork
from tutelage.networks import RssBatch
from tutelage.runtime.readings import ALPHA, BETA, RSS_MAX_DBM, RSS_MIN_DBM
from tutelage.training import normalised
from tutelage.training.trained_network import TrainedNetwork

__all__ = ["graph_represented", "matcher_graph", "network_graph", "with_metadata"]

_OPSET = 18  # the lowest that PyTorch's exporter writes: phones lag behind
_BATCH = 2  # of the example: PyTorch takes a batch of one for a constant


class _Locator(nn.Module):
    """What the graph computes: representation, network, label heads, metres.

    Parameters
    ----------
    student : the network and what it was trained with
    refuses_blank : a scan in which nothing counts has no position; else what the network makes of it
    """

    def __init__(self, student: TrainedNetwork, *, refuses_blank: bool) -> None:
        super().__init__()
        self.network, self.recipe = student.network, student.recipe
        self.heads = nn.ModuleList(student.heads.heads.values() if student.heads is not None else ())
        self.representation, self.refuses_blank = student.representation, refuses_blank
        self.scale_m = student.scaler.scale_m
        self.register_buffer("centre_m", torch.tensor(student.scaler.centre_m, dtype=torch.float32))

    centre_m: Tensor

    def forward(self, rss_dbm: Tensor) -> tuple[Tensor, ...]:
        """[B, n_ap] dBm, NaN where nothing is heard, to [B, 2] metres in the frame and [B, classes] each."""
        value = graph_represented(rss_dbm, self.representation)
        scans: RssBatch = normalised(RssBatch.full(value), self.recipe)
        answer = self.network(scans)
        position_m = answer.position * self.scale_m + self.centre_m
        bad = ((rss_dbm > RSS_MAX_DBM) | (rss_dbm < RSS_MIN_DBM)).any(dim=1, keepdim=True)
        if self.refuses_blank:
            bad = bad | ~(value > 0).any(dim=1, keepdim=True)
        return torch.where(bad, torch.nan, position_m), *(head(answer.z_e) for head in self.heads)


class _Weights(nn.Module):
    """[B, k, features] to the weights of the candidates [B, k]."""

    def __init__(self, network: MatcherNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, feature: Tensor) -> Tensor:
        known = torch.ones_like(feature[:, :, 0], dtype=torch.bool)
        weight: Tensor = self.network(feature, known).weight
        return weight


def network_graph(student: TrainedNetwork, *, refuses_blank: bool = True) -> bytes:
    """The network as an ONNX model: input `rss_dbm`, outputs `position_m` and KIND_logits for each label.

    Parameters
    ----------
    student : the network and what it was trained with
    refuses_blank : NaN instead of a position for a scan without a reading above the lowest RSS

    Raises
    ------
    BadInputError
        If PyTorch cannot express an operation of the network in ONNX, or fixes the number of scans.
    """
    example = torch.full((_BATCH, len(student.representation.access_points)), -60.0)
    kinds = student.heads.classes if student.heads is not None else {}
    locator = _Locator(student, refuses_blank=refuses_blank).eval()
    name = student.network.spec.name
    return _exported(locator, example, "rss_dbm", ["position_m", *(f"{kind}_logits" for kind in kinds)], name)


def matcher_graph(network: MatcherNetwork, n_candidates: int, n_features: int) -> bytes:
    """The matcher's perceptron as an ONNX model: input `feature` [B, k, features], output `weight` [B, k]."""
    example = torch.zeros(_BATCH, n_candidates, n_features)
    return _exported(_Weights(network).eval(), example, "feature", ["weight"], "matcher")


def with_metadata(graph: bytes, about: Mapping[str, Any]) -> bytes:
    """The ONNX model with its own card: texts as they are, everything else as JSON."""
    import onnx

    model = onnx.load_from_string(graph)
    onnx.helper.set_model_props(
        model, {key: value if isinstance(value, str) else json.dumps(value) for key, value in about.items()}
    )
    return bytes(model.SerializeToString())


def _exported(module: nn.Module, example: Tensor, given: str, outputs: list[str], name: str) -> bytes:
    """The module as ONNX, its first dimension free."""
    batch = torch.export.Dim("batch")
    try:
        with _quiet(), torch.no_grad():
            program = torch.onnx.export(
                module,
                (example,),
                input_names=[given],
                output_names=outputs,
                dynamic_shapes=({0: batch},),
                opset_version=_OPSET,
                dynamo=True,
                verbose=False,
            )
    except torch.onnx.OnnxExporterError as error:
        raise BadInputError(
            f"network {name!r} cannot be exported: {_obstacle(error)}; write that part of it with other "
            "PyTorch operations (torch.onnx says which it knows)"
        ) from error
    assert program is not None  # it is None where a file is written
    model = program.model_proto
    if model.graph.input[0].type.tensor_type.shape.dim[0].dim_value:
        raise BadInputError(
            f"network {name!r} cannot be exported: it fixes the number of scans in a batch, as len(tensor) "
            "does; take tensor.shape[0] instead"
        )
    for value in (*model.graph.input, *model.graph.output, *model.graph.node, *model.graph.value_info):
        del value.metadata_props[:]  # PyTorch's notes on its own code, paths of this machine among them
    return bytes(model.SerializeToString())


def graph_represented(rss_dbm: Tensor, by: RssRepresentation) -> Tensor:
    """`tutelage.runtime.readings.represented` in PyTorch's words; NaN is 0."""
    lowest = by.rss_min_dbm
    heard_dbm = torch.where(torch.isnan(rss_dbm), lowest, rss_dbm)
    p = ((heard_dbm - lowest) / -lowest).clamp(0.0, 1.0)
    if by.kind == "powed":
        return p**BETA
    if by.kind == "exponential":
        full = torch.tensor(-lowest / ALPHA)
        return torch.expm1(full * p) / torch.expm1(full)
    return p


def _obstacle(error: BaseException) -> str:
    """The operation that ONNX lacks, or what else stood in the way and in which line of the network."""
    text, root = str(error), error
    if operation := re.search(r"No ONNX function found for <OpOverload\(op='([^']+)'", text):
        return f"ONNX has no operation {operation[1]}"
    while root.__cause__ is not None:
        root = root.__cause__
    line = re.search(r'File "[^"]*", line \d+, in \w+\n\s*(.+)\n', str(root))
    return str(root).strip().splitlines()[0] + (f" (at: {line[1].strip()})" if line else "")


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the exporter's notes on itself: packages that it would like, calls that it should not make."""
    logger = logging.getLogger("torch.onnx")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(before)
