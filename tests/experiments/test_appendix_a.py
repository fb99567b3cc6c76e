"""Appendix A: the search for the weights, on a real building and on training data alone."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tutelage.data import surveys as datasets
from tutelage.data.fingerprints import Survey
from tutelage.experiments import appendix_a
from tutelage.experiments.appendix_a import WeightSearch, search_weights
from tutelage.experiments.cells import Cell
from tutelage.experiments.executors import LocalProcesses
from tutelage.experiments.paper_tables import Request
from tutelage.tuning import TrialRecord

CELL = Cell("tampere", ("ujiindoorloc", "dsi1"), "dnn", "paper", "standard", 1.0, 0)
PUBLISHED = {"weight_mae": 3.0, "weight_sim": 0.5, "weight_mi": 0.5, "weight_fi": 0.5, "margin_rad": 0.2}


def test_page_ranks_the_trials_and_places_the_published_weights() -> None:
    better = {**PUBLISHED, "weight_mae": 4.2}
    trials = TrialRecord(PUBLISHED, 7.0), TrialRecord(PUBLISHED, None), TrialRecord(better, 6.5)
    page = WeightSearch(CELL, Request(targets=("tampere",)), trials).page()
    assert "`tutelage reproduce appendix_a --targets tampere`, budget standard: " in page
    assert "have 7.00 m here, place 2 of 2; the best trial has 6.50 m, the worst 7.00 m. 1 trials" in page
    rows = [line for line in page.splitlines() if line.startswith(("| 2 ", "| 0 "))]
    assert rows == ["| 2 | 4.2 | 0.5 | 0.5 | 0.5 | 0.2 | 6.50 |", "| 0 | 3 | 0.5 | 0.5 | 0.5 | 0.2 | 7.00 |"]


@pytest.mark.real_data
@pytest.mark.slow
def test_search_begins_with_the_published_weights_is_kept_and_never_opens_the_test_split(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load = datasets.load

    def without_test_positions(source: str, **options: object) -> Survey:
        survey = load(source, **options)  # type: ignore[arg-type]
        assert survey.test is not None
        return replace(survey, test=replace(survey.test, position_m=np.zeros((len(survey.test), 2))))

    monkeypatch.setattr(appendix_a, "load", without_test_positions)
    request = Request("quick", ("dsi1",), sources=("tampere",))
    search = search_weights(tmp_path, LocalProcesses(1), request, progress=False)
    assert search.trials[0].settings == PUBLISHED
    errors = [trial.error_m for trial in search.trials]
    assert all(error is not None and 3 < error < 20 for error in errors)  # the centroid has 29 m
    with (tmp_path / "appendix_a.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["held_out_mae_m"] for row in rows] == [f"{round(error or 0, 3):g}" for error in errors]
    assert (tmp_path / "appendix_a.md").read_text(encoding="utf-8") == search.page()
    html = (tmp_path / "appendix_a.html").read_text(encoding="utf-8")
    assert "Plotly" in html
    assert "reproduce appendix_a --budget quick --targets dsi1 --sources tampere, budget quick" in html
    plain = json.loads((tmp_path / "appendix_a.json").read_text(encoding="utf-8"))
    assert [trial["held_out_mae_m"] for trial in plain["trials"]] == [round(e or 0, 3) for e in errors]

    def never(*_: object, **__: object) -> None:
        raise AssertionError("a finished trial or teacher was run again")

    monkeypatch.setattr("tutelage.tuning.trial_scoring.distil", never)
    monkeypatch.setattr("tutelage.experiments.reproduce.teach_cell", never)
    assert search_weights(tmp_path, LocalProcesses(1), request, progress=False) == search
