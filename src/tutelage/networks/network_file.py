"""What `network` may say: the name of a network, or NAME:FILE for one with the settings of a network file."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from tutelage.errors import BadInputError, FileFormatError, TutelageError
from tutelage.files.atomic import replaced_file
from tutelage.networks.network_registry import network_spec
from tutelage.networks.specialized_network import NetworkSpec

__all__ = ["NetworkChoice", "NetworkFile", "SearchRecord", "network_choice", "plain_name"]


class SearchRecord(BaseModel):
    """How the settings of a network file were found."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    target: str
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
    """The same of the settings that the search began with; None if they failed."""
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
    network : name of a registered network
    settings : the network's settings that differ from its own
    recipe : settings of the recipe that differ from its own
    found : where they come from, None if from no search
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal["tutelage-network-1"] = "tutelage-network-1"
    network: str
    settings: dict[str, Any] = {}
    recipe: dict[str, Any] = {}
    found: SearchRecord | None = None

    def save(self, path: str | Path) -> None:
        """Write the file; it appears whole or not at all."""
        with replaced_file(path) as beside:
            beside.write_text(self.model_dump_json(indent=1) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: str | Path) -> NetworkFile:
        """Read a network file.

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
    spec : the registered network
    settings : its settings from a file
    recipe : settings of the recipe from a file
    """

    spec: NetworkSpec
    settings: Mapping[str, Any] = field(default_factory=dict)
    recipe: Mapping[str, Any] = field(default_factory=dict)

    def recipe_within(self, names: Collection[str]) -> dict[str, Any]:
        """The recipe's settings among `names`, for a run to which the others mean something else."""
        return {name: value for name, value in self.recipe.items() if name in names}


def plain_name(named: str) -> str:
    """The network's name in NAME or NAME:FILE."""
    return named.partition(":")[0]


def network_choice(named: str) -> NetworkChoice:
    """The network called NAME, or NAME:FILE with the settings of a file.

    Raises
    ------
    UnknownNameError
        If there is no such network.
    BadInputError
        If there is no such file, or it is of another network or sets what this one does not have.
    FileFormatError
        If the file is damaged.
    """
    name, colon, path = named.partition(":")
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
