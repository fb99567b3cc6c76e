"""A model against scans whose positions are known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from tutelage.errors import BadInputError
from tutelage.evaluation.metrics import Evaluation, evaluate_positions
from tutelage.fingerprints import FingerprintSet, Survey
from tutelage.localizer import Localizer
from tutelage.matching.conformal import require_level
from tutelage.positions import Positions

__all__ = ["evaluate", "require_unseen"]

_LEVEL = 0.95


def evaluate(
    answers: Localizer | Positions,
    on: Survey | FingerprintSet,
    *,
    name: str = "",
    source_too: bool = False,
    level: float | None = None,
    progress: bool = False,
) -> Evaluation:
    """Ask a model about scans, or take its answers, and compare them with the truth by scan id.

    Parameters
    ----------
    answers : a fitted localizer, or positions that one gave before
    on : scans with positions; of a survey its test split, or its only split
    name : what tables and plots call the model
    source_too : also a survey in which the model's scorer teacher learnt
    level : share of the true positions that the radii are to hold, 0.95 of a localizer unless given;
        `coverage` says how many they do. Of answers that do not tell theirs, this is what it was
    progress : as of `Localizer.predict`

    Raises
    ------
    BadInputError
        If the level is no share, or the answers' radii are of another; if the scorer teacher learnt in the
        same building and `source_too` is off; if the scans have no positions, a scan id is missing on either
        side, or the model hears nothing it knows in any scan.
    """
    if level is not None:
        require_level(level)
    if isinstance(answers, Localizer) and isinstance(on, Survey) and not source_too:
        cards = [card for card in answers.lineage_["teachers"] if isinstance(card, dict)]
        require_unseen([source for card in cards for source in card.get("sources", ())], on)
    truth = (on.train if on.test is None else on.test) if isinstance(on, Survey) else on
    if truth.position_m is None:
        raise BadInputError("these scans have no positions to compare with; add the columns x_m and y_m")
    given = (
        answers.predict(truth, level=level or _LEVEL, progress=progress)
        if isinstance(answers, Localizer)
        else _of_level(answers, level, name)
    )
    if len(truth) and isinstance(answers, Localizer) and not given.answered.any():
        raise BadInputError(
            f"none of the {len(truth)} scans hears an access point that {name or 'the model'} knows; "
            "was it fitted on another building?"
        )
    return evaluate_positions(given, truth, name=name)


def _of_level(answers: Positions, level: float | None, name: str) -> Positions:
    """Answers given before, of the level that they were given at."""
    if level is None or answers.radius_m is None:
        return answers
    if answers.level not in (None, level):
        raise BadInputError(
            f"the radii of {name or 'these answers'} are of level {answers.level:g}, not {level:g}; leave "
            "the level out, or locate the scans again at that level"
        )
    return replace(answers, level=level)


def require_unseen(sources: Sequence[Mapping[str, Any]], survey: Survey) -> None:
    """Refuse a building that is among the sources of a teacher.

    Parameters
    ----------
    sources : as teachers' cards name them, each with its `source` and `data_hash`

    Raises
    ------
    BadInputError
        If it is.
    """
    if not sources:
        return
    data_hash = survey.train.content_hash()
    if any(survey.name == s["source"] or data_hash == s["data_hash"] for s in sources):
        raise BadInputError(
            f"a teacher learnt in {survey.name} as well; teach one without it "
            f"(tutelage teach --network scorer --exclude {survey.name}), or give --source-too"
        )
