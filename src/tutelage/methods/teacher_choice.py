"""Choice of teachers, or of pretrained weights, by a trial on reference points held out.

A candidate has to be clearly better than the default choice. A difference that chance explains is no reason
to take a teacher, nor to leave one that has proved itself in other buildings.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from tutelage.data.fingerprints import FingerprintSet
from tutelage.data.hold_out import groups_of, hold_out
from tutelage.methods.answer_errors import METRES, ErrorUnit, answer_errors, unit_of
from tutelage.methods.base import FitPlan, TeacherCandidate
from tutelage.methods.lineage import TeacherChoiceRecord
from tutelage.methods.twin import held_out_share
from tutelage.statistics import Difference, holm, paired_bootstraps

__all__ = ["TeacherVerdict", "choose_teachers", "verdict"]

_ALPHA = 0.05


class TeacherVerdict(NamedTuple):
    """A plan whose teachers and pretrained weights are settled."""

    plan: FitPlan
    record: TeacherChoiceRecord | None = None
    """How they were chosen; None if the user named them."""


def choose_teachers(plan: FitPlan, scans: FingerprintSet, survey: str) -> TeacherVerdict:
    """Settle teachers, or pretrained weights, that a user left to choose ("auto").

    A seventh of the reference points are held out, or half of them in a survey of few points. A network tries
    the zoo's teachers one by one and together, each for a quarter of the fit's length, beside no teacher and
    as many untrained ones. It takes teachers that are clearly better than both (paired bootstrap over
    reference points, Holm-corrected). Matcher and blend take the survey's own data alone if that is clearly
    better than the zoo's pretrained matcher. Teachers that learnt in the survey itself take no part, nor do
    those of another width of Z_E.

    Parameters
    ----------
    plan : FitPlan
    scans : FingerprintSet
        Training scans.
    survey : str
        Name of their survey.

    Raises
    ------
    BadInputError, UnknownNameError
        If a setting cannot be used, or the survey cannot be learnt.
    """
    if "auto" not in (plan.teachers, plan.pretrained) or plan.method.candidates is None:
        return TeacherVerdict(plan)
    plan = replace(plan, teachers=(), pretrained="zoo")
    usable_scans = scans[scans.n_heard > 0]
    assert plan.method.candidates is not None
    candidates = plan.method.candidates(plan, scans, survey)
    share = held_out_share(len(groups_of(usable_scans)))
    if share is None or len(candidates) == 1:
        points = "blocks of scans" if scans.position_m is None else "reference points"
        why = f"fewer than eight {points}" if share is None else "no other teacher to try"
        record = TeacherChoiceRecord(chosen=candidates[0].name, why=f"{why}; nothing was tried")
        return TeacherVerdict(_with(plan, candidates[0]), record)
    division = hold_out(usable_scans, share, plan.run.seed)
    rest = usable_scans[division.rest]
    queries = usable_scans[division.held_out]
    trial = plan.method.trial(plan, rest)
    errors = [_errors(trial, each, rest, queries, division.group) for each in candidates]
    winner, record = verdict(candidates, np.stack(errors), unit_of(scans))
    return TeacherVerdict(_with(plan, winner), record)


def _with(plan: FitPlan, candidate: TeacherCandidate) -> FitPlan:
    settings = {
        name: value
        for name, value in plan.settings.items()
        if name.rpartition(".")[2] not in candidate.without
    }
    return replace(plan, teachers=candidate.teachers, pretrained=candidate.pretrained, settings=settings)


def _errors(
    trial: FitPlan,
    candidate: TeacherCandidate,
    rest: FingerprintSet,
    held_out_scans: FingerprintSet,
    point: np.ndarray,
) -> np.ndarray:
    """Give the mean error on each held-out reference point [n_points]; `point` is the point of each scan.

    In a survey of places alone, points are blocks of scans, and errors wrong places.
    """
    stage = f"teachers-{candidate.name.replace(':', '-').replace(' ', '-')}"
    run = trial.run.within(stage, f"teachers {candidate.name}: ")
    method = trial.method.fit(replace(_with(trial, candidate), run=run), rest).method
    error = answer_errors(method.locate(held_out_scans), held_out_scans)
    return np.asarray(np.bincount(point, weights=error) / np.bincount(point))


def verdict(
    candidates: Sequence[TeacherCandidate], errors: np.ndarray, unit: ErrorUnit = METRES
) -> tuple[TeacherCandidate, TeacherChoiceRecord]:
    """Choose the best candidate that is clearly better than all its rivals, otherwise the first.

    Parameters
    ----------
    candidates : sequence of TeacherCandidate
        The first is the default, which needs no trial.
    errors : ndarray [n_candidates, n_points]
        Mean error on each reference point.
    unit : ErrorUnit
        What the errors are counted in.

    Returns
    -------
    winner : TeacherCandidate
    record : TeacherChoiceRecord
        Every candidate's error, and its contests with its rivals.
    """
    contests = _contests(candidates, errors, unit)
    better = [
        (float(of_one.mean()), candidate)
        for candidate, of_one in zip(candidates, errors, strict=True)
        if candidate.rivals and all(c["clear"] for c in contests if c["candidate"] == candidate.name)
    ]
    winner = min(better, key=lambda pair: pair[0])[1] if better else candidates[0]
    rivals = " and ".join(winner.rivals)
    why = f"clearly better than {rivals}" if better else f"nothing is clearly better than {winner.name}"
    means = paired_bootstraps(errors[:, None])
    figures = [{"name": c.name, **_interval(mean, unit)} for c, mean in zip(candidates, means, strict=True)]
    record = TeacherChoiceRecord(
        chosen=winner.name,
        why=why,
        n_points=errors.shape[1],
        candidates=tuple(figures),
        contests=tuple(contests),
    )
    return winner, record


def _contests(
    candidates: Sequence[TeacherCandidate], errors: np.ndarray, unit: ErrorUnit
) -> list[dict[str, Any]]:
    """Compare every candidate with each of its rivals, and judge whether the difference is clear."""
    row = {candidate.name: i for i, candidate in enumerate(candidates)}
    pairs = [(candidate.name, rival) for candidate in candidates for rival in candidate.rivals]
    between = np.stack([errors[row[name]] - errors[row[rival]] for name, rival in pairs])
    differences = paired_bootstraps(between[:, None])
    p_values = holm([difference.p for difference in differences])
    return [
        {
            "candidate": name,
            "rival": rival,
            **_interval(difference, unit),
            "p": round(float(p), 5),
            "clear": bool(difference.high < 0 and p <= _ALPHA),
        }
        for (name, rival), difference, p in zip(pairs, differences, p_values, strict=True)
    ]


def _interval(difference: Difference, unit: ErrorUnit) -> dict[str, float]:
    """Give mean and interval, of metres rounded to millimetres."""
    return {f"{name}{unit.suffix}": round(getattr(difference, name), 3) for name in ("mean", "low", "high")}
