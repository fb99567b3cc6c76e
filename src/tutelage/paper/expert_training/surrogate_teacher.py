"""The teacher file: what was learnt of a building, without its data."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from pydantic import BaseModel, ConfigDict, ValidationError
from safetensors import SafetensorError
from torch import Tensor

from tutelage.errors import BadInputError, FileFormatError
from tutelage.files.atomic import replaced_file
from tutelage.files.weights import content_hash, read_weights, weights_to_bytes
from tutelage.paper.expert_training.generator import Generator
from tutelage.paper.expert_training.teaching_recipe import TeachingRecipe

__all__ = ["Privacy", "Quality", "Teacher", "TeacherCard", "untrained_teacher"]

_FORMAT = "tutelage-teacher-1"
UNTRAINED = "untrained"


class Quality(BaseModel):
    """How well a teacher models its source, measured on reference points held out of its training."""

    model_config = ConfigDict(frozen=True)

    source_mae_m: float
    """Mean error of the source network itself."""
    generator_mae_m: float
    """Mean distance from a place to what the Regressor makes of the representation generated for it."""
    centroid_mae_m: float
    """The same for a constant answer, the mean training position: the mark of a collapsed generator."""
    angular_similarity: float
    """Mean cosine between Z_E^S of a scan and Z_E^G at its place."""
    spread: float
    """Standard deviation of the generated positions over that of the true ones: 0 is a constant."""
    diversity: float
    """Share of the variance of Z_E^G that noise alone makes at a fixed place; 1 when unconditional."""


class Privacy(BaseModel):
    """What a teacher file could tell of the scans that it learnt from."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    membership: float
    """How well it tells scans that it learnt from others, see `membership`: 0.5 is not at all."""
    place_cell_m: tuple[float, float]
    """Width and height of a cell of the card's histogram of where the source was surveyed."""


class TeacherCard(BaseModel):
    """What a teacher file says of itself."""

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
    """None of untrained teachers, and of files from before it was measured."""
    place_histogram: list[list[float]]
    """[rows of y][columns of x] shares of the training scans on a coarse grid over the unit square."""
    version: str


@dataclass(frozen=True, eq=False)
class Teacher:
    """A frozen surrogate teacher and its card.

    Parameters
    ----------
    generator : G, in evaluation mode, without gradients
    card : where it comes from and how good it is
    """

    generator: Generator
    card: TeacherCard

    def __post_init__(self) -> None:
        self.generator.eval().requires_grad_(False)

    def __repr__(self) -> str:
        return f"Teacher(source={self.card.source!r}, network={self.card.network!r}, d_e={self.card.d_e})"

    def _content(self) -> tuple[dict[str, str], dict[str, Tensor]]:
        header = {
            "tutelage": self.card.model_dump_json(),
            "architecture": json.dumps(self.generator.architecture()),
        }
        return header, self.generator.state_dict()

    def content_hash(self) -> str:
        """SHA-256 over card and weights: tells whether two teachers are the same."""
        return content_hash(*self._content())

    def require_fit(self, network: str, d_e: int) -> None:
        """Refuse a student of another network or another width of Z_E.

        Raises
        ------
        BadInputError
            Which of the two differs, and how.
        """
        if self.card.network != network:
            raise BadInputError(
                f"the teacher from {self.card.source!r} was made for network {self.card.network!r}, "
                f"the student is {network!r}; make one with: "
                f"tutelage teach --network {network} --source BUILDING --out FILE"
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
        path : of the file
        half : keep weights in half precision, at half the size
        """
        header, weights = self._content()
        if half:
            weights = {name: weight.half() for name, weight in weights.items()}
        with replaced_file(path) as beside:
            beside.write_bytes(weights_to_bytes(header, weights))

    def to_bytes(self) -> bytes:
        """The content of a teacher file."""
        return weights_to_bytes(*self._content())

    @classmethod
    def load(cls, path: str | Path) -> Teacher:
        """Read a teacher file.

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
        """The teacher of a file's content; `name` is what errors call it.

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
    """The control: a surrogate teacher with random weights, which knows no building at all."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        generator = Generator(
            d_e,
            d_noise=recipe.d_noise,
            d_f=recipe.d_f,
            conditioned=recipe.generator == "location",
            non_negative=non_negative,
        )
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
