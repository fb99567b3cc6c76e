"""Finished cells are kept, found again and never run a second time."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_cells import COLUMNS, KEY, SmallCell, cell_file, run_small, runs

from tutelage.errors import FileFormatError, TutelageError
from tutelage.experiments.cells import CellFile, code_version, run_cells

ROW = {"name": "a, b", "seed": 1, "value": 0.5, "threads": 1}


def run_all(folder: Path, cells: list[SmallCell], jobs: int = 1) -> CellFile:
    run_cells("cells", run_small, SmallCell.key, cells, cell_file(folder), jobs)
    return cell_file(folder)


def test_cell_is_found_by_its_key_alone_and_after_reading_back(tmp_path: Path) -> None:
    finished = cell_file(tmp_path)
    assert finished.find(name="a, b", seed=1) is None
    finished.add(ROW)
    for read in (finished, cell_file(tmp_path)):
        found = read.find(name="a, b", seed=1, value="whatever")
        assert found == {"name": "a, b", "seed": "1", "value": "0.5", "threads": "1"}
        assert read.find(name="a, b", seed=2) is None


def test_file_is_whole_after_every_cell(tmp_path: Path) -> None:
    finished = cell_file(tmp_path)
    for seed in range(3):
        finished.add(ROW | {"seed": seed})
        assert len(cell_file(tmp_path).rows) == seed + 1
        assert [path.name for path in tmp_path.iterdir()] == ["cells.csv"]


def test_failing_write_keeps_the_older_cells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    finished = cell_file(tmp_path)
    finished.add(ROW)
    before = finished.path.read_bytes()

    def full(*_paths: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(TutelageError, match="No space left"):
        finished.add(ROW | {"seed": 2})
    assert finished.path.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["cells.csv"]


def test_file_with_other_columns_or_short_rows_is_refused(tmp_path: Path) -> None:
    cell_file(tmp_path).add(ROW)
    with pytest.raises(FileFormatError, match="other columns"):
        CellFile(tmp_path / "cells.csv", KEY, (*COLUMNS, "new"))
    (tmp_path / "cells.csv").write_text("name,seed,value,threads\na,1\n")
    with pytest.raises(FileFormatError, match="too short or too long"):
        cell_file(tmp_path)


def test_figures_do_not_depend_on_jobs_and_no_finished_cell_runs_again(tmp_path: Path) -> None:
    rows = []
    for jobs in (1, 2):
        folder = tmp_path / str(jobs)
        folder.mkdir()
        cells = [SmallCell(folder, "draw", seed) for seed in range(4)]
        rows.append(sorted(run_all(folder, cells, jobs).rows, key=lambda row: row["seed"]))
        assert len(runs(folder)) == 4
        run_all(folder, cells, jobs)
        assert len(runs(folder)) == 4
    assert rows[0] == rows[1]
    assert {row["threads"] for row in rows[0]} == {"1"}
    assert len({row["value"] for row in rows[0]}) == 4


def test_failing_cell_ends_the_run_and_finished_cells_are_kept(tmp_path: Path) -> None:
    cells = [SmallCell(tmp_path, "draw", seed, "fail" if seed == 1 else "draw") for seed in range(9)]
    with pytest.raises(ValueError, match="cell draw fails"):
        run_all(tmp_path, cells)
    assert cell_file(tmp_path).find(name="draw", seed=0)
    assert len(runs(tmp_path)) < 9


def test_process_that_vanishes_is_explained_and_finished_cells_are_kept(tmp_path: Path) -> None:
    cells = [SmallCell(tmp_path, "draw"), SmallCell(tmp_path, "draw", 1, "vanish")]
    with pytest.raises(TutelageError, match="finished cells are kept: give the same command again"):
        run_all(tmp_path, cells)
    assert cell_file(tmp_path).find(name="draw", seed=0)


def test_code_version_is_a_commit_or_a_version() -> None:
    assert code_version().replace(".", "").isalnum()
