"""Names that a user or an installed package may add to: methods and networks share one list of names.

A package brings an entry by an entry point, so that the command line knows it too:

    [project.entry-points."tutelage.methods"]
    mine = "my_package.methods"   # importing this module registers "mine"
"""

from __future__ import annotations

import sys
from importlib.metadata import EntryPoint, entry_points
from typing import Any, ClassVar, Generic, TypeVar

from tutelage.errors import BadInputError, TutelageError, UnknownNameError

__all__ = ["Registry"]

Entry = TypeVar("Entry")
_GROUPS = ("tutelage.methods", "tutelage.networks")


class Registry(Generic[Entry]):
    """Entries by name: registered in this process, or promised by an installed package.

    Parameters
    ----------
    kind : str
        What errors call an entry, such as "network".
    group : str
        The entry-point group by which a package brings one.
    """

    _registries: ClassVar[list[Registry[Any]]] = []

    def __init__(self, kind: str, group: str) -> None:
        self.kind = kind
        self.group = group
        self.entries: dict[str, Entry] = {}
        self._settled: set[str] = set()  # names that no package is left to claim
        self._registries.append(self)

    def add(self, name: str, entry: Entry, *, module: str = "") -> None:
        """Register an entry.

        Parameters
        ----------
        name : str
            Of the entry.
        entry : of the registry's kind
            What is registered.
        module : str
            The module that defines it; no package takes a name from Tutelage's own modules.

        Raises
        ------
        BadInputError
            If a method or a network has the name already, also one that is not loaded yet.
        """
        for entry_point in _promised(name)[:1]:
            may_have_it = _is_own(entry_point.module) or not _is_own(module)
            if may_have_it and entry_point.module not in sys.modules:  # else it registers itself now
                _load(entry_point)
        for registry in self._registries:
            if name in registry.entries:
                raise BadInputError(
                    f"a {registry.kind} named {name!r} is registered already; choose another name"
                )
        self.entries[name] = entry

    def names(self) -> list[str]:
        """List all names, those of installed packages included."""
        return sorted({*self.entries, *(promised.name for promised in entry_points(group=self.group))})

    def get(self, name: str) -> Entry:
        """Look an entry up, and load the package that promises it.

        Raises
        ------
        UnknownNameError
            If there is none; near-misses are suggested.
        TutelageError
            If an installed package promises it and fails to register it, such as a name that is taken.
        """
        if name not in self.entries or name not in self._settled:
            for entry_point in _promised(name, self.group):
                _load(entry_point)
                if name not in self.entries:
                    raise TutelageError(
                        f"the plug-in {entry_point.value} does not register a {self.kind} named {name!r}; "
                        "it must"
                    )
        if name not in self.entries:
            raise UnknownNameError(self.kind, name, self.names())
        self._settled.add(name)
        return self.entries[name]


def _promised(name: str, *groups: str) -> list[EntryPoint]:
    """List who promises a name; the first one has it, and Tutelage's own come before all others."""
    promised = [each for group in groups or _GROUPS for each in entry_points(group=group, name=name)]
    return sorted(promised, key=lambda each: not _is_own(each.module))


def _is_own(module: str) -> bool:
    return module.partition(".")[0] == "tutelage"


def _load(entry_point: EntryPoint) -> None:
    try:
        entry_point.load()
    except Exception as error:  # whatever another package's import may raise
        kind = entry_point.group.removeprefix("tutelage.").removesuffix("s")
        raise TutelageError(
            f"the plug-in {entry_point.value} of {kind} {entry_point.name!r} cannot be imported: {error}"
        ) from error
