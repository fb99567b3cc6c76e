"""What stands in the zoo, and how it is read: by name, by network, or as a list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TypeAlias

from tutelage.data.fingerprints import FingerprintSet
from tutelage.data.sets.public_sets import public_datasets
from tutelage.data.sets.same_building import same_building
from tutelage.errors import UnknownNameError
from tutelage.methods.matcher import MatcherCard, PretrainedMatcher, shipped_matcher
from tutelage.paper.expert_training import Teacher, TeacherCard

__all__ = [
    "SUFFIX",
    "ZOO",
    "ListedTeacher",
    "is_of_zoo",
    "zoo_list",
    "zoo_names",
    "zoo_teacher",
    "zoo_teachers",
]

ZOO = "zoo:"
"""Before the name of a teacher that comes with Tutelage: zoo:matcher, zoo:dnn-tampere."""
SUFFIX = ".teacher"
_MATCHER = f"{ZOO}matcher"
_SHELF = "shipped"

AnyCard: TypeAlias = TeacherCard | MatcherCard


@dataclass(frozen=True)
class ListedTeacher:
    """A teacher of the zoo.

    Parameters
    ----------
    name : as `--teachers` takes it
    card : what its file says of itself
    content_hash : SHA-256 over card and weights
    size_bytes : of its file
    citations : whom to cite, one a source
    """

    name: str
    card: AnyCard
    content_hash: str
    size_bytes: int
    citations: tuple[str, ...]


def is_of_zoo(name: object) -> bool:
    """Whether this is a name of the zoo, rather than a file's."""
    return isinstance(name, str) and name.startswith(ZOO)


def zoo_names(network: str | None = None) -> list[str]:
    """Names of all teachers, or of those of one network."""
    names = [f"{ZOO}{Path(name).stem}" for name in _on_shelf()]
    surrogate = [name for name in names if name != _MATCHER]
    if network is None:
        return [_MATCHER, *surrogate]
    return [name for name in surrogate if name.startswith(f"{ZOO}{network}-")]


def zoo_teachers(network: str, target: FingerprintSet, survey: str = "") -> dict[str, Teacher]:
    """The surrogate teachers of a network that did not learn in the target's building, by name.

    Parameters
    ----------
    network : name of a registered network
    target, survey : training scans of the target, and the survey's name
    """
    known = {name: _surrogate(name) for name in zoo_names(network)}
    own = same_building([(t.card.source, t.card.data_hash) for t in known.values()], target, survey)
    return {name: teacher for name, teacher in known.items() if teacher.card.source not in own}


def zoo_teacher(name: str) -> Teacher | PretrainedMatcher:
    """The teacher called `name`.

    Raises
    ------
    UnknownNameError
        If the zoo has none of that name.
    """
    if name not in zoo_names():
        raise UnknownNameError("teacher of the zoo", name, zoo_names())
    return shipped_matcher() if name == _MATCHER else _surrogate(name)


def zoo_list() -> list[ListedTeacher]:
    """All teachers with their cards."""
    return [_listed(name) for name in zoo_names()]


def _listed(name: str) -> ListedTeacher:
    teacher = zoo_teacher(name)
    if isinstance(teacher, PretrainedMatcher):
        sources = [source.source for source in teacher.card.sources]
    else:
        sources = [teacher.card.source]
    return ListedTeacher(name, teacher.card, teacher.content_hash(), len(_content(name)), _citations(sources))


def _citations(sources: Sequence[str]) -> tuple[str, ...]:
    known = public_datasets()
    return tuple(known[source].citation for source in sources)


@cache
def _on_shelf() -> tuple[str, ...]:
    """File names of the teachers."""
    names = (entry.name for entry in files("tutelage.methods.teachers").joinpath(_SHELF).iterdir())
    return tuple(sorted(name for name in names if name.endswith(SUFFIX)))


def _surrogate(name: str) -> Teacher:
    return Teacher.from_bytes(_content(name), name=f"teacher {name}, which comes with Tutelage,")


def _content(name: str) -> bytes:
    file = f"{name.removeprefix(ZOO)}{SUFFIX}"
    return files("tutelage.methods.teachers").joinpath(_SHELF, file).read_bytes()
