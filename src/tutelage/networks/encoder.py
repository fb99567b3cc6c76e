"""A building's own encoder before a trunk that several buildings share."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from torch import Tensor, nn

from tutelage.errors import BadInputError
from tutelage.networks.inputs import RssBatch, SparseLinear
from tutelage.networks.specialized_network import NetworkSpec, SpecializedNetwork

__all__ = ["BehindEncoder", "behind_encoder", "encoder_of", "same_trunk", "trunk_of"]


class EncodedFramer(nn.Module):
    """Dense(n_ap -> width) with ReLU, then the Framer of a network made for `width` access points.

    Parameters
    ----------
    n_ap : access points of the building
    width : of the encoder's answer [B, width]; never negative, as a representation of RSS
    trunk : the network's Framer
    reads_batches : True if it reads an `RssBatch`, False if a dense tensor
    """

    def __init__(self, n_ap: int, width: int, trunk: nn.Module, *, reads_batches: bool) -> None:
        super().__init__()
        self.encoder = nn.Sequential(SparseLinear(n_ap, width), nn.ReLU())
        self.trunk = trunk
        self.reads_batches = reads_batches

    def forward(self, scans: RssBatch) -> Tensor:
        """What the trunk's Framer makes of the encoded scans."""
        encoded = self.encoder(scans)
        z_f: Tensor = self.trunk(RssBatch.full(encoded) if self.reads_batches else encoded)
        return z_f


class BehindEncoder(nn.Module):
    """The three parts of a network whose Framer begins with a building's own encoder."""

    def __init__(self, framer: EncodedFramer, extractor: nn.Module, regressor: nn.Module) -> None:
        super().__init__()
        self.framer, self.extractor, self.regressor = framer, extractor, regressor


def behind_encoder(spec: NetworkSpec, width: int) -> NetworkSpec:
    """Any network as a trunk for buildings of every size: behind an encoder with `width` units.

    The trunk is what `spec` builds for `width` access points, so that it does not depend on the building;
    its settings, its name and its recipes stay those of `spec`. A pre-training of the network's own is left
    out (CNNLoc's trunk begins untrained): what it would reconstruct are not scans.

    Source: the encoders of Klus et al., "Transfer learning for convolutional indoor positioning systems"
    (IPIN 2021).

    Parameters
    ----------
    spec : a registered network
    width : h, units of the encoder
    """

    def build(n_ap: int, **settings: Any) -> nn.Module:
        trunk = SpecializedNetwork(spec, width, settings)
        framer = EncodedFramer(n_ap, width, trunk.part("framer"), reads_batches=spec.sparse_input)
        return BehindEncoder(framer, trunk.part("extractor"), trunk.part("regressor"))

    return replace(
        spec,
        build=build,
        framer="framer",
        extractor="extractor",
        regressor="regressor",
        sparse_input=True,
        encoder_width=width,
    )


def same_trunk(network: SpecializedNetwork, n_ap: int, *, new_regressor: bool = False) -> SpecializedNetwork:
    """The network of another building: the same trunk, shared and not copied, behind a fresh encoder.

    Parameters
    ----------
    network : made by a spec from `behind_encoder`
    n_ap : access points of the other building
    new_regressor : give it a Regressor of its own, with fresh weights

    Raises
    ------
    BadInputError
        If `network` has no encoder.
    """
    fresh = SpecializedNetwork(network.spec, n_ap, network.settings)
    own, shared = _parts(fresh), _parts(network)
    own.framer.trunk, own.extractor = shared.framer.trunk, shared.extractor
    if not new_regressor:
        own.regressor = shared.regressor
    return fresh.to(next(network.parameters()).device)


def encoder_of(network: SpecializedNetwork) -> nn.Module:
    """The encoder, which is the building's own."""
    return _parts(network).framer.encoder


def trunk_of(network: SpecializedNetwork) -> tuple[nn.Module, nn.Module]:
    """Framer and Extractor of the trunk, which know no building."""
    parts = _parts(network)
    return parts.framer.trunk, parts.extractor


def _parts(network: SpecializedNetwork) -> BehindEncoder:
    if not isinstance(network.module, BehindEncoder):
        raise BadInputError(
            f"network {network.spec.name!r} stands behind no encoder; build it by behind_encoder"
        )
    return network.module
