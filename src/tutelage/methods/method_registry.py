"""All methods: built in, registered in this process, of installed packages, and every network."""

from __future__ import annotations

from typing import NamedTuple

from tutelage.errors import BadInputError, UnknownNameError
from tutelage.methods.base import MethodSpec
from tutelage.methods.network import network_method
from tutelage.networks import NETWORKS, NetworkChoice, network_choice, network_names, network_spec
from tutelage.registry import Registry

__all__ = [
    "METHODS",
    "MethodChoice",
    "method_choice",
    "method_names",
    "method_spec",
    "register_method",
    "spec_of",
]

METHODS: Registry[MethodSpec] = Registry("method", "tutelage.methods")


class MethodChoice(NamedTuple):
    """A method, and for a network the network file of NAME:FILE.

    Parameters
    ----------
    spec : MethodSpec
    network : NetworkChoice or None
        None if the method is no network.
    file_name : str
        Path of the network file; "" if there is none.
    """

    spec: MethodSpec
    network: NetworkChoice | None = None
    file_name: str = ""

    def __str__(self) -> str:
        """Write it as NAME or NAME:FILE."""
        return f"{self.spec.name}:{self.file_name}" if self.file_name else self.spec.name


def register_method(spec: MethodSpec) -> MethodSpec:
    """Register a method, so that its name works wherever a method is named.

    Parameters
    ----------
    spec : MethodSpec
        The method. `check_method` lists the clauses that must hold.

    Returns
    -------
    MethodSpec
        The same spec.

    Raises
    ------
    BadInputError
        If a method or a network has the name already.

    Examples
    --------
    A package registers its method when it is imported, and names the module in its `pyproject.toml`:

        [project.entry-points."tutelage.methods"]
        forest = "my_package.forest"

    >>> import tutelage as tt
    >>> from tutelage.methods.method_registry import METHODS, method_spec
    >>> knn = method_spec("knn")
    >>> mine = tt.register_method(tt.MethodSpec("my_knn", "k-NN under another name", knn.fit, knn.load))
    >>> "my_knn" in tt.method_names()
    True
    >>> del METHODS.entries["my_knn"]
    """
    METHODS.add(spec.name, spec, module=spec.fit.__module__)
    return spec


def method_names() -> list[str]:
    """List the names of all methods, registered networks included.

    Examples
    --------
    >>> {"knn", "matcher", "blend", "dnn"} <= set(method_names())
    True
    """
    return sorted({*METHODS.names(), *network_names()})


def method_spec(name: str) -> MethodSpec:
    """Look a method up.

    Parameters
    ----------
    name : str

    Raises
    ------
    UnknownNameError
        If there is none; near-misses are suggested.
    """
    if name in METHODS.names():
        return METHODS.get(name)
    if name in NETWORKS.names():
        return network_method(network_spec(name))
    raise UnknownNameError("method", name, method_names())


def spec_of(method: str | MethodChoice) -> MethodSpec:
    """Look up the method of NAME or NAME:FILE, without reading the file.

    Parameters
    ----------
    method : str or MethodChoice
    """
    return method.spec if isinstance(method, MethodChoice) else method_spec(method.partition(":")[0])


def method_choice(method: str | MethodChoice) -> MethodChoice:
    """Read NAME, or NAME:FILE with the settings of a network file.

    Parameters
    ----------
    method : str or MethodChoice

    Raises
    ------
    UnknownNameError
        If there is no such method.
    BadInputError
        If there is no such file, it is of another network, or has settings that this network does not have.
    FileFormatError
        If the file is damaged.
    """
    if isinstance(method, MethodChoice):
        return method
    name, colon, path = method.partition(":")
    spec = method_spec(name)
    if spec.is_network:
        return MethodChoice(spec, network_choice(method), path)
    if colon:
        raise BadInputError(f"{method}: {name} takes no network file; give its settings one by one")
    return MethodChoice(spec)
