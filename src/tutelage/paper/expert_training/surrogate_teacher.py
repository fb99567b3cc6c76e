"""The surrogate teacher and its file: knowledge of a building without its data."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from pydantic import BaseModel, ConfigDict, SerializerFunctionWrapHandler, ValidationError, model_serializer
from safetensors import SafetensorError
from torch import Tensor

from tutelage.errors import BadInputError, FileFormatError
from tutelage.files.atomic import atomic_file
from tutelage.files.weights import content_hash, read_weights, weights_to_bytes
from tutelage.networks import initialise
from tutelage.paper.expert_training.generator import Generator
from tutelage.paper.expert_training.teaching_recipe import TeachingRecipe

__all__ = ["Privacy", "Quality", "Teacher", "TeacherCard", "untrained_teacher"]

_FORMAT = "tutelage-teacher-1"
UNTRAINED = "untrained"


class Quality(BaseModel):
    """How well a teacher models its source, measured on reference points held out of its training.

    Where none is held out (`held_out` = 0 in its recipe), it is measured on the training scans.
    """

    model_config = ConfigDict(frozen=True)

    source_mae_m: float
    """Mean error of the source network itself."""
    generator_mae_m: float
    """Mean distance from a place to the Regressor's position for the representation generated there."""
    centroid_mae_m: float
    """Mean error of a constant answer, the mean training position. A collapsed generator has this error."""
    angular_similarity: float
    """Mean cosine between Z_E^S of a scan and Z_E^G at its place."""
    spread: float
    """Standard deviation of the generated positions over that of the true ones: 0 is a constant."""
    diversity: float
    """Share of the variance of Z_E^G that comes from noise at a fixed place; 1 when unconditional."""
    frechet: float | None = None
    """Fréchet distance of Z_E^G from Z_E^S at the training places, 1 for a constant; see `frechet_distance`.

    None in files from before it was measured.
    """
    nearest: float | None = None
    """Distance of Z_E^G from the nearest Z_E^S, over that of held-out scans; see `nearest_distance`.

    None in files from before it was measured, and where nothing was held out.
    """

    @model_serializer(mode="wrap")
    def _without_missing(self, serialise: SerializerFunctionWrapHandler) -> dict[str, float]:
        """Leave out what was not measured: an older file keeps its content, and its hash."""
        figures: dict[str, float | None] = serialise(self)
        return {name: figure for name, figure in figures.items() if figure is not None}


class Privacy(BaseModel):
    """How much a teacher file could reveal about its training scans."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    membership: float
    """How well it tells training scans from others, see `membership`; 0.5 is not at all."""
    place_cell_m: tuple[float, float]
    """Width and height of a cell of the card's histogram of where the source was surveyed."""


