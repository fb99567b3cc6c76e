"""Which teachers suit a building: candidates tried on reference points of its own that are held out.

Something has to be clearly better than what would be taken without a trial: a difference that chance explains
is no reason to take a teacher, nor to leave one that has proved itself in other buildings.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from tutelage.data.fingerprints import FingerprintSet
from tutelage.data.sets.same_building import same_building
from tutelage.data.splits import reference_points, split_by_position
from tutelage.errors import BadInputError
from tutelage.methods.fitting import FitPlan, learn_building, share_held_out
from tutelage.methods.learning import chosen_network
from tutelage.methods.matcher import MatcherSettings, shipped_matcher
from tutelage.methods.teachers.shelf import zoo_teachers
from tutelage.methods.teachers.teacher_names import AUTO, TeacherNames, network_teachers, teacher_list
from tutelage.networks import SpecializedNetwork, checked_settings, plain_name
from tutelage.statistics import Difference, holm, paired_bootstraps
from tutelage.training import Budget, epochs_in_paper

__all__ = ["Candidate", "Chosen", "choose_teachers", "verdict"]

_SHARE = 0.25  # of the fit's length: a trial of a network
_ALPHA = 0.05
_NONE, _SHIPPED, _OWN_MAP, _MATCHER = "none", "zoo:matcher", "fine_tune", "matcher."


class Chosen(NamedTuple):
    """A plan whose teachers are settled, and why them."""

    plan: FitPlan
    evidence: dict[str, Any] | None
    """None where the user named them."""


@dataclass(frozen=True)
class Candidate:
    """Teachers that may be taken.

    Parameters
    ----------
    name : what the evidence calls them
    teachers : as of `Localizer`
    rivals : candidates that they have to be clearly better than; of a control, none: it is never taken
    """

    name: str
    teachers: TeacherNames
    rivals: tuple[str, ...] = ()


def choose_teachers(plan: FitPlan, scans: FingerprintSet, survey: str) -> Chosen:
    """The plan with its teachers read and, if they are left to choose ("auto"), chosen.

    A seventh of the reference points are held out, of a survey of few points half. Of a network, the zoo's
    teachers are tried one by one and together, each for a quarter of the fit's length, beside no teacher and
    as many untrained ones; teachers are taken if they are clearly better than both (paired bootstrap over
    reference points, Holm-corrected). Of a matcher or blend, the zoo's pretrained matcher is left for the survey's
    own data alone if those are clearly better. Teachers that learnt in the survey itself take no part, nor do
    those of another width of Z_E.

    Parameters
    ----------
    plan : its teachers as the user named them
    scans, survey : training scans, and the survey's name

    Raises
    ------
    BadInputError, UnknownNameError
        If a teacher or setting cannot be used, or the survey cannot be learnt.
    """
    is_network = plan.network not in ("knn", "matcher", "blend")
    if plan.network == "knn" or plan.transfer != "none":
        return Chosen(plan, None)
    if teacher_list(plan.teachers) != [AUTO]:
        if is_network:
            network = plain_name(plan.network)
            plan = replace(plan, teachers=network_teachers(plan.teachers, network, scans, survey))
        return Chosen(plan, None)
    heard = scans[scans.n_heard > 0]
    candidates = (_of_network if is_network else _of_matcher)(plan, scans, survey)
    share = share_held_out(int(reference_points(heard).max(initial=-1)) + 1)
    if share is None or len(candidates) == 1:
        why = "fewer than eight reference points" if share is None else "no other teacher to try"
        return _taken(plan, candidates[0], {"why": f"{why}; nothing was tried"})
    rest, held = split_by_position(heard, fraction=share, seed=plan.options.seed)
    trial = _trial_plan(plan, len(rest), is_network)
    point = np.unique(reference_points(heard)[held], return_inverse=True)[1]
    errors_m = [_errors_m(trial, each, heard[rest], heard[held], point) for each in candidates]
    return _taken(plan, *verdict(candidates, np.stack(errors_m)))


def _of_network(plan: FitPlan, scans: FingerprintSet, survey: str) -> list[Candidate]:
    """No teachers, then the zoo's one by one and together, with as many untrained ones beside them."""
    choice, of_network, _ = chosen_network(plan.network, plan.recipe, plan.settings)
    n_ap = len(scans.access_points)
    d_e = SpecializedNetwork(choice.spec, n_ap, of_network).d_e(n_ap)
    of_zoo = zoo_teachers(choice.spec.name, scans, survey).values()
    known = [teacher for teacher in of_zoo if teacher.card.d_e == d_e]
    if not known:
        return [Candidate(_NONE, _NONE)]
    found = [Candidate(_NONE, _NONE), Candidate("untrained", ("untrained",))]
    found += [Candidate(teacher.card.source, (teacher,), (_NONE, "untrained")) for teacher in known]
    if len(known) > 1:
        controls = f"{len(known)} untrained"
        found.append(Candidate(controls, ("untrained",) * len(known)))
        found.append(Candidate("all", tuple(known), (_NONE, controls)))
    return found


