"""What is compared: k-NN, matcher, networks, with what other buildings taught and without."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tutelage.errors import BadInputError, UnknownNameError
from tutelage.localizer import Localizer
from tutelage.methods.learning import Building, training_scans
from tutelage.methods.matcher import PretrainedMatcher, shipped_matcher
from tutelage.methods.teachers.shelf import zoo_names, zoo_teachers
from tutelage.methods.teachers.teacher_names import (
    ALL,
    AUTO,
    NONE,
    UNTRAINED,
    any_teacher,
    pretrained_matcher,
    teacher_list,
)
from tutelage.networks import network_names, plain_name
from tutelage.paper.expert_training import Teacher

__all__ = ["Candidate", "all_of_zoo", "candidates"]

_DEFAULT = "knn", "matcher", "dnn", "blend"
_OWN_MAP = {"matcher": "fine_tune", "blend": "matcher.fine_tune"}
_OWN = "own data alone"
_LENGTHS = "epochs", "minutes", "budget"


@dataclass(frozen=True)
class Candidate:
    """A way to learn the building.

    Parameters
    ----------
    name : what tables call it
    network : as of `Localizer`
    teachers : names or files, as of `Localizer`
    settings : as of `Localizer`
    """

    name: str
    network: str
    teachers: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)

    def localizer(self, **more: Any) -> Localizer:
        """Ready to be fitted; `more` as of `Localizer`, lengths only for what is trained for long."""
        has_length = self.network not in ("knn", "matcher")
        kept = {key: value for key, value in more.items() if has_length or key not in _LENGTHS}
        return Localizer(self.network, teachers=self.teachers, settings=self.settings, **kept)

    def trial_localizer(self, seed: int, **options: Any) -> Localizer:
        """The same for a trial on held-out points: no radii.

        Parameters
        ----------
        options : as of `Localizer`, such as `minutes`
        """
        return self.localizer(seed=seed, calibrate=False, **options)

    def words(self) -> list[str]:
        """Its part of the command line of fit."""
        teachers = [word for each in self.teachers for word in ("--teacher", each)]
        settings = [word for name, value in self.settings.items() for word in ("--set", f"{name}={value}")]
        return ["--network", self.network, *teachers, *settings]

    def cards(self) -> list[dict[str, Any]]:
        """What its teachers say of themselves."""
        if self.network in _OWN_MAP and not self.teachers:
            return [shipped_matcher().card.model_dump()]
        files = [any_teacher(teacher) for teacher in self.teachers if teacher not in (NONE, UNTRAINED)]
        return [teacher.card.model_dump() for teacher in files]


def candidates(
    networks: Sequence[str] = (), teachers: Sequence[str] = (), building: Building | None = None
) -> list[Candidate]:
    """k-NN, then each network with what other buildings taught, and without.

    Beside a matcher or blend stands the same from own data alone. A network stands by itself and, where
    surrogate teachers are given, under them and under as many untrained ones: the control, without which a
    gain means nothing.

    Parameters
    ----------
    networks : names, or NAME:FILE with the settings of a network file; none: matcher, DNN and blend (whose
        matcher is the same: it stands there once)
    teachers : files and names of the zoo, of surrogate teachers for networks, or of one pretrained matcher in the
        place of ours; or "all" of the zoo that are of each network. A network stands under those that were
        made for it
    building : of "all", teachers that learnt in it are left out

    Raises
    ------
    UnknownNameError
        If a network does not exist.
    BadInputError
        If one is named twice, or a teacher cannot be read or is for none of the networks.
    """
    known = [*network_names(), "knn", *_OWN_MAP]
    for network in networks:
        if plain_name(network) not in known:
            raise UnknownNameError("network", network, known)
    if twice := sorted({network for network in networks if list(networks).count(network) > 1}):
        raise BadInputError(f"{', '.join(twice)} is named twice; name each network once")
    taught_by = _taught_by(networks or _DEFAULT, teachers, building)
    found = [Candidate("knn", "knn")]
    for network in networks or _DEFAULT:
        of_network = taught_by[network]
        if network in _OWN_MAP:
            more = {_OWN_MAP[network]: True} if of_network else {}
            found.append(Candidate(network, network, of_network, more))
            if networks or network == "matcher":
                found.append(Candidate(f"{network}, {_OWN}", network, ("none",)))
        elif network != "knn":
            found.append(Candidate(network, network))
            if of_network:
                untrained = (UNTRAINED,) * len(of_network)
                found.append(Candidate(f"{network}, taught", network, of_network))
                found.append(Candidate(f"{network}, untrained teachers", network, untrained))
    return found


def all_of_zoo(network: str, building: Building | None) -> tuple[str, ...]:
    """Names of the zoo's teachers for a network, but for those that learnt in `building`."""
    if building is None:
        return tuple(zoo_names(network))
    scans, survey, _ = training_scans(building)
    return tuple(zoo_teachers(network, scans, survey))


def _taught_by(
    networks: Sequence[str], teachers: Sequence[str], building: Building | None
) -> dict[str, tuple[str, ...]]:
    """For each network the teachers that it takes; a matcher that is given none has its own."""
    named = [str(teacher) for teacher in teacher_list(teachers)]
    if not named and not teachers:
        return dict.fromkeys(networks, ())
    if by_itself := {AUTO, NONE, UNTRAINED} & {*named, *teachers}:
        raise BadInputError(
            f"{by_itself.pop()!r} is no teacher to compare: with, without and untrained are shown by "
            "themselves; name teachers or give all, and auto to fit"
        )
    if named == [ALL]:
        return _by_all(networks, building)
    read = {name: any_teacher(name) for name in named}
    pretrained_matcher([read[name] for name in named if isinstance(read[name], PretrainedMatcher)])
    taken = {network: tuple(name for name in named if _is_for(network, read[name])) for network in networks}
    for name, teacher in read.items():
        if not any(name in names for names in taken.values()):
            fitting = "matcher or blend" if isinstance(teacher, PretrainedMatcher) else teacher.card.network
            raise BadInputError(
                f"none of {', '.join(networks)} takes the teacher {name}, which is for --network {fitting}; "
                "name that network too, or leave the teacher out"
            )
    return taken


def _by_all(networks: Sequence[str], building: Building | None) -> dict[str, tuple[str, ...]]:
    found = {network: all_of_zoo(plain_name(network), building) for network in networks}
    if not any(names or network in _OWN_MAP for network, names in found.items()):
        raise BadInputError(
            f"no teacher of {', '.join(networks)} comes with Tutelage, or none but of this building; "
            f"leave {ALL!r} out, or make a teacher with tutelage teach and name it"
        )
    return found


def _is_for(network: str, teacher: Teacher | PretrainedMatcher) -> bool:
    if isinstance(teacher, PretrainedMatcher):
        return network in _OWN_MAP
    return plain_name(network) == teacher.card.network
