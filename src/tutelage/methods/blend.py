"""The blend: a matcher, and a network of the same building where the survey is large and varied.

The matcher weighs what was surveyed, so it is right where the survey is dense; the network fills the gaps.
What a network learns from a few phones, one day or a small survey did not hold for other phones and days
(research/matcher.md). There the matcher answers alone, and where the network
is clearly worse at held-out points.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, NamedTuple

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from tutelage.data.fingerprints import FingerprintSet
from tutelage.data.hold_out import MANY_PHONES, can_be_held_out, hold_out, lacks, n_phones
from tutelage.data.representation import RssRepresentation
from tutelage.data.splits import is_spread, n_reference_points
from tutelage.errors import UnknownNameError
from tutelage.methods.answer_errors import answer_errors
from tutelage.methods.base import ExportParts, FitPlan, Fitted, MethodSpec, TeacherCandidate, UpdateSpec
from tutelage.methods.calibration import Trial
from tutelage.methods.lineage import MethodLineage
from tutelage.methods.matcher.matcher import Matcher
from tutelage.methods.matcher_method import (
    MATCHER_METHOD,
    MatcherSettings,
    continue_matcher,
    fit_matcher,
    matcher_export_parts,
    pretrained_candidates,
    require_effect,
)
from tutelage.methods.method_registry import register_method
from tutelage.methods.network import NetworkLesson, network_lesson, train_lesson
from tutelage.methods.network_update import continue_network, takes_access_points
from tutelage.methods.radio_map import RadioMap
from tutelage.networks import checked_settings, network_choice
from tutelage.runtime.positions import Located
from tutelage.runtime.prefixes import with_prefix
from tutelage.runtime.votes import mixed
from tutelage.training import Budget, RunOptions, steps_per_epoch
from tutelage.training.stage import begin
from tutelage.training.trained_network import TrainedNetwork

__all__ = ["Blend", "BlendSettings", "fit_blend", "thin_evidence"]

_HELD_OUT_SHARE = 0.15
_SHARES = np.linspace(0, 1, 21)
_SHARE_IN_SMALL_SURVEY = 0.8
_SHARE_IN_LARGE_SURVEY = 0.2
_LARGE_SURVEY = 500  # reference points
_FEWEST_POINTS = 3  # so that two are left for the matcher to learn from
_SMALLEST_GAIN = 0.02  # of the error; less is level
_STANDARD_ERRORS = 2.0  # that a gain must exceed
_NO_NETWORK = "no network"
_MATCHER = "matcher."  # before the names of the matcher's settings and weights
_NETWORK = "network."
_HOLD_OUT = "held-out-"  # before the names of the runs that choose the share


class BlendSettings(BaseModel):
    """Settings of the method blend, beside the matcher's (as matcher.NAME) and those of its network."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    network: str = "dnn"
    """Network of the blend, or NAME:FILE from `tune`."""
    always: bool = False
    """Train the network even if the survey is small or has few phones or days."""
    share: Annotated[float, Field(ge=0, le=1)] | None = None
    """Share of the network in each position. If you do not set it, `fit` chooses it on held-out points."""
    prior_share: Annotated[float, Field(ge=0, le=1)] | None = None
    """Share that the chosen one is drawn towards.

    By default, 0.8 in a survey of few reference points, less with more, and 0.2 from 500 on. A held-out point
    is farther from the rest of the survey than most places are. The network suffers less from that than the
    matcher, so the best share there is too large everywhere else.
    """
    prior_points: Annotated[float, Field(ge=0)] = 200.0
    """How strongly it is drawn: `prior_share` counts like this number of reference points."""
    faint_db: Annotated[float, Field(gt=0)] = 12.0
    """The network's "not heard" lies this many dB below the lowest training reading.

    It has no effect if you set `rss_min_dbm`. A network alone has 1 dB, so that faint readings count almost
    nothing. Other phones hear more faint readings, or fewer.
    """
    network_epochs: Annotated[int, Field(ge=1)] = 800
    """Most passes of the network over the scans, if you set no length. A small survey needs few."""

    def prior_for(self, n_points: int) -> float:
        """Give `prior_share` for a survey.

        Parameters
        ----------
        n_points : int
            Reference points of the survey.
        """
        if self.prior_share is not None:
            return self.prior_share
        rest = max(0.0, 1 - n_points / _LARGE_SURVEY)
        return _SHARE_IN_LARGE_SURVEY + rest * (_SHARE_IN_SMALL_SURVEY - _SHARE_IN_LARGE_SURVEY)

    def not_heard_dbm(self, usable_scans: FingerprintSet) -> float:
        """Give the network's "not heard" in dBm, `faint_db` below the lowest reading.

        Parameters
        ----------
        usable_scans : FingerprintSet
            Training scans that hear something.
        """
        return float(usable_scans.rss_dbm.data.min()) - self.faint_db

    def updates_for(self, lesson: NetworkLesson, n_scans: int) -> int:
        """Give the network's updates where no length is set: its recipe's, `network_epochs` at most.

        Parameters
        ----------
        lesson : NetworkLesson
        n_scans : int
            Training scans.
        """
        recipe = lesson.recipe
        return min(recipe.updates, self.network_epochs * steps_per_epoch(n_scans, recipe.batch_size))

    def lesson(self, network_settings: Mapping[str, Any]) -> NetworkLesson:
        """Check the settings of the network and of its recipe.

        Parameters
        ----------
        network_settings : mapping
            Settings of both, by name.

        Raises
        ------
        UnknownNameError, BadInputError
            If a setting does not exist or is not allowed.
        """
        return network_lesson(network_choice(self.network), "default", network_settings)


