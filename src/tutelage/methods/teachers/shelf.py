"""The zoo's files, and how to read them: by name, by network, or as a list."""

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
from tutelage.methods.matcher.matcher_card import MatcherCard
from tutelage.methods.matcher.pretrained import PretrainedMatcher, shipped_matcher, shipped_matcher_file
from tutelage.paper.expert_training import Teacher, TeacherCard

__all__ = [
    "SUFFIX",
    "ZOO",
    "ZOO_MATCHER",
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
ZOO_MATCHER = f"{ZOO}matcher"
_SHELF = "shipped"

AnyCard: TypeAlias = TeacherCard | MatcherCard


@dataclass(frozen=True)
class ListedTeacher:
    """A teacher of the zoo.

    Parameters
    ----------
    name : str
        Its name for `--teachers`.
    card : TeacherCard or MatcherCard
        The card in its file.
    content_hash : str
        SHA-256 over card and weights.
    size_bytes : int
        Size of its file.
    citations : tuple of str
        Whom to cite, one a source.
    """

    name: str
    card: AnyCard
    content_hash: str
    size_bytes: int
    citations: tuple[str, ...]


def is_of_zoo(name: object) -> bool:
    """Tell whether this is a name of the zoo, rather than a file's."""
    return isinstance(name, str) and name.startswith(ZOO)


def zoo_names(network: str | None = None) -> list[str]:
    """List the names of all teachers, or of those of one network.

    Parameters
    ----------
    network : str, optional
        Name of a registered network.
    """
    names = [f"{ZOO}{Path(name).stem}" for name in _file_names()]
    surrogate = [name for name in names if name != ZOO_MATCHER]
    if network is None:
        return [ZOO_MATCHER, *surrogate]
    return [name for name in surrogate if name.startswith(f"{ZOO}{network}-")]


def zoo_teachers(network: str, scans: FingerprintSet | None = None, survey: str = "") -> dict[str, Teacher]:
    """Load the zoo's surrogate teachers of a network, by name.

    Parameters
    ----------
    network : str
        Name of a registered network.
    scans : FingerprintSet, optional
        Training scans of a building: teachers that learnt in it are left out.
    survey : str
        Name of the building's survey.

    Returns
    -------
    dict of str to Teacher
    """
    teachers = {name: _surrogate(name) for name in zoo_names(network)}
    if scans is None:
        return teachers
    sources = [(teacher.card.source, teacher.card.data_hash) for teacher in teachers.values()]
    own = same_building(sources, scans, survey)
    return {name: teacher for name, teacher in teachers.items() if teacher.card.source not in own}


def zoo_teacher(name: str) -> Teacher | PretrainedMatcher:
    """Load a teacher of the zoo.

    Parameters
    ----------
    name : str
        Its name, such as "zoo:dnn-tampere".

    Raises
    ------
    UnknownNameError
        If the zoo has none of that name.
    """
    if name not in zoo_names():
        raise UnknownNameError("teacher of the zoo", name, zoo_names())
    return shipped_matcher() if name == ZOO_MATCHER else _surrogate(name)


def zoo_list() -> list[ListedTeacher]:
    """List all teachers with their cards."""
    return [_list_entry(name) for name in zoo_names()]


def _list_entry(name: str) -> ListedTeacher:
    teacher = zoo_teacher(name)
    if isinstance(teacher, PretrainedMatcher):
        sources = [source.source for source in teacher.card.sources]
    else:
        sources = [teacher.card.source]
    return ListedTeacher(name, teacher.card, teacher.content_hash(), len(_content(name)), _citations(sources))


def _citations(sources: Sequence[str]) -> tuple[str, ...]:
    datasets = public_datasets()
    return tuple(datasets[source].citation for source in sources)


@cache
def _file_names() -> tuple[str, ...]:
    """List the file names of the teachers."""
    names = (entry.name for entry in files("tutelage.methods.teachers").joinpath(_SHELF).iterdir())
    return tuple(sorted(name for name in names if name.endswith(SUFFIX)))


def _surrogate(name: str) -> Teacher:
    return Teacher.from_bytes(_content(name), name=f"teacher {name}, which comes with Tutelage,")


def _content(name: str) -> bytes:
    if name == ZOO_MATCHER:
        return shipped_matcher_file()
    file = f"{name.removeprefix(ZOO)}{SUFFIX}"
    return files("tutelage.methods.teachers").joinpath(_SHELF, file).read_bytes()
