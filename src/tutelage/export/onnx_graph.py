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
from tutelage.training import normalise
from tutelage.training.trained_network import TrainedNetwork

__all__ = ["matcher_graph", "network_graph", "represent_in_graph", "with_metadata"]

_OPSET = 18  # the lowest that PyTorch's exporter writes: phones lag behind
_BATCH = 2  # of the example: PyTorch takes a batch of one for a constant


class _Locator(nn.Module):
    """The module behind the graph: representation, network, label heads, metres.

    Parameters
    ----------
    trained : TrainedNetwork
        The network with its representation, scaler and label heads.
    refuses_blank : bool
        Whether a scan without a reading above the lowest RSS gets no position, instead of the network's.
    """

    def __init__(self, trained: TrainedNetwork, *, refuses_blank: bool) -> None:
        super().__init__()
        self.network = trained.network
        self.recipe = trained.recipe
        self.heads = nn.ModuleList(trained.heads.heads.values() if trained.heads is not None else ())
        self.representation = trained.representation
        self.refuses_blank = refuses_blank
        self.scale_m = trained.scaler.scale_m
        self.register_buffer("centre_m", torch.tensor(trained.scaler.centre_m, dtype=torch.float32))

    centre_m: Tensor

    def forward(self, rss_dbm: Tensor) -> tuple[Tensor, ...]:
        """Locate scans [B, n_ap] in dBm, NaN for "not heard": positions [B, 2] and logits [B, classes]."""
        value = represent_in_graph(rss_dbm, self.representation)
        scans: RssBatch = normalise(RssBatch.full(value), self.recipe)
        answer = self.network(scans)
        position_m = answer.position * self.scale_m + self.centre_m
        is_invalid = ((rss_dbm > RSS_MAX_DBM) | (rss_dbm < RSS_MIN_DBM)).any(dim=1, keepdim=True)
        if self.refuses_blank:
            is_invalid = is_invalid | ~(value > 0).any(dim=1, keepdim=True)
        return torch.where(is_invalid, torch.nan, position_m), *(head(answer.z_e) for head in self.heads)


class _Weights(nn.Module):
    """The module behind the matcher's graph: features [B, k, features] to weights [B, k]."""

    def __init__(self, network: MatcherNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, feature: Tensor) -> Tensor:
        mask = torch.ones_like(feature[:, :, 0], dtype=torch.bool)
        weight: Tensor = self.network(feature, mask).weight
        return weight


def network_graph(network: TrainedNetwork, *, refuses_blank: bool = True) -> bytes:
    """Export a network as an ONNX model.

    Its input is `rss_dbm`, its outputs are `position_m` and KIND_logits for each kind of label.

    Parameters
    ----------
    network : TrainedNetwork
    refuses_blank : bool
        Give NaN instead of a position for a scan without a reading above the lowest RSS.

    Returns
    -------
    bytes
        The ONNX model.

    Raises
    ------
    BadInputError
        If PyTorch cannot express an operation of the network in ONNX, or fixes the number of scans.
    """
    example = torch.full((_BATCH, len(network.representation.access_points)), -60.0)
    kinds = network.heads.classes if network.heads is not None else {}
    locator = _Locator(network, refuses_blank=refuses_blank).eval()
    outputs = ["position_m", *(f"{kind}_logits" for kind in kinds)]
    return _export(locator, example, "rss_dbm", outputs, network.network.spec.name)


def matcher_graph(network: MatcherNetwork, n_candidates: int, n_features: int) -> bytes:
    """Export the matcher's network as an ONNX model: input `feature`, output `weight`.

    Parameters
    ----------
    network : MatcherNetwork
    n_candidates, n_features : int
        Shape of `feature` [B, n_candidates, n_features]; `weight` is [B, n_candidates].

    Returns
    -------
    bytes
        The ONNX model.
    """
    example = torch.zeros(_BATCH, n_candidates, n_features)
    return _export(_Weights(network).eval(), example, "feature", ["weight"], "matcher")


def with_metadata(graph: bytes, metadata: Mapping[str, Any]) -> bytes:
    """Add metadata to an ONNX model: texts as they are, everything else as JSON.

    Parameters
    ----------
    graph : bytes
        The ONNX model.
    metadata : mapping

    Returns
    -------
    bytes
        The ONNX model with the metadata.
    """
    import onnx

    model = onnx.load_from_string(graph)
    onnx.helper.set_model_props(
        model,
        {key: value if isinstance(value, str) else json.dumps(value) for key, value in metadata.items()},
    )
    return bytes(model.SerializeToString())


def _export(module: nn.Module, example: Tensor, input_name: str, outputs: list[str], name: str) -> bytes:
    """Export a module as ONNX, with a first dimension of any size."""
    batch = torch.export.Dim("batch")
    try:
        with _quiet(), torch.no_grad():
            program = torch.onnx.export(
                module,
                (example,),
                input_names=[input_name],
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


def represent_in_graph(rss_dbm: Tensor, representation: RssRepresentation) -> Tensor:
    """Represent RSS with PyTorch operations, as `tutelage.runtime.readings.to_strength` does.

    Parameters
    ----------
    rss_dbm : Tensor [B, n_ap]
        dBm; NaN for "not heard", which gets 0.
    representation : RssRepresentation

    Returns
    -------
    Tensor [B, n_ap]
    """
    lowest = representation.rss_min_dbm
    heard_dbm = torch.where(torch.isnan(rss_dbm), lowest, rss_dbm)
    p = ((heard_dbm - lowest) / -lowest).clamp(0.0, 1.0)
    if representation.kind == "powed":
        return p**BETA
    if representation.kind == "exponential":
        full = torch.tensor(-lowest / ALPHA)
        return torch.expm1(full * p) / torch.expm1(full)
    return p


def _obstacle(error: BaseException) -> str:
    """Name the operation that ONNX lacks, or the error and the line of the network."""
    root = error
    if operation := re.search(r"No ONNX function found for <OpOverload\(op='([^']+)'", str(error)):
        return f"ONNX has no operation {operation[1]}"
    while root.__cause__ is not None:
        root = root.__cause__
    line = re.search(r'File "[^"]*", line \d+, in \w+\n\s*(.+)\n', str(root))
    return str(root).strip().splitlines()[0] + (f" (at: {line[1].strip()})" if line else "")


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence the exporter's notes on itself, such as packages that it would like."""
    logger = logging.getLogger("torch.onnx")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(before)