@dataclass(frozen=True, eq=False)
class Blend:
    """A matcher, and perhaps a network, that answer together.

    Parameters
    ----------
    matcher : Matcher
    network : TrainedNetwork or None
        Of the same building; None where the matcher answers alone.
    share : float
        Share of the network in each position, 0 to 1.
    """

    matcher: Matcher
    network: TrainedNetwork | None
    share: float

    @property
    def representation(self) -> RssRepresentation:
        """How the matcher reads RSS."""
        return self.matcher.representation

    @property
    def radio_map(self) -> RadioMap:
        """The matcher's radio map."""
        return self.matcher.radio_map

    def locate(self, scans: FingerprintSet) -> Located:
        """Give the mean of both answers, weighted by their shares; floor and building are the matcher's."""
        matcher_answer = self.matcher.locate(scans)
        if self.network is None:
            return matcher_answer
        return mixed(matcher_answer, self.network.locate(scans), self.share)

    def config(self) -> dict[str, Any]:
        """Give what `from_config` needs beside the tensors."""
        network = self.network and self.network.config()
        return {"matcher": self.matcher.config(), "network": network, "share": self.share}

    def tensors(self) -> dict[str, np.ndarray]:
        """Give the arrays of both."""
        network = {} if self.network is None else self.network.tensors()
        parts = ((_MATCHER, self.matcher.tensors()), (_NETWORK, network))
        return {prefix + name: array for prefix, tensors in parts for name, array in tensors.items()}

    @classmethod
    def from_config(cls, config: Mapping[str, Any], tensors: Mapping[str, np.ndarray]) -> Blend:
        """Make the blend that `config` and `tensors` describe."""
        network = config["network"]
        return cls(
            Matcher.from_config(config["matcher"], with_prefix(tensors, _MATCHER)),
            network and TrainedNetwork.from_config(network, with_prefix(tensors, _NETWORK)),
            config["share"],
        )


def fit_blend(plan: FitPlan, scans: FingerprintSet) -> Fitted:
    """Fit a matcher to training scans, and a network where it helps; choose how much each of them counts.

    Parameters
    ----------
    plan : FitPlan
        Its settings are those of the blend, of its matcher (matcher.NAME), of its network and of the
        network's recipe. `pretrained` is for the matcher, and the length for the network.
    scans : FingerprintSet
        With positions, places or both; those that hear nothing are left out.

    Raises
    ------
    UnknownNameError, BadInputError
        If a setting does not exist or is not allowed.
    """
    blend_settings = {
        name: plan.settings[name] for name in plan.settings if name in BlendSettings.model_fields
    }
    settings = BlendSettings(**checked_settings(BlendSettings, blend_settings, "setting of the blend"))
    network_settings = {
        name: plan.settings[name]
        for name in plan.settings
        if name not in blend_settings and not name.startswith(_MATCHER)
    }
    lesson = _checked_lesson(settings, network_settings)  # a wrong setting is refused before anything learns
    require_effect(matcher_plan(plan), scans, _MATCHER)
    usable_scans = scans[scans.n_heard > 0]
    if lesson.recipe.rss_min_dbm is None:
        network_settings = {"rss_min_dbm": settings.not_heard_dbm(usable_scans), **network_settings}
    begin(plan.run)
    pair = _Pair(settings, matcher_plan(plan), network_settings, plan.run)
    choice = _choose(usable_scans, pair)
    fitted = pair.matcher(usable_scans, "matcher")
    assert isinstance(fitted.method, Matcher)
    network = pair.network(usable_scans, "network") if choice.has_network else None
    changes = {
        "network": settings.network if network is not None else _NO_NETWORK,
        "share": choice.share,
        "share_reason": choice.reason,
        "metrics": choice.errors,
    }
    twin_settings = {"share": choice.share} | {
        _MATCHER + name: value for name, value in fitted.twin_settings.items()
    }
    return Fitted(
        Blend(fitted.method, network, choice.share),
        fitted.lineage.model_copy(update=changes),
        choice.trial,
        twin_settings=twin_settings,
    )


