from __future__ import annotations

import csv
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tutelage.data.fingerprints import FingerprintSet
from tutelage.errors import BadInputError
from tutelage.evaluation import evaluate_positions, positions_from_csv
from tutelage.runtime.frames import LocalFrame
from tutelage.runtime.positions import Positions

FRAME = LocalFrame((-7691300.0, 4864700.0), 3857)


@pytest.fixture
def csv_file(tmp_path: Path) -> Callable[..., Path]:
    def write(text: str, encoding: str = "utf-8") -> Path:
        path = tmp_path / "answers.csv"
        path.write_bytes(text.encode(encoding))
        return path

    return write


def test_answers_read_from_a_file_evaluate_as_before_writing(
    make_truth: Callable[..., FingerprintSet], make_answers: Callable[..., Positions], tmp_path: Path
) -> None:
    ids = ["a,1", 'b "two"', "c"]
    answers = make_answers(ids, [[3.0, 4.0], [math.nan] * 2, [1.0, 0.5]], FRAME, floor=["0", "", "2"])
    path = tmp_path / "answers.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(answers.records()[0]))
        writer.writeheader()
        writer.writerows(answers.records())

    read = positions_from_csv(path)

    answered = [
        {name: told[name] for name in told if name not in ("lat", "lon")} for told in answers.records()
    ]
    assert read.records() == answered  # a file does not tell its EPSG code
    truth = make_truth(ids, np.zeros((3, 2)), FRAME, floor="002")
    from_file, direct = (evaluate_positions(a, truth) for a in (read, answers))
    np.testing.assert_allclose(from_file.errors_m, direct.errors_m, atol=1e-6)
    assert from_file.figures() == pytest.approx(direct.figures(), abs=1e-6)


def test_a_file_of_ids_and_coordinates_is_enough(csv_file: Callable[..., Path]) -> None:
    read = positions_from_csv(csv_file("﻿y_m,scan_id,x_m,note\r\n2.5,a,1.5,hello\r\n\r\n,b,,\r\n"))

    assert read.scan_id.tolist() == ["a", "b"]
    assert read.absolute_position_m[0].tolist() == [1.5, 2.5]
    assert read.answered.tolist() == [True, False]
    assert read.reason.tolist() == ["", "no answer in the file"]
    assert read.n_unknown.tolist() == [0, 0]
    assert read.floor is None
    assert read.building is None


def test_floors_that_another_program_wrote_as_decimals_are_the_same_floors(
    csv_file: Callable[..., Path],
) -> None:
    read = positions_from_csv(csv_file("scan_id,x_m,y_m,floor,building\na,1,2,2.0,B.0\nb,1,2,-1.00,3.5\n"))
    assert read.floor is not None
    assert read.building is not None
    assert read.floor.tolist() == ["2", "-1"]
    assert read.building.tolist() == ["B.0", "3.5"]


def test_a_file_where_nothing_was_answered_is_read(csv_file: Callable[..., Path]) -> None:
    assert not positions_from_csv(csv_file("scan_id,x_m,y_m\na,,\n")).answered.any()


@pytest.mark.parametrize(
    ("text", "row", "column", "message"),
    [
        ("", 1, "scan_id", "0 such columns"),
        ("scan_id,x_m\na,1\n", 1, "y_m", "0 such columns"),
        ("scan_id,x_m,y_m,x_m\na,1,2,3\n", 1, "x_m", "2 such columns"),
        ("scan_id,x_m,y_m\n", 2, None, "no answers"),
        ("scan_id,x_m,y_m\na,1,2\nb,1,2,3\n", 3, None, "4 cells under 3 columns"),
        ("scan_id,x_m,y_m\na,1,2\nb,one,2\n", 3, "x_m", "'one' is not a number of metres"),
        ("scan_id,x_m,y_m\na,1,\n", 2, "y_m", "'' is not a number of metres"),
        ("scan_id,x_m,y_m\na,nan,1\n", 2, "x_m", "'nan' is not a number of metres"),
        ("scan_id,x_m,y_m,n_unknown\na,1,2,-3\n", 2, "n_unknown", "'-3' is not a count"),
        ("scan_id,x_m,y_m\na,1,2\nb,1,2\na,3,4\n", 4, "scan_id", "scan 'a' stands in row 2 already"),
        ("scan_id,x_m,y_m\n,1,2\n", 2, "scan_id", "no scan id"),
    ],
)
def test_a_bad_file_is_refused_with_its_place(
    csv_file: Callable[..., Path], text: str, row: int, column: str | None, message: str
) -> None:
    path = csv_file(text)
    with pytest.raises(BadInputError, match=message) as caught:
        positions_from_csv(path)
    assert (caught.value.file, caught.value.row, caught.value.column) == (path, row, column)


def test_a_file_that_is_not_text_or_not_there_is_refused(
    csv_file: Callable[..., Path], tmp_path: Path
) -> None:
    with pytest.raises(BadInputError, match="UTF-8"):
        positions_from_csv(csv_file("scan_id,x_m,y_m\né,1,2\n", encoding="latin-1"))
    with pytest.raises(BadInputError, match="No such file"):
        positions_from_csv(tmp_path / "missing.csv")
