"""The cost of a network: its weights, and the work of locating one scan."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from tutelage.errors import BadInputError
from tutelage.networks.inputs import RssBatch
from tutelage.networks.network_registry import build_network

__all__ = ["NetworkCost", "network_cost"]


class NetworkCost(NamedTuple):
    """Size of a network and work of one scan."""

    weights: int
    """Numbers that are learnt."""
    multiply_adds: int
    """Work of dense layers, convolutions and attention, from a scan to its position."""


@torch.no_grad()
def network_cost(
    name: str, n_ap: int, n_heard: int, settings: Mapping[str, Any] | None = None
) -> NetworkCost:
    """Count a network's weights, and its multiply-adds for one scan.

    Biases, norms and activations do not count as work: theirs grows with the units, not with the weights.

    Parameters
    ----------
    name : str
        Name of a registered network.
    n_ap : int
        Access points heard in training.
    n_heard : int
        Access points heard in the scan; a network with sparse input reads no others.
    settings : Mapping, optional
        Settings of the network; those that are missing take their defaults.

    Returns
    -------
    NetworkCost
        Weights and multiply-adds.

    Raises
    ------
    BadInputError
        If `n_heard` is negative, or larger than `n_ap`.
    """
    if not 0 <= n_heard <= n_ap:
        raise BadInputError(f"n_heard = {n_heard} of n_ap = {n_ap} access points; give 0 to {n_ap}")
    network = build_network(name, n_ap, settings).eval()
    start = torch.zeros(1, dtype=torch.int64)
    scan = RssBatch(torch.arange(n_heard), torch.ones(n_heard), start, n_ap)
    look_up = dict.fromkeys(
        (torch.ops.aten._embedding_bag, torch.ops.aten._embedding_bag_forward_only), _look_up_work
    )
    # The counter does not know the CPU's fused attention; written out, attention is two matrix products.
    with FlopCounterMode(display=False, custom_mapping=look_up) as counter, sdpa_kernel(SDPBackend.MATH):
        network(scan)
    weights = sum(parameter.numel() for parameter in network.parameters())
    return NetworkCost(weights, counter.get_total_flops() // 2)


def _look_up_work(weight: torch.Size, index: torch.Size, *_: object, **__: object) -> int:
    """Count the operations of `SparseLinear`: a row of weights for each reading."""
    return 2 * index.numel() * weight[1]
