"""Teachers and pretrained weights by name: every name that a user gives is read here, once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

from tutelage.data.fingerprints import FingerprintSet
from tutelage.errors import BadInputError, FileFormatError
from tutelage.methods.base import FitPlan, PretrainedChoice, Teachers
from tutelage.methods.matcher.pretrained import PretrainedMatcher
from tutelage.methods.teachers.shelf import ZOO, ZOO_MATCHER, is_of_zoo, zoo_names, zoo_teacher, zoo_teachers
from tutelage.paper.expert_distilling import TeacherChoice
from tutelage.paper.expert_training import Teacher

__all__ = [
    "PretrainedName",
    "TeacherNames",
    "read_pretrained",
    "read_teacher_file",
    "read_teachers",
    "with_zoo_teachers",
]

TeacherName: TypeAlias = Teacher | str | Path
TeacherNames: TypeAlias = TeacherName | Sequence[TeacherName]
PretrainedName: TypeAlias = PretrainedMatcher | str | Path

_RULES = ("auto", "all", "none")
_PRETRAINED_WORDS = ("zoo", "untrained", "none", "auto")


def read_teachers(teachers: TeacherNames | Teachers) -> Teachers:
    """Read surrogate teachers, and load those of files and of the zoo.

    Parameters
    ----------
    teachers : Teacher, str, path or a sequence of them
        Each a teacher, the path of its file, the name of a teacher of the zoo, or "untrained". Or one of
        "none", "all" and "auto" alone.

    Returns
    -------
    tuple of Teacher or "untrained", or "all", or "auto"

    Raises
    ------
    BadInputError
        If "auto", "all" or "none" stands beside others. If there is no such file, or it holds no surrogate
        teacher.
    UnknownNameError
        If the zoo has no teacher of that name.
    """
    names = [teachers] if isinstance(teachers, (Teacher, PretrainedMatcher, str, Path)) else [*teachers]
    for rule in _RULES:
        if rule in names and len(names) > 1:
            raise BadInputError(f"{rule!r} stands by itself; leave it out, or the others")
    if names == ["none"]:
        return ()
    if names == ["all"]:
        return "all"
    if names == ["auto"]:
        return "auto"
    return tuple(map(_read_teacher, names))


def _read_teacher(name: TeacherName) -> TeacherChoice:
    if isinstance(name, Teacher):
        return name
    if name == "untrained":
        return "untrained"
    teacher = name if isinstance(name, PretrainedMatcher) else read_teacher_file(name)
    if isinstance(teacher, PretrainedMatcher):
        raise BadInputError(
            f"{_label(name)} is a pretrained matcher, no surrogate teacher; give it as pretrained "
            "(--pretrained FILE), to matcher or blend"
        )
    return teacher


def _label(name: object) -> str:
    return str(name) if isinstance(name, (str, Path)) else "that"


def read_pretrained(pretrained: PretrainedName) -> PretrainedChoice:
    """Read the matcher of other buildings that a matcher begins with.

    Parameters
    ----------
    pretrained : str, path or PretrainedMatcher
        "zoo", "untrained", "none" or "auto", a matcher, or the path of its file.

    Returns
    -------
    PretrainedMatcher or str

    Raises
    ------
    BadInputError
        If there is no such file, or it holds a surrogate teacher.
    FileFormatError
        If it is damaged.
    """
    if isinstance(pretrained, PretrainedMatcher):
        return pretrained
    for word in _PRETRAINED_WORDS:
        if pretrained == word:
            return word  # type: ignore[return-value]
    if pretrained == ZOO_MATCHER:
        return "zoo"
    if not isinstance(pretrained, (Teacher, str, Path)):
        raise BadInputError(
            "pretrained is one pretrained matcher, the path of its file, or one of "
            f"{', '.join(_PRETRAINED_WORDS)}; it is a {type(pretrained).__name__}"
        )
    if isinstance(pretrained, (str, Path)) and not is_of_zoo(pretrained) and not Path(pretrained).is_file():
        raise BadInputError(
            f"there is no pretrained matcher {pretrained}; leave it out to take the one that comes with "
            "Tutelage, or make one with: tutelage pretrain"
        )
    matcher = pretrained if isinstance(pretrained, Teacher) else read_teacher_file(pretrained)
    if isinstance(matcher, Teacher):
        raise BadInputError(
            f"{_label(pretrained)} is a surrogate teacher, no pretrained matcher; give it as a teacher of "
            "its network, or make a matcher with: tutelage pretrain"
        )
    return matcher


def read_teacher_file(name: str | Path) -> Teacher | PretrainedMatcher:
    """Load the surrogate teacher, or the pretrained matcher, of a file or of the zoo.

    Parameters
    ----------
    name : str or path

    Raises
    ------
    BadInputError, UnknownNameError
        If there is no such file, or no teacher of that name in the zoo.
    FileFormatError
        If the file is damaged, or of neither kind.
    """
    if is_of_zoo(name):
        return zoo_teacher(str(name))
    if not Path(name).is_file() and f"{ZOO}{name}" in zoo_names():
        raise BadInputError(f"there is no teacher file {name}; did you mean {ZOO}{name}?")
    if not Path(name).is_file():
        hint = "that is a folder; " if Path(name).is_dir() else ""
        raise BadInputError(
            f"there is no teacher file {name}; {hint}name a file that tutelage teach or pretrain wrote, or "
            "one that comes with Tutelage, such as zoo:dnn-tampere (see tutelage zoo list)"
        )
    try:
        return PretrainedMatcher.load(name)
    except FileFormatError:
        return Teacher.load(name)


def with_zoo_teachers(plan: FitPlan, scans: FingerprintSet, survey: str) -> FitPlan:
    """Replace "all" by the teachers of the zoo that did not learn in this building.

    Parameters
    ----------
    plan : FitPlan
    scans : FingerprintSet
        Training scans of the building.
    survey : str
        Name of their survey.

    Raises
    ------
    BadInputError
        If the zoo has no teacher of the plan's network.
    """
    if plan.teachers != "all":
        return plan
    network = plan.method.name
    teachers = zoo_teachers(network, scans, survey)
    if not teachers:
        raise BadInputError(
            f"no teacher of network {network!r} comes with Tutelage, or none but of this building; "
            f"make one with: tutelage teach BUILDING --network {network} --out FILE"
        )
    return replace(plan, teachers=tuple(teachers.values()))
