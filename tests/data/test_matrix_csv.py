"""Reading CSV matrices: what is kept, and where a fault is said to be."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from tutelage.data.forms.matrix_csv import (
    label_names,
    read_matrix,
    read_table,
    sparse_rss,
)
from tutelage.errors import BadInputError


def written(folder: Path, content: str | bytes) -> Path:
    file = folder / "rss.csv"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return file


def read_rss(file: Path, not_heard: float = 100.0, header: bool = False) -> np.ndarray:
    table = read_table(file, pa.float32(), header=header)
    rss = sparse_rss(table, table.column_names, not_heard=not_heard, file=file, header=header)
    dense = np.full(rss.shape, np.nan)
    for row in range(rss.shape[0]):
        stored = slice(rss.indptr[row], rss.indptr[row + 1])
        dense[row, rss.indices[stored]] = rss.data[stored]
    return dense


def test_rss_keeps_readings_of_zero_and_blank_scans(tmp_path: Path) -> None:
    dense = read_rss(written(tmp_path, "100,-50.5,0\n100,100,100\n-1,100,-120\n"))
    expected = [[np.nan, -50.5, 0], [np.nan] * 3, [-1, np.nan, -120]]
    np.testing.assert_array_equal(dense, expected)


def test_trailing_blank_lines_are_no_scans(tmp_path: Path) -> None:
    assert read_rss(written(tmp_path, "-50,100\r\n-60,100\r\n\r\n\r\n")).shape == (2, 2)


@pytest.mark.parametrize(
    ("content", "row", "column", "says"),
    [
        ("-50,100\n-60\n", 2, None, "1 values"),
        ("-50,100\n\n-60,100\n", 2, None, "0 values"),
        ("-50,100\n-60,abc\n", 2, "2", "'abc' is not a number"),
        ("-50,100\n,100\n", 2, "1", "'' is not a number"),
        ("-50,100\n-60,nan\n-70,100\n", 2, "2", "nan is not an RSS"),
        ("-50,100\n-60,100\n-61,99\n", 3, "2", "not_heard=99"),
        ("-50,100\n-121,100\n", 2, "1", "not_heard=-121"),
        (b"-50,100\n-60,\xe9\n", 2, None, "UTF-8"),
        ("", None, None, "empty"),
        ("\n\n", None, None, "empty"),
    ],
)
def test_faulty_rss_names_file_row_and_column(
    tmp_path: Path, content: str | bytes, row: int | None, column: str | None, says: str
) -> None:
    with pytest.raises(BadInputError, match=says) as caught:
        read_rss(written(tmp_path, content))
    assert (caught.value.row, caught.value.column) == (row, column)
    assert caught.value.file == str(tmp_path / "rss.csv")


def test_row_of_a_fault_counts_the_header(tmp_path: Path) -> None:
    with pytest.raises(BadInputError) as caught:
        read_rss(written(tmp_path, "ap1,ap2\n-50,100\n-60,7\n"), header=True)
    assert (caught.value.row, caught.value.column) == (3, "ap2")


def test_missing_file_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="cannot be read"):
        read_table(tmp_path / "none.csv", pa.float32())


def test_coordinates_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="not a finite number") as caught:
        read_matrix(written(tmp_path, "1,2\n3,inf\n"), n_columns=2)
    assert (caught.value.row, caught.value.column) == (2, 2)


@pytest.mark.parametrize("code", [-110.0, 0.0])
def test_undeclared_code_is_refused_and_named(tmp_path: Path, code: float) -> None:
    content = f"-50,{code},{code}\n{code},-60,{code}\n"
    with pytest.raises(BadInputError, match=f"not_heard={code:g}"):
        read_rss(written(tmp_path, content))
    assert np.isnan(read_rss(written(tmp_path, content), not_heard=code)).sum() == 4


def test_label_names_write_whole_numbers_without_a_point() -> None:
    assert label_names(np.array([2.0, -1.0, 2.5, 2.0])).tolist() == ["2", "-1", "2.5", "2"]
