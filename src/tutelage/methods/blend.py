"""The blend: a matcher and a network of one building, and how much each of them counts.

The matcher weighs what was surveyed, so it is right where the survey is dense; the network fills the gaps.
Which of them to trust differs from building to building: the share is chosen on reference points held out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, NamedTuple

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from tutelage.data.fingerprints import FingerprintSet
from tutelage.data.representation import RssRepresentation
from tutelage.data.splits import is_spread, reference_points, split_by_position
from tutelage.errors import UnknownNameError
from tutelage.methods.calibration import Trial
from tutelage.methods.learning import chosen_network, learn_under_teachers
from tutelage.methods.matcher import FittedMatcher, Matcher, MatcherSettings, Pretrained, fit_matcher
from tutelage.methods.radio_map import RadioMap
from tutelage.networks import checked_settings
from tutelage.paper.expert_distilling import DistillingRecipe
from tutelage.runtime.positions import Located
from tutelage.runtime.votes import mixed
from tutelage.training import Budget, RunOptions, begin, steps_per_epoch
from tutelage.training.trained_network import TrainedNetwork

__all__ = ["Blend", "BlendSettings", "FittedBlend", "fit_blend"]

_HELD_OUT = 0.15
_SHARES = np.linspace(0, 1, 21)
_IN_SMALL, _IN_LARGE, _LARGE = 0.8, 0.2, 500  # prior shares, and the points that make a survey large
_FEWEST_POINTS = 3  # so that two are left for the matcher to learn from
_MATCHER = "matcher."  # before the names of the matcher's settings and weights
_STUDENT = "student."
_HOLD_OUT = "held-out-"  # before the names of the runs that choose the share


class BlendSettings(BaseModel):
    """Settings of `--network blend`, beside the matcher's (as matcher.NAME) and those of its network."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    network: str = "dnn"
    """A registered network, or NAME:FILE."""
    share: Annotated[float, Field(ge=0, le=1)] | None = None
    """Of the network in each position; None: chosen on reference points held out."""
    prior_share: Annotated[float, Field(ge=0, le=1)] | None = None
    """What the chosen share is pulled towards; None: four fifths with a handful of reference points, less
    with more, a fifth from 500 on.

    A point that is held out lies farther from the rest of the survey than most places do, and the network
    suffers less from that than the matcher: the share that is best there is too large everywhere else.
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
class Blend:
    """A matcher and a network that answer together.

    Parameters
    ----------
    matcher, student : of the same building
    share : of the student in each position, 0 to 1
    """

    matcher: Matcher
    student: TrainedNetwork
    share: float

    @property
    def representation(self) -> RssRepresentation:
        return self.matcher.representation

    @property
    def radio_map(self) -> RadioMap:
        return self.matcher.radio_map

    def locate(self, scans: FingerprintSet) -> Located:
        """The mean of both positions, weighted by their shares; labels are the matcher's."""
        scored, learnt = self.matcher.locate(scans), self.student.locate(scans)
        return scored._replace(position_m=mixed(scored.position_m, learnt.position_m, self.share))

    def config(self) -> dict[str, Any]:
        """What `from_config` needs beside the tensors."""
        return {"matcher": self.matcher.config(), "student": self.student.config(), "share": self.share}

    def tensors(self) -> dict[str, np.ndarray]:
        """The arrays of both."""
        parts = (_MATCHER, self.matcher.tensors()), (_STUDENT, self.student.tensors())
        return {prefix + name: array for prefix, tensors in parts for name, array in tensors.items()}

    @classmethod
    def from_config(cls, config: Mapping[str, Any], tensors: Mapping[str, np.ndarray]) -> Blend:
        """The blend that `config` and `tensors` described."""
        matcher, student = (
            {name.removeprefix(prefix): array for name, array in tensors.items() if name.startswith(prefix)}
            for prefix in (_MATCHER, _STUDENT)
        )
        return cls(
            Matcher.from_config(config["matcher"], matcher),
            TrainedNetwork.from_config(config["student"], student),
            config["share"],
        )


class FittedBlend(NamedTuple):
    """A blend that knows its building, and how it came about."""

    blend: Blend
    lineage: dict[str, Any]
    trial: Trial | None
    """Of the share, None where it was given."""


