"""A report of one or several evaluations: one HTML file that opens without a network."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from tutelage.errors import BadInputError
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
    "n_no_position": ("No position", "d"),
    "n_refused": ("Refused", "d"),
}

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
    floors = floors_of(evaluations)
    write_page(
        path,
        "evaluation/report_template.html",
        title=title,
        figures={"cdf": cdf_figure(names, evaluations), "map": error_map(names, evaluations, floors)},
        subtitle=_subtitle(evaluations, data_set),
        notes=[*notes, *_notes(names, evaluations)],
        summary_head=["Model", *(heading for heading, _ in _COLUMNS.values())],
        summary=list(map(_summary_row, names, evaluations)),
        floors=floors,
        worst_head=_WORST_HEAD,
        worst_scans=[(name, _worst_rows(e)) for name, e in zip(names, evaluations, strict=True)],
    )


# -- words and tables -------------------------------------------------------------------------------


def _subtitle(evaluations: Sequence[Evaluation], data_set: str) -> str:
    parts = [data_set] if data_set else []
    parts += [f"{' / '.join(_distinct(f'{len(e):,}' for e in evaluations))} scans"]
    scales = _distinct(f"{e.ground_scale:.3f}" for e in evaluations if e.ground_scale != 1)
    parts += [f"one data-set metre is {scale} m on the ground" for scale in scales]
    levels = _distinct(f"{e.answers.level:.0%}" for e in evaluations if e.answers.level is not None)
    parts += [f"radii that are to hold {level} of the true positions" for level in levels]
    return " · ".join(parts)


def _notes(names: Sequence[str], evaluations: Sequence[Evaluation]) -> list[str]:
    """Write one sentence for each evaluation that a reader must take with care."""
    notes = [replace(e, name=name).note for name, e in zip(names, evaluations, strict=True)]
    return [f"{note}." for note in notes if note]


def _distinct(words: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(words))


def _summary_row(name: str, evaluation: Evaluation) -> list[str]:
    figures = evaluation.figures()
    cells = (
        "–" if figures[key] is None else format(figures[key], style) for key, (_, style) in _COLUMNS.items()
    )
    return [name, *cells]


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


def _point(position_m: np.ndarray) -> str:
    return f"{position_m[0]:.2f}, {position_m[1]:.2f}"


def _label(labels: np.ndarray | None, row: int) -> str:
    return "–" if labels is None or labels[row] == "" else str(labels[row])
