"""Finished cells on disk: read back as they were written, whole or not at all, never run twice."""

from __future__ import annotations

import errno
import os
import tempfile
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tutelage.errors import BadInputError, FileFormatError, TutelageError
from tutelage.experiments.budgets import BUDGETS
from tutelage.experiments.cell_work import FittedCell, TaughtCell
from tutelage.experiments.cells import Cell, TeacherCell
from tutelage.experiments.result_files import (
    COLUMNS,
    TEACHER_COLUMNS,
    Results,
    Row,
    TeacherFiles,
    exclusive_writing,
    read_rows,
)

CELL = Cell("dsi1", ("tampere", "tut6"), "dnn", "default", "quick", 0.1, 0)
TEACHER = TeacherCell("tampere", "dnn", "paper", True, "quick", 3)
ERRORS_M = np.array([0.0, 0.004, 0.006, np.nan, 12.345, 655.36, 98765.43])
ROUNDED_M = np.array([0.0, 0.0, 0.01, np.nan, 12.34, 655.36, 98765.43])


def fitted(mae_m: float = 4.567, errors_m: np.ndarray = ERRORS_M) -> FittedCell:
    figures = {"n_test": len(errors_m), "mae_m": mae_m, "median_m": 3.0, "p75_m": 5.0, "p95_m": 9.1}
    more = {"ground_mae_m": 4.5, "floor_hit": 0.5, "train_seconds": 1.5, "commit": "abc1234"}
    younger = {"coverage": 0.951, "radius_m": "", "device": "cpu"}
    younger |= {"share_sim": 0.0125, "share_mi": "", "share_fi": 0.25}
    return FittedCell(errors_m, figures | more | younger)


def taught(content: bytes = b"\x00weights\xff", **figures: Any) -> TaughtCell:
    measured = dict.fromkeys(TEACHER_COLUMNS[6:12], 0.25)
    return TaughtCell(content, measured | {"train_seconds": 2.0, "commit": "abc1234"} | figures)


def row_of(folder: Path, cell: Cell, table: str = "table1") -> Row | None:
    """Return what a later run reads."""
    return Results(folder, table).row(cell)


def rows_in(folder: Path, table: str = "table1") -> list[Row]:
    rows = read_rows(folder / f"{table}.csv", COLUMNS)
    assert rows is not None
    return rows


def errors_file(folder: Path, cell: Cell = CELL) -> Path:
    return folder / "errors" / f"{cell.hash}.parquet"


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def fail_at_replace(monkeypatch: pytest.MonkeyPatch, n: int) -> None:
    """Let the disk be full when the n-th file is to be moved into its place."""
    replaced = 0
    os_replace = os.replace

    def fail(*paths: Path) -> None:
        nonlocal replaced
        replaced += 1
        if replaced == n:
            raise OSError(errno.ENOSPC, "No space left on device")
        os_replace(*paths)

    monkeypatch.setattr("tutelage.files.atomic.os.replace", fail)


def test_row_is_read_back_as_it_was_added(tmp_path: Path) -> None:
    results = Results(tmp_path, "table1")
    assert results.row(CELL) is None
    results.add(CELL, fitted())
    expected = {
        **CELL.key("table1"),
        "n_test": "7",
        "mae_m": "4.567",
        "median_m": "3.0",
        "p75_m": "5.0",
        "p95_m": "9.1",
        "train_seconds": "1.5",
        "commit": "abc1234",
        "cell": CELL.hash,
        "coverage": "0.951",
        "radius_m": "",
        "device": "cpu",
        "share_sim": "0.0125",
        "share_mi": "",
        "share_fi": "0.25",
    }
    assert results.row(CELL) == row_of(tmp_path, CELL) == expected
    assert tuple(expected) == COLUMNS
    assert row_of(tmp_path, replace(CELL, seed=1)) is None


@pytest.mark.parametrize("n_younger", [3, 4, 6])
def test_files_from_before_the_youngest_columns_are_read_and_go_on(tmp_path: Path, n_younger: int) -> None:
    Results(tmp_path, "table1").add(CELL, fitted())
    file = tmp_path / "table1.csv"
    before = [line.rsplit(",", n_younger)[0] for line in file.read_text().splitlines()]
    file.write_text("\n".join(before) + "\n")
    assert row_of(tmp_path, CELL) == rows_in(tmp_path)[0]
    assert {rows_in(tmp_path)[0][name] for name in COLUMNS[-n_younger:]} == {""}
    Results(tmp_path, "table1").add(replace(CELL, seed=1), fitted())
    assert [row["share_fi"] for row in rows_in(tmp_path)] == ["", "0.25"]


