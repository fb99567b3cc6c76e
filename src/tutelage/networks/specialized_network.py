"""The contract of a specialized network: Framer, Extractor, Regressor (Paper, section 3.1).

Any `nn.Module` joins by naming its three parts:

    register_network("mine", MyModule, framer="front", extractor="body", regressor="head")

`MyModule(n_ap, **settings)` is called with the number of access points heard in training. Its keyword
parameters are the network's settings. Only d_E, the width of the Extractor's output, must not depend on
the building.

A module may have the method `pretraining`, for learning something before it learns positions. The method
gives a module that maps an `RssBatch` to a loss and shares parts with this one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import torch
from pydantic import BaseModel
from torch import Tensor, nn

from tutelage.errors import BadInputError, UnknownNameError
from tutelage.networks.checked_settings import checked_settings
from tutelage.networks.inputs import RssBatch
from tutelage.networks.search_space import SearchSpace
from tutelage.precision import full, full_precision

__all__ = ["NetworkSpec", "Representations", "SpecializedNetwork", "split_settings"]


class Representations(NamedTuple):
    """Outputs of a network's three parts for B scans."""

    z_f: Tensor
    """Framer output: [B, d_F], or a map [B, C, H, W], or tokens [B, T, d]."""
    z_e: Tensor
    """Extractor output [B, d_E]."""
    position: Tensor
    """Regressor output [B, 2], standardised coordinates."""


@dataclass(frozen=True)
class NetworkSpec:
    """A registered network: how to build it, where its three parts are, how it learns best.

    Parameters
    ----------
    name, build, framer, extractor, regressor, sparse_input
        As in `register_network`.
    settings_model : type of BaseModel
        The keyword parameters of `build`, typed.
    recipes : Mapping
        Changes to the recipes "printed", "paper" and "default" for this network.
    no_functional_information : str
        Why J_FI is refused for this network; "" where it is not refused.
    search : SearchSpace, optional
        Settings that a search over architectures tries.
    encoder_width : int, optional
        Units of the encoder before the network; see `behind_encoder`.
    search_start : Mapping
        Answers to `search` that make the network with its default settings.
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

    def settings(self, values: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Check settings and fill in the defaults of the others.

        Parameters
        ----------
        values : Mapping, optional
            Settings by name.

        Returns
        -------
        dict
            All settings of the network.

        Raises
        ------
        UnknownNameError
            If a name is no setting of this network.
        BadInputError
            If a value has the wrong type.
        """
        return checked_settings(self.settings_model, values or {}, f"setting of network {self.name!r}")


def split_settings(
    spec: NetworkSpec, recipe_names: Collection[str], settings: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Divide settings into those of a network and those of a recipe.

    Parameters
    ----------
    spec : NetworkSpec
        The network; a name that both have is the network's.
    recipe_names : collection of str
        Names of the recipe's settings.
    settings : Mapping
        Values by name; they are not checked here.

    Returns
    -------
    network_settings, recipe_settings : dict
        The two parts.

    Raises
    ------
    UnknownNameError
        If a name belongs to neither of them.
    """
    network_names = spec.settings_model.model_fields
    for name in settings:
        if name not in network_names and name not in recipe_names:
            raise UnknownNameError("setting", name, {*network_names, *recipe_names})
    return (
        {name: value for name, value in settings.items() if name in network_names},
        {name: value for name, value in settings.items() if name not in network_names},
    )


class SpecializedNetwork(nn.Module):
    """A network seen through the contract.

    Parameters
    ----------
    spec : NetworkSpec
        The registered network.
    n_ap : int
        Access points heard in training.
    settings : Mapping, optional
        Settings of the network; those that are missing take their defaults.

    Raises
    ------
    UnknownNameError
        If a name is no setting of this network.
    BadInputError
        If a value has the wrong type, or the module lacks a part that the spec names.
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
        """Locate scans, keeping the output of each part: x -> Z_F -> Z_E -> position.

        Parameters
        ----------
        scans : RssBatch
            B scans.

        Returns
        -------
        Representations
            Outputs of Framer, Extractor and Regressor.
        """
        z_f = full(self.part("framer")(scans if self.spec.sparse_input else scans.dense()))
        z_e = full(self.part("extractor")(z_f))
        return Representations(z_f, z_e, self.regress(z_e))

    def regress(self, z_e: Tensor) -> Tensor:
        """Locate representations, in full precision: 8 bits of a position would be steps of decimetres.

        Parameters
        ----------
        z_e : Tensor
            Z_E [B, d_E], of the network's own Extractor or of a teacher.

        Returns
        -------
        Tensor
            Output of the Regressor: standardised positions, and scores of labels if it has them.
        """
        with full_precision(z_e):
            output: Tensor = self.part("regressor")(z_e)
        return output

    def part(self, role: str) -> nn.Module:
        """Get one of the three parts.

        Parameters
        ----------
        role : {"framer", "extractor", "regressor"}
            Which part.

        Returns
        -------
        nn.Module
            The part.
        """
        part: nn.Module = getattr(self.module, getattr(self.spec, role))
        return part

    def d_e(self, n_ap: int) -> int:
        """Measure the width of Z_E on two blank scans.

        Parameters
        ----------
        n_ap : int
            Access points heard in training.

        Returns
        -------
        int
            d_E.

        Raises
        ------
        BadInputError
            If the Extractor's output is not [B, d_E].
        """
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
