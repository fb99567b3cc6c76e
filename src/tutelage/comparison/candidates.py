"""What is compared: k-NN, scorer, networks, with what other buildings taught and without."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tutelage.errors import BadInputError, UnknownNameError
from tutelage.localizer import Localizer
from tutelage.networks import network_names, plain_name
from tutelage.scorer import ScorerTeacher, shipped_scorer
from tutelage.teacher_names import ALL, AUTO, any_teacher, teacher_list
from tutelage.zoo import zoo_names

__all__ = ["Candidate", "candidates"]

_DEFAULT = "knn", "scorer", "dnn", "tutor"
_OWN_MAP = {"scorer": "own_map", "tutor": "scorer.own_map"}
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
        """Ready to be fitted; `more` as of `Localizer`."""
        return Localizer(self.network, teachers=self.teachers, settings=self.settings, **more)

    def trial_localizer(self, seed: int, **options: Any) -> Localizer:
        """The same for a trial on held-out points: no radii, and lengths only for what is trained for long.

        Parameters
        ----------
        options : as of `Localizer`, such as `minutes`
        """
        has_length = self.network not in ("knn", "scorer")
        kept = {key: value for key, value in options.items() if has_length or key not in _LENGTHS}
        return self.localizer(seed=seed, calibrate=False, **kept)

    def words(self) -> list[str]:
        """Its part of the command line of fit."""
        teachers = [word for each in self.teachers for word in ("--teacher", each)]
        settings = [word for name, value in self.settings.items() for word in ("--set", f"{name}={value}")]
        return ["--network", self.network, *teachers, *settings]

    def learnt_in(self) -> list[dict[str, Any]]:
        """The sources of its teachers, as their cards name them."""
        files = [any_teacher(teacher) for teacher in self.teachers if teacher not in ("none", "untrained")]
        if self.network in _OWN_MAP and not self.teachers:
            files = [shipped_scorer()]
        cards = [teacher.card.model_dump() for teacher in files]
        return [source for card in cards for source in card.get("sources", [card])]


def candidates(networks: Sequence[str] = (), teachers: Sequence[str] = ()) -> list[Candidate]:
    """k-NN, then each network with what other buildings taught, and without.

    Beside a scorer or tutor stands the same from own data alone. A network stands by itself and, where
    surrogate teachers are given, under them and under as many untrained ones: the control, without which a
    gain means nothing.

    Parameters
    ----------
    networks : names, or NAME:FILE with the settings of a network file; none: scorer, DNN and tutor (whose
        scorer is the same: it stands there once)
    teachers : files and names of the zoo, of surrogate teachers for networks, or of one scorer teacher in the
        place of ours; or "all" of the zoo that are of each network

    Raises
    ------
    UnknownNameError
        If a network does not exist.
    BadInputError
        If one is named twice, or a teacher cannot be read.
    """
    known = [*network_names(), "knn", *_OWN_MAP]
    for network in networks:
        if plain_name(network) not in known:
            raise UnknownNameError("network", network, known)
    if twice := sorted({network for network in networks if list(networks).count(network) > 1}):
        raise BadInputError(f"{', '.join(twice)} is named twice; name each network once")
    of_scorer, surrogate = _divided(teachers)
    found = [Candidate("knn", "knn")]
    for network in networks or _DEFAULT:
        if network in _OWN_MAP:
            more = {_OWN_MAP[network]: True} if of_scorer else {}
            found.append(Candidate(network, network, of_scorer, more))
            if networks or network == "scorer":
                found.append(Candidate(f"{network}, {_OWN}", network, ("none",)))
        elif network != "knn":
            found.append(Candidate(network, network))
            taught_by = surrogate or (tuple(zoo_names(plain_name(network))) if ALL in teachers else ())
            if taught_by:
                untrained = ("untrained",) * len(taught_by)
                found.append(Candidate(f"{network}, taught", network, taught_by))
                found.append(Candidate(f"{network}, untrained teachers", network, untrained))
    return found


def _divided(teachers: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Those of a scorer, and those of networks; "all" is neither yet."""
    named = [str(teacher) for teacher in teacher_list(teachers) if teacher != ALL]
    if AUTO in named:
        raise BadInputError(
            "compare shows with and without teachers by itself; name them or give all, and auto to fit"
        )
    of_scorer = tuple(name for name in named if isinstance(any_teacher(name), ScorerTeacher))
    return of_scorer, tuple(name for name in named if name not in of_scorer)