def matcher_plan(plan: FitPlan) -> FitPlan:
    """Give the plan of a blend's matcher: its own settings, and no length, which is the network's.

    Parameters
    ----------
    plan : FitPlan
        Of the blend.
    """
    settings = with_prefix(plan.settings, _MATCHER)
    return replace(plan, method=MATCHER_METHOD, settings=settings).with_budget(Budget())


def _checked_lesson(settings: BlendSettings, network_settings: Mapping[str, Any]) -> NetworkLesson:
    """Check the network's settings; an error suggests the settings of blend and matcher as well."""
    try:
        return settings.lesson(network_settings)
    except UnknownNameError as error:
        if error.kind != "setting":
            raise
        matcher_names = (_MATCHER + name for name in MatcherSettings.model_fields)
        names = {*error.allowed, *BlendSettings.model_fields, *matcher_names}
        raise UnknownNameError("setting", error.given, names) from None


@dataclass(frozen=True)
class _Pair:
    """How to make a matcher and a network of some training scans."""

    settings: BlendSettings
    matcher_plan: FitPlan
    network_settings: Mapping[str, Any]
    run: RunOptions

    def matcher(self, scans: FingerprintSet, stage: str) -> Fitted:
        run = replace(self._run_within(stage), budget=Budget())
        return fit_matcher(replace(self.matcher_plan, run=run), scans)

    def network(self, scans: FingerprintSet, stage: str) -> TrainedNetwork:
        updates = self.settings.updates_for(self.settings.lesson(self.network_settings), len(scans))
        lesson = self.settings.lesson({"updates": updates, **self.network_settings})
        return train_lesson(scans, lesson, (), self._run_within(stage))

    def _run_within(self, stage: str) -> RunOptions:
        return self.run.within(stage, "to choose the share: " if stage.startswith(_HOLD_OUT) else "")


class _Choice(NamedTuple):
    """A share, why it was chosen, mean errors on held-out scans, and the trial that found them."""

    share: float
    reason: str = ""
    errors: Mapping[str, float] = {}
    trial: Trial | None = None

    @property
    def has_network(self) -> bool:
        return self.share > 0

    @classmethod
    def without_network(cls, why: str) -> _Choice:
        return cls(0.0, f"{_NO_NETWORK}: {why}")


def _choose(scans: FingerprintSet, pair: _Pair) -> _Choice:
    """Choose the share of the network: none where the evidence for it is thin."""
    settings = pair.settings
    if settings.share is not None:
        return _Choice(settings.share)
    if not settings.always:
        thin = thin_evidence(scans)
        if thin:
            return _Choice.without_network(f"{thin} cannot show what it does for others")
    return _choose_share(scans, pair)


def thin_evidence(scans: FingerprintSet) -> str:
    """Say what a survey has too little of to trust a network; "" if nothing.

    Parameters
    ----------
    scans : FingerprintSet
        Training scans that hear something.
    """
    phones = n_phones(scans)
    points = n_reference_points(scans)
    if phones < MANY_PHONES:
        return f"scans of {phones or 'no'} named phone{'s' if phones != 1 else ''}"
    if "day" in lacks(scans):
        return "scans of one day"
    return f"{points} reference points" if points < _LARGE_SURVEY else ""


