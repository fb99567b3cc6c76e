"""`check_network`: the test that a plug-in's author runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from tutelage.errors import BadInputError
from tutelage.networks.inputs import RssBatch
from tutelage.networks.network_registry import build_network
from tutelage.networks.specialized_network import SpecializedNetwork

__all__ = ["check_network"]


def check_network(name: str, settings: Mapping[str, Any] | None = None) -> None:
    """Check that a registered network keeps the contract of networks.

    Parameters
    ----------
    name : str
        Name of the network, as `register_network` got it.
    settings : Mapping, optional
        Settings of the network; those that are missing take their defaults.

    Raises
    ------
    BadInputError
        If a clause does not hold. The message names the first one.

    Notes
    -----
    The clauses:

    - The three parts exist.
    - Outputs are [B, d_E] and [B, 2] for B = 1 and more; d_E does not depend on the building.
    - In evaluation mode the answer is deterministic and does not depend on the rest of the batch.
    - Every parameter receives a finite gradient.
    - The weights survive a save and a load.
    - If the module has a method `pretraining`, the module that it returns turns scans into a finite scalar.
    The gradient of this scalar reaches the Framer.

    Examples
    --------
    A network that keeps the contract passes without a message:

    >>> from tutelage import check_network
    >>> check_network("dnn", {"width": 8, "d_e": 4})
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        widths = {n_ap: build_network(name, n_ap, settings).d_e(n_ap) for n_ap in (40, 61)}
        _require(len(set(widths.values())) == 1, name, f"d_E must not depend on n_ap; it is {widths}")
        _check_outputs(name, build_network(name, 40, settings).eval())
        _check_gradients(name, build_network(name, 40, settings).train())
        _check_reload(name, settings)
        _check_pretraining(name, build_network(name, 40, settings).train())


def _scans(n: int, n_ap: int = 40) -> RssBatch:
    columns = torch.stack([torch.randperm(n_ap)[:8] for _ in range(n)])
    return RssBatch(columns.flatten(), torch.rand(n * 8), torch.arange(0, n * 8, 8), n_ap)


def _first(n: int, scans: RssBatch) -> RssBatch:
    return RssBatch(scans.column[: n * 8], scans.value[: n * 8], scans.offset[:n], scans.n_access_points)


@torch.no_grad()
def _check_outputs(name: str, network: SpecializedNetwork) -> None:
    scans = _scans(5)
    out = network(scans)
    _require(out.z_e.ndim == 2 and len(out.z_e) == 5, name, f"Z_E must be [B, d_E], is {list(out.z_e.shape)}")
    _require_position(name, out.position, 5)
    _require(bool(torch.equal(out.position, network(scans).position)), name, "eval() must be deterministic")
    for n in (2, 1):  # 2 first: batch statistics give other answers there, and cannot be taken of 1
        position = network(_first(n, scans)).position
        _require_position(name, position, n)
        alone = bool(torch.allclose(position, out.position[:n], atol=1e-5))
        _require(alone, name, "in eval() a scan's answer must not depend on the rest of the batch")


def _check_gradients(name: str, network: SpecializedNetwork) -> None:
    network(_scans(64)).position.square().sum().backward()
    for key, parameter in network.module.named_parameters():
        if parameter.requires_grad:
            reached = parameter.grad is not None and bool(torch.isfinite(parameter.grad).all())
            _require(reached, name, f"parameter {key} receives no finite gradient from the position")


@torch.no_grad()
def _check_reload(name: str, settings: Mapping[str, Any] | None) -> None:
    first = build_network(name, 40, settings).eval()
    second = build_network(name, 40, settings).eval()
    second.load_state_dict(first.state_dict())
    scans = _scans(3)
    same = torch.equal(first(scans).position, second(scans).position)
    _require(bool(same), name, "weights must survive state_dict() and load_state_dict()")


def _check_pretraining(name: str, network: SpecializedNetwork) -> None:
    make = getattr(network.module, "pretraining", None)
    if make is None:
        return
    learner = make()
    _require(isinstance(learner, nn.Module), name, f"pretraining() must give an nn.Module, not {learner!r}")
    loss = learner(_scans(64))
    scalar = isinstance(loss, Tensor) and loss.ndim == 0 and bool(torch.isfinite(loss))
    _require(scalar, name, "the module of pretraining() must turn an RssBatch into a finite scalar")
    framer = list(network.part("framer").parameters())
    reached = loss.requires_grad and any(
        gradient is not None and bool(gradient.any())
        for gradient in torch.autograd.grad(loss, framer, allow_unused=True)
    )
    _require(reached, name, "the loss of pretraining() must have a gradient in the Framer")


def _require_position(name: str, position: Tensor, n: int) -> None:
    shape = list(position.shape)
    _require(shape == [n, 2], name, f"position must be [B, 2]; for B = {n} it is {shape}")


def _require(holds: bool, name: str, clause: str) -> None:
    if not holds:
        raise BadInputError(f"network {name!r} breaks the contract: {clause}")
