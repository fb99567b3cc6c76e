"""The contract of a specialized network: Framer, Extractor, Regressor (Paper, section 3.1).

Any `nn.Module` joins by naming its three parts:

    register_network("mine", MyModule, framer="front", extractor="body", regressor="head")

`MyModule(n_ap, **settings)` is called with the number of access points heard in training; its keyword
parameters are the network's settings. Only d_E, the width of the Extractor's output, must not depend on
the building.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from pydantic import BaseModel, ConfigDict, ValidationError, create_model
from torch import Tensor, nn

from tutelage.errors import BadInputError, UnknownNameError
from tutelage.networks.inputs import RssBatch

__all__ = [
    "NetworkSpec",
    "Representations",
    "SpecializedNetwork",
    "build_network",
    "network_names",
    "network_spec",
    "register_network",
]


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
    """A registered network: how to build it and where its three parts are."""

    name: str
    build: Callable[..., nn.Module]
    framer: str
    extractor: str
    regressor: str
    sparse_input: bool
    settings_model: type[BaseModel]

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


_REGISTRY: dict[str, NetworkSpec] = {}


def register_network(
    name: str,
    build: Callable[..., nn.Module],
    *,
    framer: str = "framer",
    extractor: str = "extractor",
    regressor: str = "regressor",
    sparse_input: bool = False,
) -> NetworkSpec:
    """Make a network known under `name`, everywhere a network is named.

    Parameters
    ----------
    name : lower-case name
    build : called as build(n_ap, **settings)
    framer, extractor, regressor : attribute names of the three parts
    sparse_input : True if the Framer reads an `RssBatch`; otherwise it gets a dense [B, n_ap] tensor

    Raises
    ------
    BadInputError
        If the name is taken.
    """
    if name in _REGISTRY:
        raise BadInputError(f"a network named {name!r} is registered already; choose another name")
    spec = NetworkSpec(name, build, framer, extractor, regressor, sparse_input, _settings_model(name, build))
    _REGISTRY[name] = spec
    return spec


def network_names() -> list[str]:
    """Names of all registered networks."""
    return sorted(_REGISTRY)


def network_spec(name: str) -> NetworkSpec:
    """The network registered under `name`, or an error that suggests near-misses."""
    if name not in _REGISTRY:
        raise UnknownNameError("network", name, _REGISTRY)
    return _REGISTRY[name]


def build_network(name: str, n_ap: int, settings: Mapping[str, Any] | None = None) -> SpecializedNetwork:
    """A fresh network for a building with `n_ap` access points."""
    return SpecializedNetwork(network_spec(name), n_ap, settings)


def checked_settings(model: type[BaseModel], given: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """`given` validated by `model`, with our own messages for unknown names and wrong values."""
    for name in given:
        if name not in model.model_fields:
            raise UnknownNameError(kind, name, model.model_fields)
    try:
        return model.model_validate(dict(given)).model_dump()
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(map(str, first["loc"]))
        raise BadInputError(f"{kind} {name} = {first['input']!r}: {first['msg'].lower()}") from error


def _settings_model(name: str, build: Callable[..., nn.Module]) -> type[BaseModel]:
    """The keyword parameters of `build` after n_ap, as a model that refuses unknown names."""
    parameters = list(inspect.signature(build, eval_str=True).parameters.values())[1:]
    fields: dict[str, Any] = {
        p.name: (
            Any if p.annotation is p.empty else p.annotation,
            ... if p.default is p.empty else p.default,
        )
        for p in parameters
        if p.kind in (p.KEYWORD_ONLY, p.POSITIONAL_OR_KEYWORD)
    }
    return create_model(f"{name}_settings", __config__=ConfigDict(extra="forbid", frozen=True), **fields)
