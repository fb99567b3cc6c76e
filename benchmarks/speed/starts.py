"""Starts of the command line, each time in a process of its own."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from benchmarks.speed.comparison import Comparison, seconds_of
from tutelage import Localizer, load
from tutelage.data.surveys import export_survey
from tutelage.training import RunOptions

TYPER = ("-c", "import typer")
SKLEARN = ("-c", "import sklearn.neighbors")
_TELLING = """
import atexit, runpy, sys
from benchmarks.speed.comparison import peak_mb
atexit.register(lambda: print(peak_mb(), file=sys.stderr))
kind, what = sys.argv[1:3]
del sys.argv[1:3]
runpy.run_module(what, run_name="__main__", alter_sys=True) if kind == "-m" else exec(what)
"""


def comparisons() -> Iterator[Comparison]:
    """Make the rows."""
    yield Comparison(
        "tutelage --help",
        lambda: _seconds("-m", "tutelage", "--help"),
        lambda: _seconds(*TYPER),
        "importing typer",
        "s",
    )
    with tempfile.TemporaryDirectory() as folder:
        for name, locate in _locating(Path(folder)).items():
            yield Comparison(
                f"tutelage locate of a {name} model, ten scans",
                lambda locate=locate: _seconds(*locate),
                lambda: _seconds(*SKLEARN),
                "importing scikit-learn's k-NN",
                "s",
            )
            yield Comparison(
                f"tutelage locate of a {name} model, memory",
                lambda locate=locate: _megabytes(*locate),
                lambda: _megabytes(*SKLEARN),
                "importing scikit-learn's k-NN",
                "MB",
                3,
            )


def _locating(folder: Path) -> dict[str, tuple[str, ...]]:
    """Save models and scans; return the arguments of a call for each."""
    survey = load("tampere")
    assert survey.test is not None
    scans = folder / "scans.csv"
    export_survey(replace(survey, test=survey.test[:10]), scans, split="test")
    calls = {}
    for method, name in {"knn": "k-NN", "matcher": "matcher"}.items():
        model = folder / f"{method}.tutelage"
        settings = {"fine_tune": False} if method == "matcher" else {}
        Localizer(method, settings=settings, run=RunOptions(device="cpu")).fit(survey).save(model)
        calls[name] = ("-m", "tutelage", "locate", str(model), str(scans))
    return calls


def _seconds(*arguments: str) -> float:
    return seconds_of(lambda: _run(arguments))


def _megabytes(*arguments: str) -> float:
    """Return the peak memory of a call, which says it at its end."""
    command = [sys.executable, "-c", _TELLING, *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(ended.stderr.splitlines()[-1])


def _run(arguments: tuple[str, ...]) -> None:
    subprocess.run([sys.executable, *arguments], capture_output=True, check=True)