def _of_matcher(plan: FitPlan, scans: FingerprintSet, survey: str) -> list[Candidate]:
    """The pretrained matcher of the zoo, unless it learnt here, then the survey's own data alone."""
    given = checked_settings(MatcherSettings, _settings_of_matcher(plan), "setting of the matcher")
    if MatcherSettings(**given).fine_tune is False:
        raise BadInputError(
            "fine_tune=false does not go with teachers auto, which may choose your radio map alone; leave one "
            "of them out"
        )
    sources = [(source.source, source.data_hash) for source in shipped_matcher().card.sources]
    if same_building(sources, scans, survey):
        return [Candidate(_NONE, _NONE)]
    return [Candidate(_SHIPPED, ()), Candidate(_NONE, _NONE, (_SHIPPED,))]


def _trial_plan(plan: FitPlan, n_scans: int, is_network: bool) -> FitPlan:
    """How every candidate learns in the trial."""
    if is_network:
        return replace(plan, options=replace(plan.options, budget=_trial_budget(plan, n_scans)))
    of_matcher, options = _settings_of_matcher(plan), plan.options
    of_matcher.pop(_OWN_MAP, None)
    if plan.network == "blend":  # its network, whose length the budget is, has no part in this
        options = replace(options, budget=Budget())
    return replace(plan, network="matcher", settings=of_matcher, options=options)


def _settings_of_matcher(plan: FitPlan) -> dict[str, Any]:
    """Those of the plan that are of its matcher."""
    if plan.network == "matcher":
        return dict(plan.settings)
    prefixed = [name for name in plan.settings if name.startswith(_MATCHER)]
    return {name.removeprefix(_MATCHER): plan.settings[name] for name in prefixed}


def _trial_budget(plan: FitPlan, n_scans: int) -> Budget:
    given = plan.options.budget
    if given.minutes:
        return Budget(minutes=_SHARE * given.minutes)
    recipe = chosen_network(plan.network, plan.recipe, plan.settings)[2]
    in_paper = epochs_in_paper(n_scans) if plan.recipe == "paper" else None
    return Budget(updates=max(1, round(_SHARE * given.n_steps(n_scans, recipe, in_paper))))


def _errors_m(
    plan: FitPlan, candidate: Candidate, rest: FingerprintSet, held: FingerprintSet, point: np.ndarray
) -> np.ndarray:
    """[n_points] mean error on each reference point held out; `point` says which scan is of which."""
    run = f"teachers-{candidate.name.replace(':', '-').replace(' ', '-')}"
    options = plan.options.within(run, f"teachers {candidate.name}: ")
    learnt = learn_building(replace(plan, teachers=candidate.teachers, options=options), rest)
    error_m = np.linalg.norm(learnt.method.locate(held).position_m - held.known_position_m, axis=1)
    return np.asarray(np.bincount(point, weights=error_m) / np.bincount(point))


def verdict(candidates: Sequence[Candidate], errors_m: np.ndarray) -> tuple[Candidate, dict[str, Any]]:
    """The best of the candidates that are clearly better than all their rivals, else the first; and why.

    Parameters
    ----------
    candidates : the first is what is taken without a trial
    errors_m : [n_candidates, n_points] mean error on each reference point, in metres

    Returns
    -------
    The candidate, and as plain figures: every candidate's error, and its contests with its rivals.
    """
    contests = _contests(candidates, errors_m)
    better = [
        (float(error_m.mean()), candidate)
        for candidate, error_m in zip(candidates, errors_m, strict=True)
        if candidate.rivals and all(c["clear"] for c in contests if c["candidate"] == candidate.name)
    ]
    taken = min(better, key=lambda pair: pair[0])[1] if better else candidates[0]
    beaten = " and ".join(taken.rivals)
    why = f"clearly better than {beaten}" if better else f"nothing is clearly better than {taken.name}"
    means = paired_bootstraps(errors_m[:, None])
    tried = [{"name": c.name, **_interval(mean)} for c, mean in zip(candidates, means, strict=True)]
    return taken, {"why": why, "n_points": errors_m.shape[1], "tried": tried, "contests": contests}


def _contests(candidates: Sequence[Candidate], errors_m: np.ndarray) -> list[dict[str, Any]]:
    """Every candidate against each of its rivals: difference of errors, and whether it is clearly better."""
    place = {candidate.name: i for i, candidate in enumerate(candidates)}
    pairs = [(candidate.name, rival) for candidate in candidates for rival in candidate.rivals]
    against = np.stack([errors_m[place[name]] - errors_m[place[rival]] for name, rival in pairs])
    differences = paired_bootstraps(against[:, None])
    p_values = holm([difference.p for difference in differences])
    return [
        {
            "candidate": name,
            "rival": rival,
            **_interval(difference),
            "p": round(float(p), 5),
            "clear": bool(difference.high < 0 and p <= _ALPHA),
        }
        for (name, rival), difference, p in zip(pairs, differences, p_values, strict=True)
    ]


def _taken(plan: FitPlan, candidate: Candidate, evidence: dict[str, Any]) -> Chosen:
    return Chosen(replace(plan, teachers=candidate.teachers), {"taken": candidate.name, **evidence})


def _interval(difference: Difference) -> dict[str, float]:
    """Metres, rounded to millimetres."""
    values = {"mean_m": difference.mean, "low_m": difference.low, "high_m": difference.high}
    return {name: round(value, 3) for name, value in values.items()}
