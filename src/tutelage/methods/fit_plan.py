"""The plan of a fit: every name that a user gives is read here, once, and becomes a checked object."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple, TypeAlias, cast, get_args

import numpy as np

from tutelage.data.fingerprints import FingerprintSet, Survey
from tutelage.data.same_names import places_apart, same_names
from tutelage.errors import BadInputError, ReadAsWarning, UnknownNameError
from tutelage.methods.base import FitPlan, SourceSurvey, Teachers, Transfer
from tutelage.methods.method_registry import MethodChoice, method_choice
from tutelage.methods.teacher_names import (
    PretrainedName,
    TeacherNames,
    read_pretrained,
    read_teachers,
)
from tutelage.paper.transfer import TransferKind
from tutelage.training import RunOptions

__all__ = ["AnySurvey", "Surveys", "TrainingSet", "checked_transfer_kind", "fit_plan", "training_set"]

AnySurvey: TypeAlias = FingerprintSet | Survey
Surveys: TypeAlias = AnySurvey | Sequence[AnySurvey]


class TrainingSet(NamedTuple):
    """Scans to learn from, with the name and the licence of their survey."""

    scans: FingerprintSet
    name: str
    licence: str


def training_set(survey: AnySurvey, *, several_places: bool = True) -> TrainingSet:
    """Give the training scans of a survey, with its name and licence.

    Parameters
    ----------
    survey : Survey or FingerprintSet
        Bare scans are called "unnamed".
    several_places : bool
        Whether scans of one place are refused, and places of one name on several floors told apart. An update
        takes the first, and names places as its model does.

    Raises
    ------
    BadInputError
        If the scans that hear anything come from one reference point or one place, or from none. If scans
        have neither positions nor places, or some have no place and none has a position.
    """
    scans, name, licence = (
        (survey.train, survey.name, survey.licence) if isinstance(survey, Survey) else (survey, "unnamed", "")
    )
    _require_places(scans, name, 2 if several_places else 1)
    return TrainingSet(_places_apart(scans, name) if several_places else scans, name, licence)


def _places_apart(scans: FingerprintSet, name: str) -> FingerprintSet:
    several = same_names(scans)
    if not several:
        return scans
    words = "1 name of a place is" if len(several) == 1 else f"{len(several)} names of places are"
    warnings.warn(
        f"{name}: {words} on several floors or in several buildings and count as a place on each: "
        f"{', '.join(next(iter(several.values())))}",
        ReadAsWarning,
        stacklevel=3,
    )
    return places_apart(scans)


def _require_places(scans: FingerprintSet, name: str, n_least: int) -> None:
    """Require scans of so many reference points, or of so many places."""
    usable_scans = scans[scans.n_heard > 0]
    if scans.position_m is None and scans.place is None:
        raise BadInputError(
            f"the scans of {name!r} have neither positions nor places; add the columns x_m and y_m, or place"
        )
    if usable_scans.position_m is None:
        places = usable_scans.known_place
        if (places == "").any():
            raise BadInputError(
                f"{int((places == '').sum())} training scans of {name!r} have neither a position nor a "
                "place; leave them out"
            )
        n, what = len(np.unique(places)), "place(s); places"
    else:
        n, what = len(np.unique(usable_scans.position_m, axis=0)), "reference point(s); positions"
    if n < n_least:
        raise BadInputError(
            f"the training scans of {name!r} that hear anything come from {n} {what} can only be learnt from "
            "several"
        )


def fit_plan(
    method: str | MethodChoice,
    *,
    teachers: TeacherNames | Teachers = (),
    pretrained: PretrainedName = "zoo",
    transfer: str = "none",
    sources: Surveys = (),
    recipe: str = "default",
    settings: Mapping[str, Any] | None = None,
    run: RunOptions | None = None,
) -> FitPlan:
    """Read and check what a user named for a fit; the parameters are those of `Localizer`.

    Raises
    ------
    UnknownNameError
        If a method, a transfer or a file of the zoo does not exist.
    BadInputError
        If a file cannot be used, or the method does not take an option.
    """
    run = run or RunOptions()
    if run.seed < 0:
        raise BadInputError(f"the seed is {run.seed}; give a whole number from 0 on")
    choice = method_choice(method)
    teacher_choices = read_teachers(teachers)
    surveys = [sources] if isinstance(sources, (FingerprintSet, Survey)) else list(sources)
    kind = checked_transfer_kind(transfer, surveys, has_teachers=bool(teacher_choices))
    return FitPlan(
        choice.spec,
        choice.network,
        settings or {},
        teacher_choices,
        read_pretrained(pretrained),
        _transfer(kind, surveys) if kind else None,
        recipe,
        run,
    )


def _transfer(kind: TransferKind, surveys: Sequence[AnySurvey]) -> Transfer:
    training_sets = [training_set(survey) for survey in surveys]
    return Transfer(kind, tuple(SourceSurvey(each.name, each.licence, each.scans) for each in training_sets))


def checked_transfer_kind(kind: str, sources: Sequence[object], *, has_teachers: bool) -> TransferKind | None:
    """Check a transfer, and that it goes with the sources and teachers.

    Parameters
    ----------
    kind : str
    sources : sequence
        Surveys, or their names.
    has_teachers : bool
        Whether the user named teachers as well.

    Returns
    -------
    "collective", "sequential" or None
        None for "none".

    Raises
    ------
    UnknownNameError
        If there is no such kind.
    BadInputError
        If it lacks sources, or does not go with sources or teachers.
    """
    kinds: tuple[Literal["collective", "sequential"], ...] = get_args(TransferKind)
    if kind not in ("none", *kinds):
        raise UnknownNameError("transfer", kind, ("none", *kinds))
    if kind == "none":
        if sources:
            raise BadInputError(
                f"source buildings are given, and no transfer; choose transfer {' or '.join(kinds)}, "
                "or leave the sources out (what teachers know is in their files)"
            )
        return None
    if has_teachers:
        raise BadInputError(
            f"{kind} transfer learns from the sources' own data and takes no teachers; leave one of them out"
        )
    if not sources:
        raise BadInputError(f"{kind} transfer learns from source buildings first; name at least one source")
    return cast(TransferKind, kind)
