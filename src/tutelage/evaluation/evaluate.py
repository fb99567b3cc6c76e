"""Evaluation of a model, or of answers, on scans with positions or places."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tutelage.data.fingerprints import FingerprintSet, Survey
from tutelage.data.sets.public_sets import public_datasets
from tutelage.data.sets.same_building import same_building
from tutelage.errors import BadInputError
from tutelage.evaluation.metrics import Evaluation, evaluate_positions
from tutelage.localizer import Localizer
from tutelage.methods.matcher.matcher_card import MatcherCard
from tutelage.paper.expert_training import TeacherCard
from tutelage.runtime.conformal import require_level
from tutelage.runtime.positions import Positions

__all__ = ["DEFAULT_LEVEL", "always_heard", "evaluate", "n_learnt", "require_unseen"]

DEFAULT_LEVEL = 0.95
"""Share of the true positions that the radii of an evaluation should hold."""


def evaluate(
    answers: Localizer | Positions,
    on: Survey | FingerprintSet,
    *,
    name: str = "",
    source_too: bool = False,
    level: float | None = None,
    progress: bool = False,
) -> Evaluation:
    """Measure how far a model's answers are from the true positions, and how often places are right.

    Answers and scans are matched by scan id. Scans that the model was trained on count as well; the
    evaluation says so (`on_training_scans`).

    Parameters
    ----------
    answers : Localizer or Positions
        A fitted localizer, or positions that it returned before.
    on : Survey or FingerprintSet
        Scans with positions or places. Of a survey, the test split is used, or its only split.
    name : str, optional
        The model's name in tables and plots.
    source_too : bool, default False
        Allow a survey in which the model's pretrained matcher was trained.
    level : float, optional
        Share of the true positions that the radii should contain, and of the true places that the sets
        should, 0.95 by default. `coverage` and `place_set_coverage` say how many they do contain. For answers
        without a level, give the level that they were made for.
    progress : bool, default False
        Show a progress bar on standard error.

    Returns
    -------
    Evaluation
        Answers beside the truth, and the errors.

    Raises
    ------
    BadInputError
        If the level is not between 0 and 1, or the answers' radii or sets have another level. If `source_too`
        is off and the pretrained matcher was trained in the building of the scans, or on the model's training
        scans. If scans and answers have neither positions nor places in common, a scan id is missing on
        either side, or no scan hears an access point of the model, or it refuses all of them.

    Examples
    --------
    >>> from tutelage import Localizer, evaluate, simulated_survey
    >>> survey = simulated_survey(n_train=80, n_test=20)
    >>> model = Localizer("knn", calibrate=False).fit(survey)
    >>> figures = evaluate(model, survey).figures()
    >>> figures["n"], figures["n_no_position"]
    (20, 0)
    >>> 0 < figures["mae_m"] < 20
    True
    """
    if level is not None:
        require_level(level)
    if isinstance(answers, Localizer) and not source_too:
        _require_unseen_by_matcher(answers, on)
    truth = (on.train if on.test is None else on.test) if isinstance(on, Survey) else on
    positions = (
        answers.predict(truth, level=level or DEFAULT_LEVEL, progress=progress)
        if isinstance(answers, Localizer)
        else _with_level(answers, level, name)
    )
    if len(truth) and isinstance(answers, Localizer) and not positions.answered.any():
        raise BadInputError(_none_answered(answers, positions, truth, name or "the model"))
    evaluation = evaluate_positions(positions, truth, name=name)
    if not isinstance(answers, Localizer):
        return evaluation
    return replace(evaluation, n_training_scans=n_learnt(answers, truth))


def n_learnt(model: Localizer, scans: FingerprintSet) -> int:
    """Count the scans that a model learnt from, now or before its updates."""
    content_hash = scans.content_hash()
    if any(lineage.data_hash == content_hash for lineage in model.lineage_.earlier()):
        return len(scans)
    radio_map = model.method_.radio_map
    return 0 if radio_map is None else int(radio_map.holds(scans.in_frame(model.frame_)).sum())


def _none_answered(model: Localizer, answers: Positions, scans: FingerprintSet, name: str) -> str:
    """Say why no scan has an answer: nothing that is known is heard, or all is unlike the survey."""
    if not answers.refused.any():
        return (
            f"none of the {len(scans)} scans hears an access point that {name} knows; was it fitted "
            f"on another "
            "building?"
        )
    n = int(answers.refused.sum())
    begin = f"{name} refuses {'all' if n == len(scans) else n} of the {len(scans)} scans"
    begin += ": they hear access points that it knows, but are too unlike every surveyed place"
    missing = always_heard(model) - {scans.access_points[j] for j in scans.rss_dbm.indices.tolist()}
    if missing:
        return (
            f"{begin}. Every surveyed place hears {', '.join(sorted(missing)[:5])}, which none of "
            f"these scans does: "
            "is it no access point? Then fit again without it; else look whether the scans are of "
            "this building"
        )
    return f"{begin}; are they of another building, or in another unit (--units)?"


def always_heard(model: Localizer) -> set[str]:
    """Return the access points that every surveyed place hears.

    Parameters
    ----------
    model : Localizer
        A fitted model.

    Returns
    -------
    set of str
        Their names; none if the model is not calibrated.
    """
    if model.calibration_ is not None:
        value = model.calibration_.landmarks.value
    elif model.place_calibration_ is not None:
        value = model.place_calibration_.marks.landmarks.value
    else:
        return set()
    n_places = np.bincount(value.indices[value.data != 0], minlength=value.shape[1])
    return {model.access_points_[j] for j in np.flatnonzero(n_places == value.shape[0]).tolist()}


def _with_level(answers: Positions, level: float | None, name: str) -> Positions:
    """Attach a level to answers whose radii do not tell theirs."""
    places = answers.places
    if level is None or (answers.radius_m is None and (places is None or places.in_set is None)):
        return answers
    if answers.level not in (None, level):
        raise BadInputError(
            f"the radii of {name or 'these answers'} are of level {answers.level:g}, not {level:g}; leave "
            "the level out, or locate the scans again at that level"
        )
    return replace(answers, level=level)


def require_unseen(cards: Sequence[TeacherCard | MatcherCard], survey: Survey | FingerprintSet) -> None:
    """Refuse a building in which a teacher, or a pretrained matcher, learnt.

    Parameters
    ----------
    cards : sequence of TeacherCard or MatcherCard
        What they say of themselves.
    survey : Survey or FingerprintSet
        A survey, or training scans.

    Raises
    ------
    BadInputError
        If it is among the sources of one of them.
    """
    scans, name = (survey.train, survey.name) if isinstance(survey, Survey) else (survey, "")
    for card in cards:
        for source in same_building(_sources(card), scans, name)[:1]:
            raise BadInputError(_seen(card, source, name or "these scans"))


def _require_unseen_by_matcher(model: Localizer, on: Survey | FingerprintSet) -> None:
    """Refuse scans of a building that the pretrained matcher knows, and a model of one of its sources."""
    card = model.lineage_.pretrained
    if not isinstance(card, MatcherCard):
        return
    require_unseen([card], on)
    for lineage in reversed(model.lineage_.earlier()):
        for source in same_building(_sources(card), lineage.data_hash)[:1]:
            raise BadInputError(_seen(card, source, lineage.survey or "the model's own survey"))


def _sources(card: TeacherCard | MatcherCard) -> list[tuple[str, str]]:
    """Give name and hash of each building that it learnt in."""
    if isinstance(card, MatcherCard):
        return [(source.source, source.data_hash) for source in card.sources]
    return [(card.source, card.data_hash)]


def _seen(card: TeacherCard | MatcherCard, source: str, building: str) -> str:
    """Say what is wrong, and how to come by one that did not learn here."""
    alias = "" if source == building else f", there called {source}"
    if {source, building} <= public_datasets().keys() and alias:
        alias = f": {source} is a survey of the same building"
    if isinstance(card, TeacherCard):
        return (
            f"the surrogate teacher of {source} for {card.network} learnt in {building} as well{alias}; "
            "leave it out and name the others, or give --source-too"
        )
    without = f"--exclude {source}" if source in public_datasets() else "with the other surveys by name"
    return (
        f"the pretrained matcher learnt in {building} as well{alias}; pretrain one without it "
        f"(tutelage pretrain {without}), or give --source-too"
    )
