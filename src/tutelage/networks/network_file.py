"""The network file, and the two ways to name a network: NAME, or NAME:FILE with the settings of a file."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tutelage.errors import BadInputError, FileFormatError, TutelageError
from tutelage.files.atomic import atomic_file
from tutelage.networks.network_registry import network_spec
from tutelage.networks.specialized_network import NetworkSpec

__all__ = ["NetworkChoice", "NetworkFile", "SearchRecord", "network_choice", "plain_name"]


class SearchRecord(BaseModel):
    """The search that found the settings of a network file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    target: str
    """Name of the survey."""
    data_hash: str
    recipe_name: str
    teachers: list[str]
    """Buildings of the teachers, or "untrained"."""
    spaces: list[str]
    n_finished: int
    """Trials that were trained to the end."""
    n_pruned: int
    """Trials that were stopped early, for doing worse than most."""
    n_failed: int
    """Trials whose settings were refused, or whose training diverged."""
    held_out_mae_m: float
    """Mean 2-D error of the best trial on reference points held out of the training data."""
    default_held_out_mae_m: float | None
    """The same error with the settings that the search began with; None if they failed."""
    seed: int
    epochs: int | None
    minutes: float | None
    updates: int | None
    """Length of a trial: one of the three."""
    version: str


class NetworkFile(BaseModel):
    """Settings of a network and of its recipe, found by a search or written by hand.

    Parameters
    ----------
    network : str
        Name of a registered network.
    settings : dict
        Settings of the network that differ from its defaults.
    recipe : dict
        Settings of the recipe that differ from its defaults.
    search_record : SearchRecord, optional
        The search that found them, called `found` in the file.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    format: Literal["tutelage-network-1"] = "tutelage-network-1"
    network: str
    settings: dict[str, Any] = {}
    recipe: dict[str, Any] = {}
    search_record: SearchRecord | None = Field(
        default=None, validation_alias="found", serialization_alias="found"
    )

    def save(self, path: str | Path) -> None:
        """Write the file; it appears whole or not at all.

        Parameters
        ----------
        path : str or Path
            File to write.
        """
        with atomic_file(path) as temporary_file:
            temporary_file.write_text(self.model_dump_json(indent=1, by_alias=True) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: str | Path) -> NetworkFile:
        """Read a network file.

        Parameters
        ----------
        path : str or Path
            File that `save` wrote, or one written by hand.

        Returns
        -------
        NetworkFile
            The settings.

        Raises
        ------
        BadInputError
            If there is no such file.
        FileFormatError
            If it is damaged, or of another kind or version.
        """
        path = Path(path)
        if not path.is_file():
            raise BadInputError(f"there is no network file {path}; make one with: tutelage tune --out {path}")
        try:
            return cls.model_validate_json(path.read_bytes())
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"]))
            raise FileFormatError(
                f"{path} is no network file of this version, or is damaged: "
                f"{f'{place}: ' if place else ''}{first['msg'].lower()}"
            ) from error


@dataclass(frozen=True)
class NetworkChoice:
    """A network and the settings that were chosen with it.

    Parameters
    ----------
    spec : NetworkSpec
        The registered network.
    settings : Mapping
        Settings of the network from a file.
    recipe : Mapping
        Settings of the recipe from a file.
    """

    spec: NetworkSpec
    settings: Mapping[str, Any] = field(default_factory=dict)
    recipe: Mapping[str, Any] = field(default_factory=dict)

    def recipe_within(self, names: Collection[str]) -> dict[str, Any]:
        """Select settings of the recipe, for a run to which the others mean something else.

        Parameters
        ----------
        names : collection of str
            Settings to keep.

        Returns
        -------
        dict
            Values by name.
        """
        return {name: value for name, value in self.recipe.items() if name in names}


def plain_name(network: str) -> str:
    """Get the network's name from NAME or NAME:FILE.

    Parameters
    ----------
    network : str
        NAME or NAME:FILE.

    Returns
    -------
    str
        NAME.
    """
    return network.partition(":")[0]


def network_choice(network: str) -> NetworkChoice:
    """Find the network called NAME, or NAME:FILE with the settings of a file.

    Parameters
    ----------
    network : str
        NAME or NAME:FILE.

    Returns
    -------
    NetworkChoice
        The network and the settings of the file.

    Raises
    ------
    UnknownNameError
        If there is no such network.
    BadInputError
        If there is no such file, if it belongs to another network, or if a setting in it does not fit.
    FileFormatError
        If the file is damaged.
    """
    name, colon, path = network.partition(":")
    if not colon:
        return NetworkChoice(network_spec(name))
    spec = network_spec(name)
    file = NetworkFile.load(path)
    if file.network != name:
        raise BadInputError(
            f"{path} is a file of network {file.network!r}, not of {name!r}; give {file.network}:{path}"
        )
    try:
        spec.settings(file.settings)
    except TutelageError as error:
        raise BadInputError(str(error), file=path) from error
    return NetworkChoice(spec, file.settings, file.recipe)
