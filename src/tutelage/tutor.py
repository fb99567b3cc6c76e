"""The tutor: a scorer and a network of one building, and how much each of them counts.

The scorer weighs what was surveyed, so it is right where the survey is dense; the network fills the gaps.
Which of them to trust differs from building to building: the share is chosen on reference points held out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, NamedTuple

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from tutelage.calibration import Trial
from tutelage.distilling import DistillingRecipe
from tutelage.errors import UnknownNameError
from tutelage.fingerprints import FingerprintSet
from tutelage.learning import chosen_network, learn_under_teachers
from tutelage.matching.votes import mixed
from tutelage.neighbours import RadioMap
from tutelage.networks import checked_settings
from tutelage.positions import Located
from tutelage.representation import RssRepresentation
from tutelage.scorer import FittedScorer, Scorer, ScorerSettings, ScorerTeaching, fit_scorer
from tutelage.student import Student
from tutelage.surveys import is_spread, reference_points, split_by_position
from tutelage.training import Budget, RunOptions, begin, steps_per_epoch

__all__ = ["FittedTutor", "Tutor", "TutorSettings", "fit_tutor"]

_HELD_OUT = 0.15
_SHARES = np.linspace(0, 1, 21)
_IN_SMALL, _IN_LARGE, _LARGE = 0.8, 0.2, 500  # prior shares, and the points that make a survey large
_FEWEST_POINTS = 3  # so that two are left for the scorer to learn from
_SCORER = "scorer."  # before the names of the scorer's settings and weights
_STUDENT = "student."
_HOLD_OUT = "held-out-"  # before the names of the runs that choose the share


class TutorSettings(BaseModel):
    """Settings of `--network tutor`, beside the scorer's (as scorer.NAME) and those of its network."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    network: str = "dnn"
    """A registered network, or NAME:FILE."""
    share: Annotated[float, Field(ge=0, le=1)] | None = None
    """Of the network in each position; None: chosen on reference points held out."""
    prior_share: Annotated[float, Field(ge=0, le=1)] | None = None
    """What the chosen share is pulled towards; None: four fifths with a handful of reference points, less
    with more, a fifth from 500 on.

    A point that is held out lies farther from the rest of the survey than most places do, and the network
    suffers less from that than the scorer: the share that is best there is too large everywhere else.
    """
    prior_points: Annotated[float, Field(ge=0)] = 200.0
    """How strongly: as if as many more reference points had chosen it."""
    faint_db: Annotated[float, Field(gt=0)] = 12.0
    """How far below the lowest training reading the network's "not heard" is, unless rss_min_dbm is given.

    With 1 dB, as a network alone has by default, a faint reading counts next to nothing; other phones hear
    more of them, or fewer.
    """
    network_epochs: Annotated[int, Field(ge=1)] = 800
    """At most, of its network, where no length is given: a small survey is sooner known by heart."""

    def prior_for(self, n_points: int) -> float:
        """`prior_share`, for a survey of so many reference points."""
        if self.prior_share is not None:
            return self.prior_share
        rest = max(0.0, 1 - n_points / _LARGE)
        return _IN_LARGE + rest * (_IN_SMALL - _IN_LARGE)

    def not_heard_dbm(self, heard: FingerprintSet) -> float:
        """The network's "not heard", where none is given: `faint_db` below the lowest of these readings."""
        return float(heard.rss_dbm.data.min()) - self.faint_db

    def updates_of(self, of_network: Mapping[str, Any], n_scans: int) -> int:
        """Updates of the network where no length is given: its recipe's own, or `network_epochs`."""
        recipe = chosen_network(self.network, "default", of_network)[2]
        return min(recipe.updates, self.network_epochs * steps_per_epoch(n_scans, recipe.batch_size))


@dataclass(frozen=True, eq=False)
class Tutor:
    """A scorer and a network that answer together.

    Parameters
    ----------
    scorer, student : of the same building
    share : of the student in each position, 0 to 1
    """

    scorer: Scorer
    student: Student
    share: float

    @property
    def representation(self) -> RssRepresentation:
        return self.scorer.representation

    @property
    def radio_map(self) -> RadioMap:
        return self.scorer.radio_map

    def locate(self, scans: FingerprintSet) -> Located:
        """The mean of both positions, weighted by their shares; labels are the scorer's."""
        scored, learnt = self.scorer.locate(scans), self.student.locate(scans)
        return scored._replace(position_m=mixed(scored.position_m, learnt.position_m, self.share))

    def config(self) -> dict[str, Any]:
        """What `from_config` needs beside the tensors."""
        return {"scorer": self.scorer.config(), "student": self.student.config(), "share": self.share}

    def tensors(self) -> dict[str, np.ndarray]:
        """The arrays of both."""
        parts = (_SCORER, self.scorer.tensors()), (_STUDENT, self.student.tensors())
        return {prefix + name: array for prefix, tensors in parts for name, array in tensors.items()}

    @classmethod
    def from_config(cls, config: Mapping[str, Any], tensors: Mapping[str, np.ndarray]) -> Tutor:
        """The tutor that `config` and `tensors` described."""
        scorer, student = (
            {name.removeprefix(prefix): array for name, array in tensors.items() if name.startswith(prefix)}
            for prefix in (_SCORER, _STUDENT)
        )
        return cls(
            Scorer.from_config(config["scorer"], scorer),
            Student.from_config(config["student"], student),
            config["share"],
        )


