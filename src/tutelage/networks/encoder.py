"""A building's own encoder, followed by a trunk that several buildings share."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from torch import Tensor, nn

from tutelage.errors import BadInputError
from tutelage.networks.inputs import RssBatch, SparseLinear
from tutelage.networks.specialized_network import NetworkSpec, SpecializedNetwork

__all__ = ["BehindEncoder", "EncodedFramer", "behind_encoder", "encoder_of", "same_trunk", "trunk_of"]


class EncodedFramer(nn.Module):
    """Dense(n_ap -> width) with ReLU, then the Framer of a network made for `width` access points.

    Parameters
    ----------
    n_ap : int
        Access points of the building.
    width : int
        Width of the encoder's answer [B, width]. Like a representation of RSS it is never negative.
    trunk : nn.Module
        The network's Framer.
    reads_batches : bool
        Whether the Framer reads an `RssBatch`; otherwise it reads a dense tensor.
    """

    def __init__(self, n_ap: int, width: int, trunk: nn.Module, *, reads_batches: bool) -> None:
        super().__init__()
        self.encoder = nn.Sequential(SparseLinear(n_ap, width), nn.ReLU())
        self.trunk = trunk
        self.reads_batches = reads_batches

    def forward(self, scans: RssBatch) -> Tensor:
        """Encode scans and pass them to the trunk's Framer.

        Parameters
        ----------
        scans : RssBatch
            B scans of the building.

        Returns
        -------
        Tensor
            The Framer's output for B scans.
        """
        code = self.encoder(scans)
        z_f: Tensor = self.trunk(RssBatch.full(code) if self.reads_batches else code)
        return z_f


class BehindEncoder(nn.Module):
    """The three parts of a network whose Framer begins with a building's own encoder.

    Parameters
    ----------
    framer : EncodedFramer
        The encoder and the trunk's Framer.
    extractor, regressor : nn.Module
        The other two parts of the network.
    """

    def __init__(self, framer: EncodedFramer, extractor: nn.Module, regressor: nn.Module) -> None:
        super().__init__()
        self.framer = framer
        self.extractor = extractor
        self.regressor = regressor


def behind_encoder(spec: NetworkSpec, width: int) -> NetworkSpec:
    """Put an encoder before a network, so that the network is a trunk for buildings of every size.

    The trunk is what `spec` builds for `width` access points, so that it does not depend on the building.
    Settings, name and recipes stay those of `spec`. A pre-training of the network's own is left out, since it
    would not reconstruct scans: CNNLoc's trunk begins untrained.

    Parameters
    ----------
    spec : NetworkSpec
        A registered network.
    width : int
        Units of the encoder, h.

    Returns
    -------
    NetworkSpec
        The network with the encoder.

    Notes
    -----
    Source: the encoders of Klus et al., "Transfer learning for convolutional indoor positioning systems"
    (IPIN 2021).
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
    """Build the network of another building: a fresh encoder before the same trunk, shared and not copied.

    Parameters
    ----------
    network : SpecializedNetwork
        A network whose spec comes from `behind_encoder`.
    n_ap : int
        Access points of the other building.
    new_regressor : bool, default False
        Give the network a Regressor of its own, with fresh weights.

    Returns
    -------
    SpecializedNetwork
        The other building's network, on the device of the first.

    Raises
    ------
    BadInputError
        If `network` has no encoder.
    """
    fresh = SpecializedNetwork(network.spec, n_ap, network.settings)
    fresh_parts = _parts(fresh)
    shared_parts = _parts(network)
    fresh_parts.framer.trunk = shared_parts.framer.trunk
    fresh_parts.extractor = shared_parts.extractor
    if not new_regressor:
        fresh_parts.regressor = shared_parts.regressor
    return fresh.to(next(network.parameters()).device)


def encoder_of(network: SpecializedNetwork) -> nn.Module:
    """Get the encoder, which is the building's own.

    Parameters
    ----------
    network : SpecializedNetwork
        A network whose spec comes from `behind_encoder`.

    Returns
    -------
    nn.Module
        The encoder.

    Raises
    ------
    BadInputError
        If `network` has no encoder.
    """
    return _parts(network).framer.encoder


def trunk_of(network: SpecializedNetwork) -> tuple[nn.Module, nn.Module]:
    """Get the Framer and the Extractor of the trunk, which know no building.

    Parameters
    ----------
    network : SpecializedNetwork
        A network whose spec comes from `behind_encoder`.

    Returns
    -------
    framer, extractor : nn.Module
        The two parts.

    Raises
    ------
    BadInputError
        If `network` has no encoder.
    """
    parts = _parts(network)
    return parts.framer.trunk, parts.extractor


def _parts(network: SpecializedNetwork) -> BehindEncoder:
    if not isinstance(network.module, BehindEncoder):
        raise BadInputError(
            f"network {network.spec.name!r} stands behind no encoder; build it by behind_encoder"
        )
    return network.module
