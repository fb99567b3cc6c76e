"""Which networks there are: built in, registered in this process, or brought by an installed package.

A package brings its network by an entry point, so that the command line knows it too:

    [project.entry-points."tutelage.networks"]
    mine = "my_package.networks"   # importing this module calls register_network("mine", ...)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.metadata import entry_points
from typing import Any

from torch import nn

from tutelage.errors import BadInputError, TutelageError, UnknownNameError
from tutelage.networks.checked_settings import keyword_settings
from tutelage.networks.search_space import SearchSpace
from tutelage.networks.specialized_network import NetworkSpec, SpecializedNetwork

__all__ = ["build_network", "network_names", "network_spec", "register_network"]

_GROUP = "tutelage.networks"
_RECIPES = ("paper", "default")
_RESERVED = {"knn"}  # what `network` also accepts, without being one
_REGISTRY: dict[str, NetworkSpec] = {}


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
    """Make a network known under `name`, everywhere a network is named.

    Parameters
    ----------
    name : lower-case name
    build : called as build(n_ap, **settings)
    framer, extractor, regressor : attribute names of the three parts
    sparse_input : True if the Framer reads an `RssBatch`; otherwise it gets a dense [B, n_ap] tensor
    recipes : changes to the settings of the recipes "paper" and "default" by which this network learns best,
        such as {"default": {"learning_rate": 5e-4}}; what a user sets goes before
    no_functional_information : why the constraint J_FI has no meaning for this network; it is then refused
    search : the settings that `tutelage tune --search architecture` tries
    search_start : answers to `search` that make the network with its default settings: the search learns from
        them as well

    Raises
    ------
    BadInputError
        If the name is taken.
    UnknownNameError
        If `recipes` names another than the two.
    """
    if name in _REGISTRY or name in _RESERVED:
        raise BadInputError(f"a network named {name!r} is registered already; choose another name")
    for recipe in recipes or {}:
        if recipe not in _RECIPES:
            raise UnknownNameError(f"recipe for network {name!r}", recipe, _RECIPES)
    model = keyword_settings(name, build)
    _REGISTRY[name] = NetworkSpec(
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
    return _REGISTRY[name]


def network_names() -> list[str]:
    """Names of all networks, those of installed packages included."""
    return sorted({*_REGISTRY, *(plugin.name for plugin in entry_points(group=_GROUP))})


def network_spec(name: str) -> NetworkSpec:
    """The network called `name`.

    Raises
    ------
    UnknownNameError
        If there is none; near-misses are suggested.
    TutelageError
        If an installed package promises it and fails to register it.
    """
    if name not in _REGISTRY:
        for plugin in entry_points(group=_GROUP, name=name):
            _load(plugin.name, plugin.value, plugin.load)
    if name not in _REGISTRY:
        raise UnknownNameError("network", name, network_names())
    return _REGISTRY[name]


def build_network(name: str, n_ap: int, settings: Mapping[str, Any] | None = None) -> SpecializedNetwork:
    """A fresh network for a building with `n_ap` access points."""
    return SpecializedNetwork(network_spec(name), n_ap, settings)


def _load(name: str, place: str, load: Callable[[], object]) -> None:
    try:
        load()
    except Exception as error:  # whatever another package's import may raise
        raise TutelageError(f"the plug-in {place} of network {name!r} cannot be imported: {error}") from error
    if name not in _REGISTRY:
        raise TutelageError(f"the plug-in {place} does not register a network named {name!r}; it must")