def fit_blend(
    train: FingerprintSet, teacher: Pretrained, settings: Mapping[str, Any], options: RunOptions
) -> FittedBlend:
    """A matcher and a network for a building.

    Parameters
    ----------
    train : its training scans
    teacher : of the matcher, as of `fit_matcher`
    settings : of the blend, of its matcher (matcher.NAME), and of its network and the network's recipe
    options : seed, device, ...; the budget is the network's

    Raises
    ------
    UnknownNameError, BadInputError
        If a setting does not exist or is not allowed.
    """
    own = {name: value for name, value in settings.items() if name in BlendSettings.model_fields}
    chosen = BlendSettings(**checked_settings(BlendSettings, own, "setting of the blend"))
    of_matcher = {
        name.removeprefix(_MATCHER): value for name, value in settings.items() if name.startswith(_MATCHER)
    }
    of_network = {
        name: value for name, value in settings.items() if name not in own and not name.startswith(_MATCHER)
    }
    recipe = _checked_recipe(chosen.network, of_network)  # a wrong setting is refused before anything learns
    heard = train[train.n_heard > 0]
    if recipe.rss_min_dbm is None:
        of_network = {"rss_min_dbm": chosen.not_heard_dbm(heard), **of_network}
    begin(options)
    pair = _Pair(chosen, teacher, of_matcher, of_network, options)
    held_out: dict[str, float] = {}
    share, trial = chosen.share, None
    if share is None:
        share, held_out, trial = _choose_share(heard, pair)
    matcher, student = pair.matcher(heard, "matcher"), pair.student(heard, "network")
    own_part = {"network": chosen.network, "share": share, "metrics": held_out}
    return FittedBlend(Blend(matcher.matcher, student, share), {**matcher.lineage, **own_part}, trial)


def _checked_recipe(network: str, of_network: Mapping[str, Any]) -> DistillingRecipe:
    """The network's; of settings that are allowed an error names the blend's and its matcher's own too."""
    try:
        return chosen_network(network, "default", of_network)[2]
    except UnknownNameError as error:
        if error.kind != "setting":
            raise
        own = {*BlendSettings.model_fields, *(_MATCHER + name for name in MatcherSettings.model_fields)}
        raise UnknownNameError("setting", error.given, {*error.allowed, *own}) from None


@dataclass(frozen=True)
class _Pair:
    """How to make a matcher and a network of some training scans."""

    settings: BlendSettings
    teacher: Pretrained
    of_matcher: Mapping[str, Any]
    of_network: Mapping[str, Any]
    options: RunOptions

    def matcher(self, train: FingerprintSet, run: str) -> FittedMatcher:
        options = replace(self._options_of(run), budget=Budget())
        return fit_matcher(train, self.teacher, self.of_matcher, options)

    def student(self, train: FingerprintSet, run: str) -> TrainedNetwork:
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
    matcher = pair.matcher(train[rest], f"{_HOLD_OUT}matcher").matcher
    by_matcher = matcher.locate(asked)
    scored = by_matcher.position_m
    learnt = pair.student(train[rest], f"{_HOLD_OUT}network").locate(asked).position_m
    is_known = np.asarray(matcher.representation.transform(asked).sum(axis=1) > 0)  # others get no position
    if not is_known.any():
        return prior_share, {}, None

    def error_m(share: float) -> float:
        off_m = (mixed(scored, learnt, share) - asked.known_position_m)[is_known]
        return float(np.linalg.norm(off_m, axis=1).mean())

    best = min(_SHARES.tolist(), key=error_m)
    n_points, prior = len(np.unique(point[is_known])), pair.settings.prior_points
    share = (n_points * best + prior * prior_share) / (n_points + prior)
    errors = {"held_out_mae_m": share, "held_out_matcher_mae_m": 0.0, "held_out_network_mae_m": 1.0}
    answers = by_matcher._replace(position_m=mixed(scored, learnt, share))
    held_out = {name: round(error_m(each), 3) for name, each in errors.items()}
    return share, held_out, Trial(train[rest], asked, point, answers)


def _n_points(scans: FingerprintSet) -> int:
    return int(reference_points(scans).max(initial=-1)) + 1
