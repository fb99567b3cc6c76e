"""What is meant by the teachers that a user names: files, teachers of the zoo, controls, or all that fit."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, TypeAlias, cast

from tutelage.data.fingerprints import FingerprintSet
from tutelage.errors import BadInputError, FileFormatError
from tutelage.methods.matcher import Pretrained, PretrainedMatcher
from tutelage.methods.teachers.shelf import ZOO, is_of_zoo, zoo_names, zoo_teacher, zoo_teachers
from tutelage.paper.expert_distilling import TeacherChoice
from tutelage.paper.expert_training import Teacher

__all__ = [
    "ALL",
    "AUTO",
    "NONE",
    "UNTRAINED",
    "TeacherNames",
    "any_teacher",
    "default_network",
    "network_teacher",
    "network_teachers",
    "pretrained_matcher",
    "teacher_list",
]

AnyTeacher: TypeAlias = Teacher | PretrainedMatcher | str | Path
TeacherNames: TypeAlias = AnyTeacher | Sequence[AnyTeacher]

NONE, ALL, AUTO = "none", "all", "auto"
UNTRAINED: Literal["untrained"] = "untrained"
_SHIPPED = f"{ZOO}matcher"
_NOT_FOR_NETWORKS = "a pretrained matcher is for --network matcher or blend; other networks take surrogate teachers, made by teach"


def teacher_list(teachers: TeacherNames) -> list[AnyTeacher]:
    """The teachers as they are named; "none" adds nothing.

    Raises
    ------
    BadInputError
        If "auto", "all" or "none" stands beside others.
    """
    given = [teachers] if isinstance(teachers, (Teacher, PretrainedMatcher, str, Path)) else [*teachers]
    for alone in (AUTO, ALL, NONE):
        if alone in given and len(given) > 1:
            raise BadInputError(f"{alone!r} stands by itself; leave it out, or the others")
    return [teacher for teacher in given if teacher != NONE]


def network_teachers(
    teachers: TeacherNames, network: str, scans: FingerprintSet, survey: str = ""
) -> list[TeacherChoice]:
    """Teachers of a network, those of files and of the zoo read.

    Parameters
    ----------
    teachers : as named
    network : name of a registered network
    scans, survey : of the target; of "all", teachers that learnt in it are left out

    Raises
    ------
    BadInputError
        If a teacher is not for networks, the zoo has none of this network, or "auto" is asked for.
    """
    given = teacher_list(teachers)
    if given == [AUTO]:
        raise BadInputError("teachers are chosen by fit alone; here, name them, or give all or none")
    if given == [ALL]:
        known = zoo_teachers(network, scans, survey)
        if not known:
            raise BadInputError(
                f"no teacher of network {network!r} comes with Tutelage, or none but of this building; "
                f"make one with: tutelage teach --source BUILDING --network {network} --out FILE"
            )
        return list(known.values())
    return [network_teacher(teacher) for teacher in given]


def network_teacher(teacher: AnyTeacher) -> TeacherChoice:
    """One teacher of a network, read; errors as of `network_teachers`."""
    if teacher == UNTRAINED:
        return UNTRAINED
    known = teacher if isinstance(teacher, (Teacher, PretrainedMatcher)) else any_teacher(teacher)
    if isinstance(known, PretrainedMatcher):
        raise BadInputError(_NOT_FOR_NETWORKS)
    return known


def any_teacher(name: str | Path) -> Teacher | PretrainedMatcher:
    """The teacher of a file or of the zoo, of whichever kind; further errors as of `Teacher.load`.

    Raises
    ------
    BadInputError, UnknownNameError
        If there is no such file, or none of that name in the zoo.
    """
    if is_of_zoo(name):
        return zoo_teacher(str(name))
    if not Path(name).is_file() and f"{ZOO}{name}" in zoo_names():
        raise BadInputError(f"there is no teacher file {name}; did you mean {ZOO}{name}?")
    if not Path(name).is_file():
        what = "that is a folder; " if Path(name).is_dir() else ""
        raise BadInputError(
            f"there is no teacher file {name}; {what}name a file that tutelage teach wrote, or one that "
            "comes with Tutelage, such as zoo:dnn-tampere (see tutelage teachers list)"
        )
    try:
        return PretrainedMatcher.load(name)
    except FileFormatError:
        return Teacher.load(name)


def pretrained_matcher(teachers: TeacherNames) -> Pretrained:
    """The pretrained matcher; nothing is the one that comes with Tutelage, and so is "all".

    Raises
    ------
    BadInputError
        If several are given, or a surrogate teacher.
    """
    given = [teachers] if isinstance(teachers, (Teacher, PretrainedMatcher, str, Path)) else teachers
    if len(given) > 1:
        raise BadInputError(
            f"the matcher has one teacher, {len(given)} are given; one can learn in several buildings"
        )
    teacher = given[0] if given else ALL
    if teacher in (ALL, AUTO, _SHIPPED):
        return "shipped"
    if teacher in (NONE, UNTRAINED):
        return cast(Pretrained, teacher)
    known = teacher if isinstance(teacher, (Teacher, PretrainedMatcher)) else any_teacher(teacher)
    if isinstance(known, Teacher):
        raise BadInputError(
            "the matcher takes no surrogate teacher; make its own with teach --network matcher"
        )
    return known


def default_network(teachers: TeacherNames, transfer: str, recipe: str) -> str:
    """What learns a building where no network is named: the blend, unless only a network can do as asked.

    Errors as of `any_teacher`, for a teacher that is named by its file.
    """
    of_network = [teacher for teacher in teacher_list(teachers) if not _is_for_blend(teacher)]
    return "dnn" if of_network or transfer != "none" or recipe != "default" else "blend"


def _is_for_blend(teacher: AnyTeacher) -> bool:
    if teacher in (AUTO, _SHIPPED):
        return True
    if teacher in (ALL, UNTRAINED):
        return False
    known = teacher if isinstance(teacher, (Teacher, PretrainedMatcher)) else any_teacher(teacher)
    return isinstance(known, PretrainedMatcher)
