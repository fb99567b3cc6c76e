"""A report of one or several evaluations: one HTML file that opens without a network."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template

import numpy as np

from tutelage.errors import BadInputError
from tutelage.evaluation.metrics import Evaluation
from tutelage.evaluation.plots import cdf_figure, error_map, floors_of
from tutelage.evaluation.web_page import map_page
from tutelage.files.atomic import replaced_file

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


def write_report(
    evaluations: Sequence[Evaluation],
    path: str | Path,
    *,
    title: str,
    data_set: str = "",
    notes: Sequence[str] = (),
) -> None:
    """Write figures, error distributions, error maps and the worst scans of models side by side.

    The file holds everything it shows and its content depends on the arguments alone.

    Parameters
    ----------
    evaluations : one a model, in the order to show them
    path : HTML file to write; it appears whole or not at all
    title : heading of the page
    data_set : name of the data, shown below the heading
    notes : paragraphs that come first; after them stands which models learnt from these very scans

    Raises
    ------
    BadInputError
        If there is nothing to report, or `path` cannot be written.
    """
    if not any(map(len, evaluations)):
        raise BadInputError("no scans to report; give at least one evaluation of at least one scan")
    names = [e.name or f"model {i}" for i, e in enumerate(evaluations, start=1)]
    floors = floors_of(evaluations)
    template = files(__package__).joinpath("report_template.html")
    body = Template(template.read_text(encoding="utf-8")).substitute(
        title=escape(title),
        subtitle=escape(_subtitle(evaluations, data_set)),
        notes="".join(f"<p>{escape(note)}</p>\n" for note in (*notes, *_notes(names, evaluations))),
        summary=_summary_table(names, evaluations),
        floor_options="".join(f"<option>{escape(_floor_name(floor))}</option>" for floor in floors),
        worst="".join(map(_worst_section, names, evaluations)),
    )
    figures = {"cdf": cdf_figure(names, evaluations), "map": error_map(names, evaluations, floors)}
    page = map_page(title, body, figures)
    with replaced_file(path) as beside:
        beside.write_text(page, encoding="utf-8")


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
    """One sentence for each evaluation that has to be read with care."""
    named = [replace(evaluation, name=name) for name, evaluation in zip(names, evaluations, strict=True)]
    return [f"{evaluation.note}." for evaluation in named if evaluation.note]


def _distinct(words: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(words))


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of texts, the first column heading the rows; every cell is escaped."""
    head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in header)
    body = "".join(
        f'<tr><th scope="row">{escape(first)}</th>{"".join(f"<td>{escape(cell)}</td>" for cell in rest)}</tr>'
        for first, *rest in rows
    )
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _summary_table(names: Sequence[str], evaluations: Sequence[Evaluation]) -> str:
    rows = []
    for name, evaluation in zip(names, evaluations, strict=True):
        figures = evaluation.figures()
        cells = [
            "–" if figures[key] is None else format(figures[key], style)
            for key, (_, style) in _COLUMNS.items()
        ]
        rows.append([name, *cells])
    return _table(["Model", *(title for title, _ in _COLUMNS.values())], rows)


def _worst_section(name: str, evaluation: Evaluation) -> str:
    truth, answers = evaluation.truth, evaluation.answers
    answered = np.flatnonzero(answers.answered)
    worst = answered[np.argsort(-evaluation.errors_m[answered], kind="stable")][:_N_WORST]
    true_m, given_m = truth.absolute_position_m, answers.absolute_position_m
    rows = [
        [
            str(truth.scan_id[i]),
            f"{evaluation.errors_m[i]:.2f}",
            _point(true_m[i]),
            _point(given_m[i]),
            _label(truth.floor, i),
            _label(answers.floor, i),
            str(truth.n_heard[i]),
            str(answers.n_unknown[i]),
        ]
        for i in worst
    ]
    header = ["Scan", "Error (m)", "True x, y (m)", "Answered x, y (m)", "True floor", "Answered floor"]
    table = _table([*header, "Access points heard", "of them unknown"], rows)
    return f"<details open><summary>{escape(name)}</summary>{table}</details>"


def _point(position_m: np.ndarray) -> str:
    return f"{position_m[0]:.2f}, {position_m[1]:.2f}"


def _label(labels: np.ndarray | None, row: int) -> str:
    return "–" if labels is None or labels[row] == "" else str(labels[row])


def _floor_name(floor: str) -> str:
    return f"floor {floor}" if floor else "floor unknown"