def test_rows_keep_their_order_and_are_added_to_those_of_earlier_runs(tmp_path: Path) -> None:
    cells = [replace(CELL, seed=seed) for seed in (2, 0, 1)]
    for cell in cells:
        Results(tmp_path, "table1").add(cell, fitted(cell.seed + 0.5))
    assert [(row["seed"], row["mae_m"]) for row in rows_in(tmp_path)] == [
        ("2", "2.5"),
        ("0", "0.5"),
        ("1", "1.5"),
    ]


def test_errors_are_kept_to_the_centimetre(tmp_path: Path) -> None:
    Results(tmp_path, "table1").add(CELL, fitted())
    results = Results(tmp_path, "table2")
    np.testing.assert_array_equal(results.errors_m(CELL.hash), ROUNDED_M)
    assert results.errors_m("0" * 16) is None


metres = st.floats(0, 2e7) | st.just(float("nan"))


@settings(max_examples=50)
@given(st.lists(metres, min_size=1, max_size=30))
def test_errors_are_read_back_within_half_a_centimetre(errors: list[float]) -> None:
    errors_m = np.array(errors)
    with tempfile.TemporaryDirectory() as folder:
        results = Results(Path(folder), "table1")
        results.add(CELL, fitted(errors_m=errors_m))
        back = results.errors_m(CELL.hash)
    assert back is not None
    assert back.dtype == np.float64
    np.testing.assert_array_equal(np.isnan(back), np.isnan(errors_m))
    np.testing.assert_allclose(back, errors_m, rtol=0, atol=0.005 + 1e-8)


@pytest.mark.parametrize("n", [1, 2], ids=["errors", "row"])
def test_cell_whose_writing_fails_leaves_the_finished_ones_as_they_were(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, n: int
) -> None:
    other = replace(CELL, seed=1)
    results = Results(tmp_path, "table1")
    results.add(CELL, fitted())
    before = contents(tmp_path)
    fail_at_replace(monkeypatch, n)
    with pytest.raises(TutelageError, match=r"could not write .*No space left.*unchanged"):
        results.add(other, fitted(1.0))
    after = contents(tmp_path)
    # The errors come first: without its row the cell is not finished, and they are written again.
    assert after.keys() - before.keys() == ({f"errors/{other.hash}.parquet"} if n == 2 else set())
    assert {name: after[name] for name in before} == before
    monkeypatch.undo()
    assert row_of(tmp_path, other) is None
    assert row_of(tmp_path, CELL) is not None
    Results(tmp_path, "table1").add(other, fitted(1.0))
    assert [row["seed"] for row in rows_in(tmp_path)] == ["0", "1"]


def test_file_with_other_columns_is_refused_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "table1.csv"
    for header in ("a,b\n1,2\n", ",".join(COLUMNS[::-1]) + "\n", ",".join(COLUMNS[:-7]) + "\n", ""):
        file.write_text(header)
        with pytest.raises(FileFormatError, match=r"table1\.csv has other columns.*move it away"):
            Results(tmp_path, "table1")
        assert file.read_text() == header


@pytest.mark.parametrize("change", [lambda line: line.rpartition(",")[0], lambda line: line + ",more"])
@pytest.mark.parametrize("table", ["table1", "table2"])
def test_row_that_was_cut_or_grew_is_named(tmp_path: Path, change: Any, table: str) -> None:
    results = Results(tmp_path, "table1")
    for seed in range(3):
        results.add(replace(CELL, seed=seed), fitted())
    file = tmp_path / "table1.csv"
    lines = file.read_text().splitlines()
    lines[2] = change(lines[2])
    file.write_text("\n".join(lines) + "\n")
    with pytest.raises(FileFormatError, match=r"table1\.csv, row 3 is too short or too long"):
        Results(tmp_path, table)


@pytest.mark.parametrize("value", ["abc", "", "nan", "-5"])
def test_figure_that_is_none_is_named_with_its_row_and_column(tmp_path: Path, value: str) -> None:
    for seed in range(2):
        Results(tmp_path, "table1").add(replace(CELL, seed=seed), fitted())
    file = tmp_path / "table1.csv"
    lines = file.read_text().splitlines()
    lines[2] = lines[2].replace(",4.567,", f",{value},")
    file.write_text("\n".join(lines) + "\n")
    with pytest.raises(FileFormatError, match=rf"table1\.csv, row 3, column mae_m is '{value}'; .*run again"):
        Results(tmp_path, "table1")
    lines[2] = lines[2].replace(f",{value},", ",inf,", 1)
    file.write_text("\n".join(lines) + "\n")
    assert Results(tmp_path, "table1").row(replace(CELL, seed=1)) is not None


