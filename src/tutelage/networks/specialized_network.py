"""The contract of a specialized network: Framer, Extractor, Regressor (Paper, section 3.1).

Any `nn.Module` joins by naming its three parts:

    register_network("mine", MyModule, framer="front", extractor="body", regressor="head")

`MyModule(n_ap, **settings)` is called with the number of access points heard in training; its keyword
parameters are the network's settings. Only d_E, the width of the Extractor's output, must not depend on
the building.

A module that has the method `pretraining` learns before it learns positions: the method gives a module that
maps an `RssBatch` to a loss and shares parts with this one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import torch
from pydantic import BaseModel
from torch import Tensor, nn

from tutelage.errors import BadInputError
from tutelage.networks.checked_settings import checked_settings
from tutelage.networks.inputs import RssBatch
from tutelage.networks.search_space import SearchSpace

__all__ = ["NetworkSpec", "Representations", "SpecializedNetwork"]


class Representations(NamedTuple):
    """What a network makes of B scans."""

    z_f: Tensor
    """Framer output: [B, d_F], or a map [B, C, H, W], or tokens [B, T, d]."""
    z_e: Tensor
    """Extractor output [B, d_E]."""
    position: Tensor
    """Regressor output [B, 2], standardised coordinates."""


@dataclass(frozen=True)
class NetworkSpec:
    """A registered network: how to build it, where its three parts are, what it learns best by.

    Parameters
    ----------
    name, build, framer, extractor, regressor, sparse_input : as `register_network` was told
    settings_model : the keyword parameters of `build`, typed
    recipes : changes to the recipes "paper" and "default" for this network
    no_functional_information : why J_FI is refused for it; "" where it is not
    search : settings that a search over architectures tries, None for no such search
    encoder_width : units of the encoder before it, None without; see `behind_encoder`
    search_start : answers to `search` that make the network with its default settings
    """

    name: str
    build: Callable[..., nn.Module]
    framer: str
    extractor: str
    regressor: str
    sparse_input: bool
    settings_model: type[BaseModel]
    recipes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    no_functional_information: str = ""
    search: SearchSpace | None = None
    encoder_width: int | None = None
    search_start: Mapping[str, Any] = field(default_factory=dict)

    def settings(self, given: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """All settings, `given` checked and the rest at their defaults.

        Raises
        ------
        UnknownNameError
            If a name is no setting of this network.
        BadInputError
            If a value has the wrong type.
        """
        return checked_settings(self.settings_model, given or {}, f"setting of network {self.name!r}")


class SpecializedNetwork(nn.Module):
    """A network seen through the contract.

    Parameters
    ----------
    spec : the registered network
    n_ap : access points heard in training
    settings : the network's settings; missing ones take their defaults
    """

    def __init__(self, spec: NetworkSpec, n_ap: int, settings: Mapping[str, Any] | None = None) -> None:
        super().__init__()
        self.spec = spec
        self.settings = spec.settings(settings)
        self.module = spec.build(n_ap, **self.settings)
        for part in (spec.framer, spec.extractor, spec.regressor):
            if not isinstance(getattr(self.module, part, None), nn.Module):
                raise BadInputError(
                    f"network {spec.name!r} names the part {part!r}, but {type(self.module).__name__} has no "
                    f"such nn.Module; its parts are {', '.join(n for n, _ in self.module.named_children())}"
                )

    def forward(self, scans: RssBatch) -> Representations:
        """x -> Z_F -> Z_E -> position, each part's output kept."""
        z_f = self.part("framer")(scans if self.spec.sparse_input else scans.dense())
        z_e = self.part("extractor")(z_f)
        return Representations(z_f, z_e, self.part("regressor")(z_e))

    def part(self, role: str) -> nn.Module:
        """The Framer, Extractor or Regressor, by role."""
        part: nn.Module = getattr(self.module, getattr(self.spec, role))
        return part

    def d_e(self, n_ap: int) -> int:
        """Width of Z_E, measured on two blank scans."""
        device = next(self.parameters()).device
        blank = torch.zeros(0, device=device)
        scans = RssBatch(blank.long(), blank, torch.zeros(2, dtype=torch.int64, device=device), n_ap)
        was_training = self.training
        self.eval()
        with torch.no_grad():
            z_e = self(scans).z_e
        self.train(was_training)
        if z_e.ndim != 2:
            raise BadInputError(
                f"the Extractor of {self.spec.name!r} must give [B, d_E], "
                f"it gives {list(z_e.shape)}; flatten it"
            )
        return int(z_e.shape[1])