class FittedTutor(NamedTuple):
    """A tutor that knows its building, and how it came about."""

    tutor: Tutor
    lineage: dict[str, Any]
    trial: Trial | None
    """Of the share, None where it was given."""


def fit_tutor(
    train: FingerprintSet, teacher: ScorerTeaching, settings: Mapping[str, Any], options: RunOptions
) -> FittedTutor:
    """A scorer and a network for a building.

    Parameters
    ----------
    train : its training scans
    teacher : of the scorer, as of `fit_scorer`
    settings : of the tutor, of its scorer (scorer.NAME), and of its network and the network's recipe
    options : seed, device, ...; the budget is the network's

    Raises
    ------
    UnknownNameError, BadInputError
        If a setting does not exist or is not allowed.
    """
    own = {name: value for name, value in settings.items() if name in TutorSettings.model_fields}
    chosen = TutorSettings(**checked_settings(TutorSettings, own, "setting of the tutor"))
    of_scorer = {
        name.removeprefix(_SCORER): value for name, value in settings.items() if name.startswith(_SCORER)
    }
    of_network = {
        name: value for name, value in settings.items() if name not in own and not name.startswith(_SCORER)
    }
    recipe = _checked_recipe(chosen.network, of_network)  # a wrong setting is refused before anything learns
    heard = train[train.n_heard > 0]
    if recipe.rss_min_dbm is None:
        of_network = {"rss_min_dbm": chosen.not_heard_dbm(heard), **of_network}
    begin(options)
    pair = _Pair(chosen, teacher, of_scorer, of_network, options)
    held_out: dict[str, float] = {}
    share, trial = chosen.share, None
    if share is None:
        share, held_out, trial = _choose_share(heard, pair)
    scorer, student = pair.scorer(heard, "scorer"), pair.student(heard, "network")
    own_part = {"network": chosen.network, "share": share, "metrics": held_out}
    return FittedTutor(Tutor(scorer.scorer, student, share), {**scorer.lineage, **own_part}, trial)


def _checked_recipe(network: str, of_network: Mapping[str, Any]) -> DistillingRecipe:
    """The network's; of settings that are allowed an error names the tutor's and its scorer's own too."""
    try:
        return chosen_network(network, "default", of_network)[2]
    except UnknownNameError as error:
        if error.kind != "setting":
            raise
        own = {*TutorSettings.model_fields, *(_SCORER + name for name in ScorerSettings.model_fields)}
        raise UnknownNameError("setting", error.given, {*error.allowed, *own}) from None


@dataclass(frozen=True)
class _Pair:
    """How to make a scorer and a network of some training scans."""

    settings: TutorSettings
    teacher: ScorerTeaching
    of_scorer: Mapping[str, Any]
    of_network: Mapping[str, Any]
    options: RunOptions

    def scorer(self, train: FingerprintSet, run: str) -> FittedScorer:
        options = replace(self._options_of(run), budget=Budget())
        return fit_scorer(train, self.teacher, self.of_scorer, options)

    def student(self, train: FingerprintSet, run: str) -> Student:
        settings = {"updates": self.settings.updates_of(self.of_network, len(train)), **self.of_network}
        options, network = self._options_of(run), self.settings.network
        return learn_under_teachers(train, network, (), "default", settings, options).student

    def _options_of(self, run: str) -> RunOptions:
        return self.options.within(run, "to choose the share: " if run.startswith(_HOLD_OUT) else "")


def _choose_share(train: FingerprintSet, pair: _Pair) -> tuple[float, dict[str, float], Trial | None]:
    """A share that does well on reference points held out, the errors there, and the answers.

    Between the best of 21 shares and the prior one: the fewer points are held out, the nearer to that one.
    """
    prior_share = pair.settings.prior_for(_n_points(train))
    if _n_points(train) < _FEWEST_POINTS:
        return prior_share, {}, None
    rest, held = split_by_position(train, fraction=_HELD_OUT, seed=pair.options.seed)
    if not is_spread(train[rest]):
        return prior_share, {}, None
    asked, point = train[held], reference_points(train)[held]
    scorer = pair.scorer(train[rest], f"{_HOLD_OUT}scorer").scorer
    by_scorer = scorer.locate(asked)
    scored = by_scorer.position_m
    learnt = pair.student(train[rest], f"{_HOLD_OUT}network").locate(asked).position_m
    is_known = np.asarray(scorer.representation.transform(asked).sum(axis=1) > 0)  # others get no position
    if not is_known.any():
        return prior_share, {}, None

    def error_m(share: float) -> float:
        off_m = (mixed(scored, learnt, share) - asked.known_position_m)[is_known]
        return float(np.linalg.norm(off_m, axis=1).mean())

    best = min(_SHARES.tolist(), key=error_m)
    n_points, prior = len(np.unique(point[is_known])), pair.settings.prior_points
    share = (n_points * best + prior * prior_share) / (n_points + prior)
    errors = {"held_out_mae_m": share, "held_out_scorer_mae_m": 0.0, "held_out_network_mae_m": 1.0}
    answers = by_scorer._replace(position_m=mixed(scored, learnt, share))
    held_out = {name: round(error_m(each), 3) for name, each in errors.items()}
    return share, held_out, Trial(train[rest], asked, point, answers)


def _n_points(scans: FingerprintSet) -> int:
    return int(reference_points(scans).max(initial=-1)) + 1
