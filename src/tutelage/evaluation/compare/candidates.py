"""Candidates of a comparison: k-NN, matcher, blend and networks, with and without other buildings' help."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tutelage.errors import BadInputError
from tutelage.localizer import Localizer
from tutelage.methods.base import UNTRAINED, PretrainedChoice, Teachers
from tutelage.methods.fit_plan import AnySurvey, training_set
from tutelage.methods.matcher.matcher_card import MatcherCard
from tutelage.methods.matcher.pretrained import PretrainedMatcher, shipped_matcher
from tutelage.methods.method_registry import MethodChoice, method_choice
from tutelage.methods.teacher_names import PretrainedName, read_pretrained, read_teachers
from tutelage.methods.teachers.shelf import zoo_teachers
from tutelage.paper.expert_training import Teacher, TeacherCard
from tutelage.training import Budget, RunOptions

__all__ = ["BASELINE", "Candidate", "candidate", "candidates"]

BASELINE = "knn"
"""The method that all others are held against."""
_DEFAULT = (BASELINE, "matcher", "dnn", "blend")
_OWN = "own data alone"
_NO_TEACHERS = {"auto", "none", "untrained"}


@dataclass(frozen=True)
class Candidate:
    """A way to learn a building.

    Parameters
    ----------
    name : str
        What tables call it.
    method : MethodChoice
    teachers : tuple of Teacher or "untrained"
    pretrained : PretrainedMatcher or str
        As in `Localizer`.
    settings : mapping
    words : tuple of str
        Its part of the command line of fit.
    """

    name: str
    method: MethodChoice
    teachers: Teachers = ()
    pretrained: PretrainedChoice = "zoo"
    settings: Mapping[str, Any] = field(default_factory=dict)
    words: tuple[str, ...] = ()

    def localizer(self, run: RunOptions, *, calibrate: bool = True) -> Localizer:
        """Give a localizer ready to be fitted; the length counts only where a network is trained.

        Parameters
        ----------
        run : RunOptions
        calibrate : bool
            False in a trial on points held out.
        """
        return Localizer(
            self.method,
            teachers=self.teachers,
            pretrained=self.pretrained,
            settings=self.settings,
            run=run if self.method.spec.trains_network else replace(run, budget=Budget()),
            calibrate=calibrate,
        )

    def cards(self) -> list[TeacherCard | MatcherCard]:
        """Give what its teachers and its pretrained weights say of themselves."""
        cards: list[TeacherCard | MatcherCard] = [
            teacher.card for teacher in self.teachers if isinstance(teacher, Teacher)
        ]
        if isinstance(self.pretrained, PretrainedMatcher):
            cards.append(self.pretrained.card)
        elif self.pretrained == "zoo" and self.method.spec.takes("pretrained"):
            cards.append(shipped_matcher().card)
        return cards


def candidates(
    methods: Sequence[str] = (),
    *,
    teachers: Sequence[str] = (),
    pretrained: PretrainedName = "zoo",
    survey: AnySurvey | None = None,
) -> list[Candidate]:
    """List k-NN, then each method with weights or teachers of other buildings, and without.

    A method that takes pretrained weights is also listed without them. If no methods are named, this holds
    for the first such method alone. If surrogate teachers are named, a network is listed without teachers,
    with them, and with as many untrained ones. The untrained ones are the control: without it a gain means
    nothing.

    Parameters
    ----------
    methods : sequence of str
        Names, or NAME:FILE with a network file. By default: matcher, DNN and blend.
    teachers : sequence of str
        Files and names of the zoo, or "all" (those of the zoo that fit). A network takes the teachers that
        were made for it.
    pretrained : str, path or PretrainedMatcher
        A pretrained matcher instead of the zoo's.
    survey : Survey or FingerprintSet, optional
        For "all": teachers that were trained in it are left out.

    Raises
    ------
    UnknownNameError
        If a method does not exist.
    BadInputError
        If one is named twice, or a teacher cannot be read or is for none of the methods.

    Examples
    --------
    >>> import tutelage as tt
    >>> [candidate.name for candidate in tt.candidates(["dnn"], teachers=["zoo:dnn-tut6"])]
    ['knn', 'dnn', 'dnn, taught', 'dnn, untrained teachers']
    """
    if twice := sorted({method for method in methods if list(methods).count(method) > 1}):
        raise BadInputError(f"{', '.join(twice)} is named twice; name each method once")
    choices = [method_choice(method) for method in methods or _DEFAULT]
    weights = read_pretrained(pretrained)
    teachers_by_method = _teachers_by_method(choices, teachers, survey)
    compared = [_bare(method_choice(BASELINE))]
    n_pretrained = 0
    for choice in choices:
        if choice.spec.takes("pretrained"):
            compared.append(_pretrained(choice, weights, pretrained))
            n_pretrained += 1
            # The default methods share the pretrained weights: one companion shows what these are worth.
            if methods or n_pretrained == 1:
                compared.append(_from_own_data(choice))
        elif choice.spec.name != BASELINE:
            compared.append(_bare(choice))
            compared += _under_teachers(choice, teachers_by_method[str(choice)])
    return compared


def candidate(
    method: str,
    *,
    teachers: Sequence[str] = (),
    pretrained: PretrainedName = "zoo",
    settings: Mapping[str, Any] | None = None,
    survey: AnySurvey | None = None,
) -> Candidate:
    """Make a candidate for `plan` or `compare`: a method and what it starts from.

    Parameters
    ----------
    method : str
        A name, or NAME:FILE with the settings of a network file.
    teachers, pretrained, settings : as in `Localizer`
        The same, except "auto".
    survey : Survey or FingerprintSet, optional
        For teachers "all": teachers that were trained in it are left out.

    Raises
    ------
    UnknownNameError, BadInputError
        If the method does not exist, or a teacher cannot be read.

    Examples
    --------
    >>> import tutelage as tt
    >>> tt.candidate("knn", settings={"k": 3}).words
    ('--method', 'knn', '--set', 'k=3')
    """
    choice = method_choice(method)
    named = read_teachers(teachers)
    if named == "auto" or pretrained == "auto":
        raise BadInputError("teachers are chosen by fit alone; here, name them, or give all or none")
    if named == "all":
        named = tuple(_zoo_teachers(choice, survey).values())
        if not named:
            raise BadInputError(
                f"no teacher of network {choice.spec.name!r} comes with Tutelage, or none but of this "
                "building; name a teacher file"
            )
    words = [word for name in teachers for word in ("--teachers", str(name))]
    if pretrained != "zoo":
        words += ["--pretrained", str(pretrained)]
    for name, value in (settings or {}).items():
        words += ["--set", f"{name}={value}"]
    return replace(
        _bare(choice),
        teachers=named,
        pretrained=read_pretrained(pretrained),
        settings=settings or {},
        words=(*_bare(choice).words, *words),
    )


def _bare(choice: MethodChoice) -> Candidate:
    return Candidate(str(choice), choice, words=("--method", str(choice)))


def _pretrained(choice: MethodChoice, weights: PretrainedChoice, name: PretrainedName) -> Candidate:
    if weights == "zoo":
        return _bare(choice)
    setting = choice.spec.fine_tune_setting
    words = ("--method", str(choice), "--pretrained", str(name), "--set", f"{setting}=True")
    return Candidate(str(choice), choice, pretrained=weights, settings={setting: True}, words=words)


def _from_own_data(choice: MethodChoice) -> Candidate:
    words = ("--method", str(choice), "--pretrained", "none")
    return Candidate(f"{choice}, {_OWN}", choice, pretrained="none", words=words)


def _under_teachers(choice: MethodChoice, teachers: Mapping[str, Teacher]) -> list[Candidate]:
    """Give a network under teachers, and its control."""
    if not teachers:
        return []
    name_words = [word for name in teachers for word in ("--teachers", name)]
    control_words = ["--teachers", "untrained"] * len(teachers)
    start = ("--method", str(choice))
    return [
        Candidate(f"{choice}, taught", choice, tuple(teachers.values()), words=(*start, *name_words)),
        Candidate(
            f"{choice}, untrained teachers",
            choice,
            (UNTRAINED,) * len(teachers),
            words=(*start, *control_words),
        ),
    ]


def _teachers_by_method(
    choices: Sequence[MethodChoice], names: Sequence[str], survey: AnySurvey | None
) -> dict[str, dict[str, Teacher]]:
    """Give for each method the teachers that it takes, by name."""
    if alone := _NO_TEACHERS & {*map(str, names)}:
        raise BadInputError(
            f"{alone.pop()!r} is no teacher to compare: with, without and untrained are shown by "
            "themselves; name teachers or give all, and auto to fit"
        )
    if [*names] == ["all"]:
        return _all_by_method(choices, survey)
    teachers = dict(zip(map(str, names), read_teachers(names), strict=True))
    suitable = {
        str(choice): {
            name: teacher
            for name, teacher in teachers.items()
            if isinstance(teacher, Teacher) and teacher.card.network == choice.spec.name
        }
        for choice in choices
    }
    for name, teacher in teachers.items():
        if isinstance(teacher, Teacher) and not any(name in mapping for mapping in suitable.values()):
            raise BadInputError(
                f"none of {', '.join(map(str, choices))} takes the teacher {name}, which is for --method "
                f"{teacher.card.network}; name that method too, or leave the teacher out"
            )
    return suitable


def _all_by_method(
    choices: Sequence[MethodChoice], survey: AnySurvey | None
) -> dict[str, dict[str, Teacher]]:
    suitable = {str(choice): _zoo_teachers(choice, survey) for choice in choices}
    if not any(suitable.values()):
        raise BadInputError(
            f"no teacher of {', '.join(suitable)} comes with Tutelage, or none but of this building; "
            "leave 'all' out, or make a teacher with tutelage teach and name it"
        )
    return suitable


def _zoo_teachers(choice: MethodChoice, survey: AnySurvey | None) -> dict[str, Teacher]:
    """Give the zoo's teachers of a network by name, but for those that learnt in the survey."""
    if not choice.spec.takes("teachers"):
        return {}
    if survey is None:
        return zoo_teachers(choice.spec.name)
    scans, name, _ = training_set(survey)
    return zoo_teachers(choice.spec.name, scans, name)
