"""The search as a page: how the error fell, and which settings it fell with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from optuna.visualization import plot_optimization_history, plot_slice

from tutelage.errors import BadInputError
from tutelage.files.web_page import write_page
from tutelage.tuning.study_file import open_study

__all__ = ["write_search_report"]

_ERROR = "held-out error (m)"


def write_search_report(study_file: str | Path, path: str | Path, *, title: str, about: str = "") -> None:
    """Write one HTML page that shows a search and opens without a network.

    Parameters
    ----------
    study_file : str or Path
        Study file of the search.
    path : str or Path
        Page to write. It appears whole or not at all.
    title : str
        Heading of the page.
    about : str, optional
        How the search was made.

    Raises
    ------
    BadInputError
        If there is no study.
    """
    if not Path(study_file).is_file():
        raise BadInputError(f"there is no study {study_file}; make one with: tutelage tune")
    with open_study(study_file) as study:
        history = plot_optimization_history(study, target_name=_ERROR)
        settings = dict.fromkeys(name for trial in study.get_trials(deepcopy=False) for name in trial.params)
        slices = [plot_slice(study, params=[name], target_name=_ERROR) for name in settings]
    for figure in slices:
        figure.update_traces(marker_showscale=False)
    figures = [_plain_figure(figure) for figure in (history, *slices)]
    write_page(path, "tuning/search_template.html", title=title, figures=figures, about=about)


def _plain_figure(figure: Any) -> Any:
    """Turn data and layout into values that JSON can hold."""
    figure.update_layout(title=None, width=None, height=340, margin={"l": 60, "r": 20, "t": 30, "b": 50})
    return json.loads(figure.to_json())
