"""`reproduce` on a real building: killed and continued, shared between tables, the same wherever it runs."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import small_tables

from tutelage.experiments import reproduce as module
from tutelage.experiments.executors import Executor, LocalProcesses, RayCluster
from tutelage.experiments.paper_tables import Request
from tutelage.experiments.reproduce import reproduce
from tutelage.experiments.result_files import COLUMNS, Results
from tutelage.experiments.summary import Summary

pytestmark = pytest.mark.real_data
SMALL = Request("quick", ("dsi1",), ("dnn",), ("none", "untrained", "default"), ("tampere",), n_seeds=2)
ALONE = Request("quick", ("dsi1",), ("dnn",), ("none",), n_seeds=1)
N_CELLS = 2 * (1 + 3)  # k-NN and three methods
Figures = dict[tuple[str, ...], tuple[str, ...]]


def figures(folder: Path, table: str = "table1") -> Figures:
    """Return the rows of a table without what differs from run to run."""
    with (folder / f"{table}.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    key = ("network", "method", "sources", "train_fraction", "seed")
    names = ("cell", "n_test", "mae_m", "median_m", "p75_m", "p95_m")
    return {tuple(row[name] for name in key): tuple(row[name] for name in names) for row in rows}


def errors(folder: Path) -> dict[str, list[float]]:
    results = Results(folder, "table1")
    errors_m = {cell: results.errors_m(cell) for cell, *_ in figures(folder).values()}
    return {cell: np.nan_to_num(each, nan=-1).tolist() for cell, each in errors_m.items() if each is not None}


def made(folder: Path, executor: Executor, request: Request = SMALL) -> Summary:
    return reproduce("table1", folder, executor, request, progress=False)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the small table in one go with two local processes."""
    folder = tmp_path_factory.mktemp("whole")
    summary = made(folder, LocalProcesses(2))
    assert {group.cell.method for group in summary.groups} == {"none", "untrained", "default"}
    return folder


@pytest.mark.slow
def test_run_that_is_killed_loses_no_finished_cell_and_ends_the_same(whole: Path, tmp_path: Path) -> None:
    program = [sys.executable, small_tables.__file__, str(tmp_path)]
    table = tmp_path / "table1.csv"
    earlier_lines: list[str] = []
    for n_rows in (2, 5):
        run = subprocess.Popen(program, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        until = time.monotonic() + 240
        while not table.exists() or len(table.read_text().splitlines()) <= n_rows:
            assert run.poll() is None, run.stderr and run.stderr.read().decode()
            assert time.monotonic() < until
            time.sleep(0.05)
        run.send_signal(signal.SIGKILL)
        run.communicate()  # the workers share the pipe: this returns once they are gone too
        lines = table.read_text().splitlines()
        assert n_rows < len(lines) <= N_CELLS
        assert set(earlier_lines) <= set(lines)
        assert all(line.count(",") == len(COLUMNS) - 1 for line in lines)
        earlier_lines = lines
    teachers = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "teachers").iterdir()}

    summary = made(tmp_path, LocalProcesses(2))
    assert set(earlier_lines) <= set(table.read_text().splitlines())
    assert {name: (tmp_path / "teachers" / name).stat().st_mtime_ns for name in teachers} == teachers
    assert figures(tmp_path) == figures(whole)
    assert errors(tmp_path) == errors(whole)
    assert len(summary.groups) == 4

    before = table.read_bytes()
    made(tmp_path, LocalProcesses(1))
    assert table.read_bytes() == before


@pytest.mark.exhaustive
@pytest.mark.slow
def test_ray_gives_the_same_table_to_the_bit_with_a_worker_lost_in_a_cell(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    marker = tmp_path / "lost"
    folder = tmp_path / "results"
    monkeypatch.setenv("TUTELAGE_TEST_MARKER", str(marker))
    path = os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
    monkeypatch.setenv("PYTHONPATH", path)
    monkeypatch.setattr(module, "fit_cell", small_tables.fit_or_die_once)
    reproduce("table1", folder, RayCluster(None, 2), SMALL, progress=True)
    assert marker.exists()
    assert "1 cell is started again" in " ".join(capfd.readouterr().err.split())
    assert figures(folder) == figures(whole)
    assert errors(folder) == errors(whole)


@pytest.mark.slow
def test_cells_that_stand_in_another_table_are_taken_over(whole: Path, tmp_path: Path) -> None:
    made(tmp_path, LocalProcesses(1), ALONE)
    before = (tmp_path / "table1.csv").stat().st_mtime_ns
    reproduce("table3", tmp_path, LocalProcesses(1), ALONE, progress=False)
    table3 = figures(tmp_path, "table3")
    table1 = figures(tmp_path)
    assert table3 == table1
    assert all(figures(whole)[key] == row for key, row in table1.items())
    assert (tmp_path / "table1.csv").stat().st_mtime_ns == before


@pytest.mark.slow
def test_a_cell_whose_configuration_changed_is_run_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(tmp_path, LocalProcesses(1), ALONE)
    old = figures(tmp_path)
    monkeypatch.setattr("tutelage.experiments.cells._NO_LABELS", {"weight_labels": 0.0, "noise": 0.1})
    made(tmp_path, LocalProcesses(1), ALONE)
    new = figures(tmp_path)
    assert new.keys() == old.keys()
    knn = ("knn", "none", "", "1", "0")
    dnn = ("dnn", "none", "", "1", "0")
    assert new[knn] == old[knn]
    assert new[dnn] != old[dnn]


@pytest.mark.slow
def test_teacher_that_is_gone_is_made_again_only_if_a_cell_needs_it(whole: Path, tmp_path: Path) -> None:
    made(tmp_path, LocalProcesses(1), ALONE)
    assert not (tmp_path / "teachers").exists()
    for path in whole.rglob("*.*"):
        if path.is_file() and path.suffix != ".teacher":
            target = tmp_path / path.relative_to(whole)
            target.parent.mkdir(exist_ok=True)
            target.write_bytes(path.read_bytes())
    summary = made(tmp_path, LocalProcesses(1))
    assert not (tmp_path / "teachers").exists()
    assert len(summary.teachers) == 2
