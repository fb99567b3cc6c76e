"""Which networks there are: built in, registered in this process, or brought by an installed package.

A package brings its network by the entry point `tutelage.networks`, see `tutelage.registry`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from torch import nn

from tutelage.errors import UnknownNameError
from tutelage.networks.checked_settings import keyword_settings
from tutelage.networks.search_space import SearchSpace
from tutelage.networks.specialized_network import NetworkSpec, SpecializedNetwork
from tutelage.registry import Registry

__all__ = ["NETWORKS", "build_network", "network_names", "network_spec", "register_network"]

NETWORKS: Registry[NetworkSpec] = Registry("network", "tutelage.networks")
_RECIPES = ("printed", "paper", "default")


def register_network(
    name: str,
    build: Callable[..., nn.Module],
    *,
    framer: str = "framer",
    extractor: str = "extractor",
    regressor: str = "regressor",
    sparse_input: bool = False,
    recipes: Mapping[str, Mapping[str, Any]] | None = None,
    no_functional_information: str = "",
    search: SearchSpace | None = None,
    search_start: Mapping[str, Any] | None = None,
) -> NetworkSpec:
    """Register a network, so that its name works wherever a network is named.

    Parameters
    ----------
    name : str
        Lower-case name.
    build : callable
        Called as build(n_ap, **settings).
    framer, extractor, regressor : str
        Attribute names of the three parts.
    sparse_input : bool, default False
        Whether the Framer reads an `RssBatch`. If not, it gets a dense [B, n_ap] tensor.
    recipes : Mapping, optional
        Settings of the recipes "printed", "paper" and "default" that suit this network best, such as
        {"default": {"learning_rate": 5e-4}}. Settings of the user override them.
    no_functional_information : str, optional
        Why the constraint J_FI has no meaning for this network. J_FI is then refused.
    search : SearchSpace, optional
        The settings that `tutelage tune --search architecture` tries.
    search_start : Mapping, optional
        Answers to `search` that give the default network. The search tries them too.

    Returns
    -------
    NetworkSpec
        The registered network.

    Raises
    ------
    BadInputError
        If a network or a method has the name already.
    UnknownNameError
        If `recipes` names a recipe that does not exist.

    Examples
    --------
    >>> from torch import nn
    >>> from tutelage import check_network, register_network
    >>> class ThreeLayers(nn.Module):
    ...     def __init__(self, n_ap: int, *, width: int = 32) -> None:
    ...         super().__init__()
    ...         self.front = nn.Sequential(nn.Linear(n_ap, width), nn.ReLU())
    ...         self.body = nn.Sequential(nn.Linear(width, 16), nn.ReLU())
    ...         self.head = nn.Linear(16, 2)
    >>> parts = {"framer": "front", "extractor": "body", "regressor": "head"}
    >>> spec = register_network("three_layers", ThreeLayers, **parts)
    >>> spec.settings()
    {'width': 32}
    >>> check_network("three_layers")
    """
    for recipe in recipes or {}:
        if recipe not in _RECIPES:
            raise UnknownNameError(f"recipe for network {name!r}", recipe, _RECIPES)
    model = keyword_settings(name, build)
    spec = NetworkSpec(
        name,
        build,
        framer,
        extractor,
        regressor,
        sparse_input,
        model,
        recipes or {},
        no_functional_information,
        search,
        search_start=search_start or {},
    )
    NETWORKS.add(name, spec, module=build.__module__)
    return spec


def network_names() -> list[str]:
    """List the names of all networks, those of installed packages included.

    Returns
    -------
    list of str
        Names in alphabetical order.

    Examples
    --------
    >>> from tutelage import network_names
    >>> [name for name in network_names() if name in ("baat", "bayescnn", "cnnloc", "dnn")]
    ['baat', 'bayescnn', 'cnnloc', 'dnn']
    """
    return NETWORKS.names()


def network_spec(name: str) -> NetworkSpec:
    """Find the network called `name`.

    Parameters
    ----------
    name : str
        Name of the network.

    Returns
    -------
    NetworkSpec
        The registered network.

    Raises
    ------
    UnknownNameError
        If there is none; near-misses are suggested.
    TutelageError
        If an installed package promises it and fails to register it.
    """
    return NETWORKS.get(name)


def build_network(name: str, n_ap: int, settings: Mapping[str, Any] | None = None) -> SpecializedNetwork:
    """Build a fresh network.

    Parameters
    ----------
    name : str
        Name of a registered network.
    n_ap : int
        Access points of the building.
    settings : Mapping, optional
        Settings of the network; those that are missing take their defaults.

    Returns
    -------
    SpecializedNetwork
        The network with fresh weights.
    """
    return SpecializedNetwork(network_spec(name), n_ap, settings)