def test_a_folder_has_one_writer_at_a_time(tmp_path: Path) -> None:
    words = r"another command is writing results into .*another --out"
    with (
        exclusive_writing(tmp_path / "new"),
        pytest.raises(BadInputError, match=words),
        exclusive_writing(tmp_path / "new"),
    ):
        raise AssertionError("two at a time")
    with exclusive_writing(tmp_path / "new"):
        pass
    assert list((tmp_path / "new").iterdir()) == []
    file = tmp_path / "a file"
    file.touch()
    with pytest.raises(BadInputError, match="name a folder with --out"), exclusive_writing(file):
        raise AssertionError("a file is no folder")


def test_other_files_in_the_folder_are_no_matter(tmp_path: Path) -> None:
    (tmp_path / "notes.csv").write_text("cell,what I think\nabc\n")
    (tmp_path / "empty.csv").write_text("")
    TeacherFiles(tmp_path).add(TEACHER, taught())
    Results(tmp_path, "table1").add(CELL, fitted())
    assert row_of(tmp_path, CELL) is not None
    assert row_of(tmp_path, CELL, "table2") is not None


def test_cell_of_another_table_is_taken_over_under_this_ones_name(tmp_path: Path) -> None:
    Results(tmp_path, "table1").add(CELL, fitted())
    before = (tmp_path / "table1.csv").read_bytes()
    copied_row = row_of(tmp_path, CELL, "table3")
    assert copied_row == rows_in(tmp_path)[0] | {"experiment": "table3"}
    assert rows_in(tmp_path, "table3") == [copied_row]
    assert (tmp_path / "table1.csv").read_bytes() == before
    assert row_of(tmp_path, replace(CELL, seed=1), "table3") is None


def test_cell_of_another_table_is_not_taken_over_without_its_errors(tmp_path: Path) -> None:
    Results(tmp_path, "table1").add(CELL, fitted())
    errors_file(tmp_path).unlink()
    assert row_of(tmp_path, CELL, "table3") is None
    assert not (tmp_path / "table3.csv").exists()


def test_same_work_under_another_key_is_taken_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(BUDGETS, "same", BUDGETS["quick"])
    same = replace(CELL, budget="same")
    results = Results(tmp_path, "table1")
    results.add(CELL, fitted())
    assert results.row(same) == rows_in(tmp_path)[0] | {"budget": "same"}
    assert [row["budget"] for row in rows_in(tmp_path)] == ["quick", "same"]
    Results(tmp_path, "table2").add(replace(CELL, network="knn", method="none", sources=()), fitted(9.0))
    knn = Cell("dsi1", (), "knn", "none", "paper", 0.1, 0)
    assert row_of(tmp_path, knn) == {**rows_in(tmp_path, "table2")[0], **knn.key("table1")}


def test_row_of_another_configuration_is_not_used_and_gives_way_to_the_new_one(tmp_path: Path) -> None:
    results = Results(tmp_path, "table1")
    results.add(CELL, fitted(1.0))
    results.add(replace(CELL, seed=1), fitted(2.0))
    file = tmp_path / "table1.csv"
    file.write_text(file.read_text().replace(CELL.hash, "0123456789abcdef"))
    later = Results(tmp_path, "table1")
    assert later.row(CELL) is None
    assert [row["cell"] for row in rows_in(tmp_path)] == ["0123456789abcdef", replace(CELL, seed=1).hash]
    later.add(CELL, fitted(3.0))
    assert [(row["mae_m"], row["cell"]) for row in rows_in(tmp_path)] == [
        ("3.0", CELL.hash),
        ("2.0", replace(CELL, seed=1).hash),
    ]


def test_row_of_another_configuration_gives_way_to_that_of_another_table(tmp_path: Path) -> None:
    Results(tmp_path, "table1").add(CELL, fitted(1.0))
    file = tmp_path / "table1.csv"
    file.write_text(file.read_text().replace(CELL.hash, "0123456789abcdef"))
    Results(tmp_path, "table4").add(CELL, fitted(5.0))
    assert row_of(tmp_path, CELL) == {**rows_in(tmp_path, "table4")[0], "experiment": "table1"}
    assert [row["mae_m"] for row in rows_in(tmp_path)] == ["5.0"]


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def empty(file: Path) -> None:
    file.write_bytes(b"")