class TeacherCard(BaseModel):
    """The description inside a teacher file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: str = _FORMAT
    network: str
    network_settings: dict[str, Any]
    d_e: int
    source: str
    data_hash: str
    n_train: int
    licence: str
    recipe_name: str
    recipe: dict[str, Any]
    seed: int
    n_steps: int
    quality: Quality | None
    privacy: Privacy | None = None
    """None for untrained teachers, where nothing was held out, and in files from before it was measured."""
    place_histogram: list[list[float]]
    """[rows of y][columns of x] shares of the training scans on a coarse grid over the unit square."""
    version: str


@dataclass(frozen=True, eq=False)
class Teacher:
    """A frozen surrogate teacher and its card.

    Parameters
    ----------
    generator : Generator
        The generator G. It is set to evaluation mode, without gradients.
    card : TeacherCard
        Where the teacher comes from and how good it is.

    Examples
    --------
    >>> import tutelage as tt
    >>> run = tt.RunOptions(device="cpu", budget=tt.Budget(updates=5))
    >>> settings = {"width": 32, "d_e": 16, "critic_steps": 1}
    >>> teacher = tt.teach(tt.simulated_survey(n_train=200, n_test=1), settings=settings, run=run)
    >>> teacher
    Teacher(source='simulated', network='dnn', d_e=16)
    >>> tt.Teacher.from_bytes(teacher.to_bytes()).content_hash() == teacher.content_hash()
    True
    """

    generator: Generator
    card: TeacherCard

    def __post_init__(self) -> None:
        """Freeze the generator."""
        self.generator.eval().requires_grad_(False)

    def __repr__(self) -> str:
        """Name the source, the network and d_E."""
        return f"Teacher(source={self.card.source!r}, network={self.card.network!r}, d_e={self.card.d_e})"

    def _content(self) -> tuple[dict[str, str], dict[str, Tensor]]:
        header = {
            "tutelage": self.card.model_dump_json(),
            "architecture": json.dumps(self.generator.architecture()),
        }
        return header, self.generator.state_dict()

    def content_hash(self) -> str:
        """Return the SHA-256 of card and weights. Equal teachers have the same one."""
        return content_hash(*self._content())

    def require_fit(self, network: str, d_e: int) -> None:
        """Refuse a student of another network or another width of Z_E.

        Parameters
        ----------
        network : str
            Name of the student's network.
        d_e : int
            Width of its Z_E.

        Raises
        ------
        BadInputError
            If one of the two differs.
        """
        if self.card.network != network:
            raise BadInputError(
                f"the teacher from {self.card.source!r} was made for network {self.card.network!r}, "
                f"the student is {network!r}; make one with: "
                f"tutelage teach BUILDING --network {network} --out FILE"
            )
        if self.card.d_e != d_e:
            raise BadInputError(
                f"the teacher from {self.card.source!r} has d_e = {self.card.d_e}, "
                f"the student has d_e = {d_e}; train both with the same network settings"
            )

    def save(self, path: str | Path, *, half: bool = False) -> None:
        """Write one safetensors file with the card in its header; it appears whole or not at all.

        Parameters
        ----------
        path : str or Path
            The file.
        half : bool, default False
            Keep the weights in half precision, at half the size.
        """
        header, weights = self._content()
        if half:
            weights = {name: weight.half() for name, weight in weights.items()}
        with atomic_file(path) as beside:
            beside.write_bytes(weights_to_bytes(header, weights))

    def to_bytes(self) -> bytes:
        """Return the content of a teacher file."""
        return weights_to_bytes(*self._content())

    @classmethod
    def load(cls, path: str | Path) -> Teacher:
        """Read a teacher file.

        Parameters
        ----------
        path : str or Path
            The file.

        Returns
        -------
        Teacher
            The teacher.

        Raises
        ------
        BadInputError
            If there is no such file.
        FileFormatError
            If it is damaged, cut short, or no teacher file.
        """
        path = Path(path)
        if not path.is_file():
            raise BadInputError(
                f"there is no teacher file {path}; make one with tutelage teach, or give none or untrained"
            )
        return cls.from_bytes(path.read_bytes(), name=f"teacher file {path}")

    @classmethod
    def from_bytes(cls, content: bytes, *, name: str = "this") -> Teacher:
        """Read a teacher from the content of its file.

        Parameters
        ----------
        content : bytes
            The content.
        name : str
            Name of the teacher in error messages.

        Returns
        -------
        Teacher
            The teacher.

        Raises
        ------
        FileFormatError
            If it is damaged, cut short, or no teacher.
        """
        try:
            header, tensors = read_weights(content, name=name)
            card = TeacherCard.model_validate_json(header["tutelage"])
            generator = Generator(**json.loads(header["architecture"]))
            generator.load_state_dict(tensors)
        except (SafetensorError, KeyError, TypeError, RuntimeError, ValueError, ValidationError) as error:
            raise FileFormatError(
                f"{name} is no teacher of this version ({_FORMAT}), or is damaged: {_first_line(error)}"
            ) from error
        return cls(generator, card)


def untrained_teacher(
    network: str, d_e: int, recipe: TeachingRecipe, *, non_negative: bool, seed: int
) -> Teacher:
    """Make the control: a surrogate teacher with random weights, without knowledge of any building.

    Parameters
    ----------
    network : str
        Name of the student's network.
    d_e : int
        Width of its Z_E.
    recipe : TeachingRecipe
        Shape of the generator.
    non_negative : bool
        Whether the student's Z_E is never negative.
    seed : int
        Seed of the weights.

    Returns
    -------
    Teacher
        Its card names the source "untrained".
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        fresh = Generator(
            d_e,
            d_noise=recipe.d_noise,
            d_f=recipe.d_f,
            conditioned=recipe.generator == "location",
            non_negative=non_negative,
        )
        generator = initialise(fresh, recipe.initial_weights)
    card = TeacherCard(
        network=network,
        network_settings={},
        d_e=d_e,
        source=UNTRAINED,
        data_hash="",
        n_train=0,
        licence="",
        recipe_name=UNTRAINED,
        recipe=recipe.model_dump(),
        seed=seed,
        n_steps=0,
        quality=None,
        place_histogram=[[1.0]],
        version=version("tutelage"),
    )
    return Teacher(generator, card)


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