def _choose_share(scans: FingerprintSet, pair: _Pair) -> _Choice:
    """Choose a share that does well on reference points held out, or none if the matcher is clearly better.

    The share lies between the best of 21 shares and the prior share. The fewer points are held out, the
    nearer it is to the prior one.
    """
    settings = pair.settings
    n_points = n_reference_points(scans)
    prior_share = settings.prior_for(n_points)
    untried = (
        _Choice(prior_share) if settings.always else _Choice.without_network("too few points to try one")
    )
    if n_points < _FEWEST_POINTS or not can_be_held_out(scans):
        return untried
    division = hold_out(scans, _HELD_OUT_SHARE, pair.run.seed)
    rest = scans[division.rest]
    if not is_spread(rest):
        return untried
    queries = scans[division.held_out]
    matcher = pair.matcher(rest, f"{_HOLD_OUT}matcher").method
    assert isinstance(matcher, Matcher)
    network = pair.network(rest, f"{_HOLD_OUT}network")
    is_answered = np.asarray(matcher.representation.transform(queries).sum(axis=1) > 0)
    if not is_answered.any():
        return untried
    by_matcher, by_network = (each.locate(queries[is_answered]) for each in (matcher, network))

    def errors(share: float) -> np.ndarray:
        return answer_errors(mixed(by_matcher, by_network, share), queries[is_answered])

    best = min(_SHARES.tolist(), key=lambda share: float(errors(share).mean()))
    point = np.unique(division.group[is_answered], return_inverse=True)[1]
    n_answered = int(point.max()) + 1
    share = (n_answered * best + settings.prior_points * prior_share) / (n_answered + settings.prior_points)
    reason = ""
    if not settings.always and _is_clearly_better(errors(0.0), errors(share), point):
        share, reason = 0.0, f"{_NO_NETWORK}: clearly worse at {division.words}"
    figure = "mae_m" if scans.position_m is not None else "miss"
    shares = {f"held_out_{figure}": share, f"held_out_matcher_{figure}": 0.0}
    shares[f"held_out_network_{figure}"] = 1.0
    means = {name: round(float(errors(each).mean()), 3) for name, each in shares.items()}
    twin = Blend(matcher, network if share else None, share)
    is_walked = division.groups.kind == "walk"
    trial = Trial(rest, queries, division.group, twin.locate, division.words, is_walked)
    return _Choice(share, reason, means, trial)


def _is_clearly_better(error_m: np.ndarray, before_m: np.ndarray, point: np.ndarray) -> bool:
    """Tell whether errors [n] are clearly smaller than others; each reference point or walk counts alike."""
    n_scans = np.bincount(point)
    if len(n_scans) < 2:
        return False
    gain_m = np.bincount(point, before_m - error_m) / n_scans
    noise_m = gain_m.std(ddof=1) / np.sqrt(len(gain_m))
    least_m = _SMALLEST_GAIN * np.mean(np.bincount(point, before_m) / n_scans)
    return bool(gain_m.mean() > max(least_m, _STANDARD_ERRORS * noise_m))


# -- the spec ------------------------------------------------------------------------------------------


def _continue(method: Blend, old: FingerprintSet, new: FingerprintSet, run: RunOptions) -> Blend:
    """Search old and new scans together, and let the network learn on; the share stays."""
    network = method.network and continue_network(method.network, old, new, run, adds_places=True)
    return Blend(continue_matcher(method.matcher, old, new, run), network, method.share)


def _has_network(method: Blend) -> bool:
    return method.network is not None


def _takes_access_points(method: Blend) -> bool:
    return method.network is None or takes_access_points(method.network)


def _export_parts(method: Blend) -> ExportParts:
    parts = matcher_export_parts(method.matcher)
    if method.network is None:
        return parts
    settings = {**parts.settings, "share": method.share}
    return replace(parts, kind="blend", settings=settings, network=method.network)


def _explanation(lineage: MethodLineage) -> dict[str, Any]:
    names = ("network", "share", "share_reason")
    own = {name: getattr(lineage, name) for name in names if getattr(lineage, name) is not None}
    return {**MATCHER_METHOD.explain(lineage), **own}


def _candidates(plan: FitPlan, scans: FingerprintSet, survey: str) -> list[TeacherCandidate]:
    return pretrained_candidates(matcher_plan(plan), scans, survey)


def _trial(plan: FitPlan, scans: FingerprintSet) -> FitPlan:
    """Try the matcher alone: the network, for which the length is, has nothing pretrained."""
    return MATCHER_METHOD.trial(matcher_plan(plan), scans)


register_method(
    MethodSpec(
        "blend",
        "a matcher, and a network beside it where the survey is large and has many phones: the default",
        fit_blend,
        Blend.from_config,
        options=frozenset({"pretrained", "length"}),
        refusals=MATCHER_METHOD.refusals,
        update=UpdateSpec(_continue, learns=_has_network, takes_new_access_points=_takes_access_points),
        export=_export_parts,
        explain=_explanation,
        trial=_trial,
        candidates=_candidates,
        fine_tune_setting="matcher.fine_tune",
        trains_network=True,
        fast={"share": 0, **{_MATCHER + name: value for name, value in MATCHER_METHOD.fast.items()}},
    )
)