def fill_with_words(file: Path) -> None:
    file.write_text("error_cm\n12\n")


def rename_column(file: Path) -> None:
    pq.write_table(pa.table({"error_m": [1.0]}), file)


@pytest.mark.parametrize("damage", [cut, empty, fill_with_words, rename_column])
def test_damaged_errors_are_an_error_that_names_the_file(tmp_path: Path, damage: Any) -> None:
    results = Results(tmp_path, "table1")
    results.add(CELL, fitted())
    damage(errors_file(tmp_path))
    with pytest.raises(FileFormatError, match=rf"{CELL.hash}\.parquet is damaged.*remove it"):
        results.errors_m(CELL.hash)


def test_teacher_is_read_back_to_the_byte(tmp_path: Path) -> None:
    teachers = TeacherFiles(tmp_path)
    assert TEACHER not in teachers
    assert teachers.rows([TEACHER]) == []
    content = bytes(range(256)) * 50
    teachers.add(TEACHER, taught(content))
    for files in (teachers, TeacherFiles(tmp_path)):
        assert TEACHER in files
        assert files.read(TEACHER) == content
        (row,) = files.rows([TEACHER])
        assert tuple(row) == TEACHER_COLUMNS
        assert list(row.values())[:6] == ["tampere", "dnn", "paper", "True", "quick", "3"]
        assert (row["source_mae_m"], row["cell"]) == ("0.25", TEACHER.hash)
    assert replace(TEACHER, permuted=False) not in teachers


def test_figures_of_teachers_come_in_the_order_asked_for_and_each_once(tmp_path: Path) -> None:
    cells = [replace(TEACHER, seed=seed) for seed in range(4)]
    teachers = TeacherFiles(tmp_path)
    for cell in cells[:3]:
        teachers.add(cell, taught(spread=cell.seed / 4))
    order = [cells[2], cells[3], cells[0], cells[2]]
    assert [row["spread"] for row in TeacherFiles(tmp_path).rows(order)] == ["0.5", "0.0"]


def test_teacher_is_made_once_its_file_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    teachers = TeacherFiles(tmp_path)
    fail_at_replace(monkeypatch, 2)
    with pytest.raises(TutelageError, match=r"could not write .*\.teacher: No space left"):
        teachers.add(TEACHER, taught())
    monkeypatch.undo()
    assert contents(tmp_path).keys() == {"teachers.csv"}
    later = TeacherFiles(tmp_path)
    assert TEACHER not in later
    later.add(TEACHER, taught(b"made again"))
    assert TeacherFiles(tmp_path).read(TEACHER) == b"made again"
    assert len(later.rows([TEACHER])) == 1


def test_teachers_of_another_version_are_refused(tmp_path: Path) -> None:
    (tmp_path / "teachers.csv").write_text("source,network\n")
    with pytest.raises(FileFormatError, match=r"teachers\.csv has other columns"):
        TeacherFiles(tmp_path)


def test_no_byte_of_the_errors_changes_unseen(tmp_path: Path) -> None:
    Results(tmp_path, "table1").add(CELL, fitted(errors_m=np.arange(300) / 7))
    file = errors_file(tmp_path)
    whole = file.read_bytes()
    expected = Results(tmp_path, "table1").errors_m(CELL.hash)
    assert expected is not None
    for place in range(0, len(whole), 7):
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        with suppress(FileFormatError):
            np.testing.assert_array_equal(Results(tmp_path, "table1").errors_m(CELL.hash), expected)


def test_cell_is_not_finished_in_memory_where_writing_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = Results(tmp_path, "table1")
    fail_at_replace(monkeypatch, 2)
    with pytest.raises(TutelageError):
        results.add(CELL, fitted())
    assert results.row(CELL) is None


def test_notes_that_are_no_text_of_ours_are_no_matter(tmp_path: Path) -> None:
    (tmp_path / "notes.csv").write_bytes("Größe".encode("latin-1"))
    assert Results(tmp_path, "table1").row(CELL) is None


def test_errors_beyond_all_bounds_are_kept(tmp_path: Path) -> None:
    far = np.array([1.7e11, 1e300, np.nan, 3.0])
    Results(tmp_path, "table1").add(CELL, fitted(errors_m=far))
    errors_m = Results(tmp_path, "table1").errors_m(CELL.hash)
    assert errors_m is not None
    assert errors_m[0] == pytest.approx(1.7e11, abs=0.01)
    assert errors_m[1] == pytest.approx(2**52 / 100)
    assert np.isnan(errors_m[2])
    assert errors_m[3] == 3.0
