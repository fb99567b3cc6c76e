"""A model against scans whose positions are known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from tutelage.data.fingerprints import FingerprintSet, Survey
from tutelage.data.sets.public_sets import public_datasets
from tutelage.data.sets.same_building import same_building
from tutelage.errors import BadInputError
from tutelage.evaluation.metrics import Evaluation, evaluate_positions
from tutelage.localizer import Localizer
from tutelage.runtime.conformal import require_level
from tutelage.runtime.positions import Positions

__all__ = ["DEFAULT_LEVEL", "evaluate", "n_learnt", "require_unseen"]

DEFAULT_LEVEL = 0.95


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

    Scans that the model learnt from are judged as well, and the evaluation says so (`on_training_scans`).

    Parameters
    ----------
    answers : a fitted localizer, or positions that one gave before
    on : scans with positions; of a survey its test split, or its only split
    name : what tables and plots call the model
    source_too : also a survey in which the model's pretrained matcher learnt
    level : share of the true positions that the radii are to hold, 0.95 of a localizer unless given;
        `coverage` says how many they do. Of answers that do not tell theirs, this is what it was
    progress : as of `Localizer.predict`

    Raises
    ------
    BadInputError
        If the level is no share, or the answers' radii are of another; if the pretrained matcher learnt in the
        building of the scans, or in the model's training scans, and `source_too` is off; if the scans have no
        positions, a scan id is missing on either side, or the model hears nothing it knows in any scan.
    """
    if level is not None:
        require_level(level)
    if isinstance(answers, Localizer) and not source_too:
        cards = [card for card in answers.lineage_["teachers"] if isinstance(card, dict)]
        of_matcher = [card for card in cards if "sources" in card]
        require_unseen(of_matcher, on)
        _require_fitted_elsewhere(of_matcher, answers.lineage_)
    truth = (on.train if on.test is None else on.test) if isinstance(on, Survey) else on
    if truth.position_m is None:
        raise BadInputError("these scans have no positions to compare with; add the columns x_m and y_m")
    given = (
        answers.predict(truth, level=level or DEFAULT_LEVEL, progress=progress)
        if isinstance(answers, Localizer)
        else _of_level(answers, level, name)
    )
    if len(truth) and isinstance(answers, Localizer) and not given.answered.any():
        raise BadInputError(
            f"none of the {len(truth)} scans hears an access point that {name or 'the model'} knows; "
            "was it fitted on another building?"
        )
    found = evaluate_positions(given, truth, name=name)
    if not isinstance(answers, Localizer):
        return found
    return replace(found, n_training_scans=n_learnt(answers, truth))


def n_learnt(model: Localizer, scans: FingerprintSet) -> int:
    """From how many of the scans the model learnt, now or before its updates."""
    learnt, asked = model.lineage_, scans.content_hash()
    while learnt:
        if learnt["data_hash"] == asked:
            return len(scans)
        learnt = learnt.get("updated_from", {})
    known = getattr(model.method_, "radio_map", None)  # a network alone has none
    return 0 if known is None else int(known.holds(scans.in_frame(model.frame_)).sum())


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


def require_unseen(cards: Sequence[Mapping[str, Any]], building: Survey | FingerprintSet) -> None:
    """Refuse a building in which a teacher learnt.

    Parameters
    ----------
    cards : what the teachers say of themselves, as `lineage_` has it
    building : a survey, or training scans

    Raises
    ------
    BadInputError
        If it is among the sources of one of them.
    """
    if not cards:
        return
    train, name = (building.train, building.name) if isinstance(building, Survey) else (building, "")
    for card in cards:
        for source in same_building(_sources(card), train, name)[:1]:
            raise BadInputError(_seen(card, source, name or "these scans"))


def _require_fitted_elsewhere(cards: Sequence[Mapping[str, Any]], lineage: Mapping[str, Any]) -> None:
    """Refuse a model fitted to a source of its teacher, now or before its updates: it knows the building."""
    if "updated_from" in lineage:
        _require_fitted_elsewhere(cards, lineage["updated_from"])
    for card in cards:
        for source in same_building(_sources(card), lineage["data_hash"])[:1]:
            raise BadInputError(_seen(card, source, lineage["source"] or "the model's own survey"))


def _sources(card: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(source["source"], source["data_hash"]) for source in card.get("sources", [card])]


def _seen(card: Mapping[str, Any], source: str, building: str) -> str:
    """What is wrong, and how to come by a teacher that did not learn here."""
    called = "" if source == building else f", there called {source}"
    if {source, building} <= public_datasets().keys() and called:
        called = f": {source} is a survey of the same building"
    if "sources" not in card:
        return (
            f"the surrogate teacher of {source} for {card['network']} learnt in {building} as well{called}; "
            "leave it out and name the others, or give --source-too"
        )
    without = f"--exclude {source}" if source in public_datasets() else "with --source for each of the others"
    return (
        f"the pretrained matcher learnt in {building} as well{called}; teach one without it "
        f"(tutelage teach --network matcher {without}), or give --source-too"
    )
