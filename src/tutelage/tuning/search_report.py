"""The search as a page: how the error fell, and which settings it fell with."""

from __future__ import annotations

from html import escape
from pathlib import Path
from string import Template
from typing import Any

from optuna.visualization import plot_optimization_history, plot_slice
from plotly.offline import get_plotlyjs

from tutelage.errors import BadInputError
from tutelage.files.atomic import replaced_file
from tutelage.tuning.study_file import opened_study

__all__ = ["write_search_report"]

_ERROR = "held-out error (m)"
_OPTIONS = {"displaylogo": False, "displayModeBar": False, "responsive": True, "plotlyServerURL": ""}
_PAGE = Template("""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<!-- Nothing may be fetched: the page is complete. -->
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline';
 img-src data: blob:">
<title>$title</title>
<style>
body { margin: 0 auto; max-width: 1120px; padding: 2rem 1.25rem; font: 16px/1.5 system-ui, sans-serif; }
.slices { display: grid; grid-template-columns: repeat(auto-fill, minmax(320px, 1fr)); }
</style>
<script>$plotly</script>
</head>
<body>
<h1>$title</h1>
<p>$about</p>
<p>Each point is a trial: the mean 2-D error, in metres, on reference points held out of the training data.
A trial that was stopped early has none. Darker points came later.</p>
<h2>The search</h2>
$history
<h2>The settings</h2>
<div class="slices">$slices</div>
</body>
</html>
""")


def write_search_report(study_file: str | Path, path: str | Path, *, title: str, about: str = "") -> None:
    """Write one HTML page that opens without a network.

    Parameters
    ----------
    study_file : of a search
    path : page to write; it appears whole or not at all
    title : heading of the page
    about : how the search was made

    Raises
    ------
    BadInputError
        If there is no study.
    """
    if not Path(study_file).is_file():
        raise BadInputError(f"there is no study {study_file}; make one with: tutelage tune")
    with opened_study(study_file) as study:
        history = plot_optimization_history(study, target_name=_ERROR)
        asked = dict.fromkeys(name for trial in study.get_trials(deepcopy=False) for name in trial.params)
        slices = [plot_slice(study, params=[name], target_name=_ERROR) for name in asked]
    for figure in slices:
        figure.update_traces(marker_showscale=False)
    page = _PAGE.substitute(
        title=escape(title),
        about=escape(about),
        plotly=get_plotlyjs(),
        history=_shown(history),
        slices="".join(f"<div>{_shown(figure)}</div>" for figure in slices),
    )
    with replaced_file(path) as beside:
        beside.write_text(page, encoding="utf-8")


def _shown(figure: Any) -> str:
    figure.update_layout(title=None, width=None, height=340, margin={"l": 60, "r": 20, "t": 30, "b": 50})
    text: str = figure.to_html(include_plotlyjs=False, full_html=False, config=_OPTIONS)
    return text
