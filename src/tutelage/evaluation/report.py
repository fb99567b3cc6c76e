"""A report of one or several evaluations: one HTML file that opens without a network."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from tutelage.errors import BadInputError
from tutelage.evaluation.confusion import MOST_SHOWN, confusion_figure
from tutelage.evaluation.metrics import Evaluation
from tutelage.evaluation.plots import cdf_figure, error_map, floors_of
from tutelage.files.web_page import write_page

__all__ = ["write_report"]

_N_WORST = 20

_COLUMNS = {
    "n": ("Scans", "d"),
    "mae_m": ("Mean (m)", ".2f"),
    "median_m": ("Median (m)", ".2f"),
    "p75_m": ("75 % (m)", ".2f"),
    "p95_m": ("95 % (m)", ".2f"),
    "ground_mae_m": ("Mean on the ground (m)", ".2f"),
    "floor_hit": ("Floor right", ".1%"),
    "building_hit": ("Building right", ".1%"),
    "ipin_p75_m": ("IPIN score (m)", ".2f"),
    "evaal_mae_m": ("EvAAL score (m)", ".2f"),
    "coverage": ("Within the radius", ".1%"),
    "radius_m": ("Median radius (m)", ".2f"),
    "place_hit": ("Place right", ".1%"),
    "place_balanced": ("Place right, balanced", ".1%"),
    "place_set_coverage": ("Place in the set", ".1%"),
    "place_set_size": ("Places in a set", ".2f"),
    "n_no_position": ("No answer", "d"),
    "n_refused": ("Refused", "d"),
}

_OF_BOTH = ("n", "n_no_position", "n_refused")

_WORST_HEAD = (
    "Scan",
    "Error (m)",
    "True x, y (m)",
    "Answered x, y (m)",
    "True floor",
    "Answered floor",
    "Access points heard",
    "of them unknown",
)

_WRONG_HEAD = (
    "Scan",
    "True place",
    "Answered place",
    "Probability",
    "Places in the set",
    "Access points heard",
    "of them unknown",
)


def write_report(
    evaluations: Sequence[Evaluation],
    path: str | Path,
    *,
    title: str = "Accuracy",
    data_set: str = "",
    notes: Sequence[str] = (),
) -> None:
    """Write an HTML report on models side by side: figures, error distributions, error maps, worst scans.

    The page is a single file. Its content depends on the arguments alone.

    Parameters
    ----------
    evaluations : sequence of Evaluation
        One evaluation for each model, in the order of the page.
    path : str or Path
        HTML file to write. It appears whole or not at all.
    title : str
        Heading of the page.
    data_set : str, optional
        Name of the data, shown below the heading.
    notes : sequence of str, optional
        First paragraphs. The page adds which models were trained on these scans.

    Raises
    ------
    BadInputError
        If there is nothing to report, or `path` cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from tutelage import Localizer, evaluate, simulated_survey, write_report
    >>> survey = simulated_survey(n_train=80, n_test=20)
    >>> model = Localizer("knn", calibrate=False).fit(survey)
    >>> folder = tempfile.TemporaryDirectory()
    >>> page = Path(folder.name) / "report.html"
    >>> write_report([evaluate(model, survey, name="k-NN")], page, title="k-NN in an office")
    >>> page.read_text(encoding="utf-8")[:15]
    '<!DOCTYPE html>'
    >>> folder.cleanup()
    """
    if not any(map(len, evaluations)):
        raise BadInputError("no scans to report; give at least one evaluation of at least one scan")
    names = [e.name or f"model {i}" for i, e in enumerate(evaluations, start=1)]
    rows = [evaluation.figures() for evaluation in evaluations]
    shown = _columns(evaluations, rows)
    in_metres = _parts_in_metres(names, evaluations)
    of_places = _parts_of_places(names, evaluations)
    write_page(
        path,
        "evaluation/report_template.html",
        title=title,
        figures=in_metres.pop("figures", {}) | of_places.pop("figures", {}),
        subtitle=_subtitle(evaluations, data_set),
        notes=[*notes, *_notes(names, evaluations)],
        summary_head=["Model", *(_COLUMNS[key][0] for key in shown)],
        summary=[[name, *(_cell(row, key) for key in shown)] for name, row in zip(names, rows, strict=True)],
        **in_metres,
        **of_places,
    )


def _columns(evaluations: Sequence[Evaluation], rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """List the columns of the summary: those about positions, those about places, or both."""
    has_metres = any(each.has_metres for each in evaluations)
    return [
        key
        for key in _COLUMNS
        if (key in _OF_BOTH or (has_metres and not key.startswith("place_")))
        or any(row[key] is not None for row in rows)
    ]


def _parts_in_metres(names: Sequence[str], evaluations: Sequence[Evaluation]) -> dict[str, Any]:
    """Give figures and tables about positions; none where no model answers any."""
    found = [(name, e) for name, e in zip(names, evaluations, strict=True) if e.has_metres]
    if not found:
        return {"has_metres": False}
    shown_names, shown = zip(*found, strict=True)
    floors = floors_of(shown)
    return {
        "has_metres": True,
        "figures": {"cdf": cdf_figure(shown_names, shown), "map": error_map(shown_names, shown, floors)},
        "floors": floors,
        "worst_head": _WORST_HEAD,
        "worst_scans": [(name, _worst_rows(e)) for name, e in found],
    }


def _parts_of_places(names: Sequence[str], evaluations: Sequence[Evaluation]) -> dict[str, Any]:
    """Give figures and tables about places; none where no model answers any."""
    both = zip(names, evaluations, strict=True)
    found = [(name, e, e.place_hits) for name, e in both if e.place_hits is not None]
    if not found:
        return {"has_places": False}
    hits = [each for _, _, each in found if each is not None]
    return {
        "has_places": True,
        "figures": {"confusion": confusion_figure([name for name, _, _ in found], hits)},
        "most_places": MOST_SHOWN,
        "wrong_head": _WRONG_HEAD,
        "surest_wrong": [(name, _surest_wrong_rows(e)) for name, e, _ in found],
    }


# -- words and tables -------------------------------------------------------------------------------


def _subtitle(evaluations: Sequence[Evaluation], data_set: str) -> str:
    parts = [data_set] if data_set else []
    parts += [f"{' / '.join(_distinct(f'{len(e):,}' for e in evaluations))} scans"]
    scales = _distinct(f"{e.ground_scale:.3f}" for e in evaluations if e.ground_scale != 1)
    parts += [f"one data-set metre is {scale} m on the ground" for scale in scales]
    levels = _distinct(f"{e.answers.level:.0%}" for e in evaluations if e.answers.level is not None)
    what = "radii" if any(e.answers.radius_m is not None for e in evaluations) else "sets of places"
    parts += [f"{what} that are to hold the truth of {level} of the scans" for level in levels]
    return " · ".join(parts)


def _notes(names: Sequence[str], evaluations: Sequence[Evaluation]) -> list[str]:
    """Write one sentence for each evaluation that a reader must take with care."""
    notes = [replace(e, name=name).note for name, e in zip(names, evaluations, strict=True)]
    return [f"{note}." for note in notes if note]


def _distinct(words: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(words))


def _cell(figures: Mapping[str, Any], key: str) -> str:
    return "–" if figures[key] is None else format(figures[key], _COLUMNS[key][1])


def _worst_rows(evaluation: Evaluation) -> list[list[str]]:
    """List the scans with the largest errors, the largest first."""
    truth = evaluation.truth
    answers = evaluation.answers
    located = np.flatnonzero(answers.answered)
    worst = located[np.argsort(-evaluation.errors_m[located], kind="stable")][:_N_WORST]
    true_m = truth.absolute_position_m
    answer_m = answers.absolute_position_m
    return [
        [
            str(truth.scan_id[i]),
            f"{evaluation.errors_m[i]:.2f}",
            _point(true_m[i]),
            _point(answer_m[i]),
            _label(truth.floor, i),
            _label(answers.floor, i),
            str(truth.n_heard[i]),
            str(answers.n_unknown[i]),
        ]
        for i in worst
    ]


def _surest_wrong_rows(evaluation: Evaluation) -> list[list[str]]:
    """List the scans whose place is wrong, the surest first."""
    truth, places = evaluation.truth, evaluation.answers.places
    assert truth.place is not None, "there are hits to count"
    assert places is not None, "there are hits to count"
    wrong = np.flatnonzero(evaluation.answers.answered & (truth.place != "") & (places.best != truth.place))
    surest = wrong[np.argsort(-np.nan_to_num(places.best_probability[wrong]), kind="stable")][:_N_WORST]
    return [
        [
            str(truth.scan_id[i]),
            str(truth.place[i]),
            str(places.best[i]) or "–",
            "–" if places.probability is None else f"{places.best_probability[i]:.0%}",
            "–" if places.in_set is None else str(places.set_size[i]),
            str(truth.n_heard[i]),
            str(evaluation.answers.n_unknown[i]),
        ]
        for i in surest
    ]


def _point(position_m: np.ndarray) -> str:
    return f"{position_m[0]:.2f}, {position_m[1]:.2f}"


def _label(labels: np.ndarray | None, row: int) -> str:
    return "–" if labels is None or labels[row] == "" else str(labels[row])
