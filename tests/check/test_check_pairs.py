"""A matrix pair of the user's own: every fault of both splits, each with the line of its file."""

from __future__ import annotations

from pathlib import Path

import pytest

from tutelage.data.check import check_survey
from tutelage.data.surveys import load
from tutelage.errors import BadInputError

READINGS = {"trn": [[-50 - i, 100, -70 + i] for i in range(6)], "tst": [[-51, -60, 100], [100, -61, -72]]}
PLACES = {"trn": [[2 * i, 1, 0, i % 2, 0] for i in range(6)], "tst": [[1, 1, 0, 0, 0], [3, 1, 0, 0, 0]]}


def written(folder: Path, changes: dict[tuple[str, str, int, int], object]) -> str:
    """The pair with some cells changed: (split, "rss" or "crd", row, column) from 0."""
    for kind, tables in (("rss", READINGS), ("crd", PLACES)):
        for split, rows in tables.items():
            cells = [list(map(str, row)) for row in rows]
            for (of_split, of_kind, row, column), value in changes.items():
                if (of_split, of_kind) == (split, kind):
                    cells[row][column] = str(value)
            text = "".join(",".join(row) + "\n" for row in cells)
            (folder / f"HALL_{split}{kind}.csv").write_text(text)
    return f"matrix:{folder}/HALL"


def test_a_sound_pair_has_no_errors(tmp_path: Path) -> None:
    check = check_survey(written(tmp_path, {}))
    assert (check.n_errors, check.n_train, check.n_test, check.n_access_points) == (0, 6, 2, 3)


def test_all_faults_of_both_splits_are_found_at_once(tmp_path: Path) -> None:
    source = written(
        tmp_path,
        {
            ("trn", "rss", 2, 1): "loud",
            ("trn", "rss", 4, 0): "",
            ("trn", "rss", 3, 2): 7,
            ("tst", "rss", 1, 2): -300,
            ("trn", "crd", 5, 0): "east",
        },
    )
    found = {
        (finding.code, finding.split): (finding.rows, finding.scans)
        for finding in check_survey(source).findings
        if finding.severity == "error"
    }
    assert found == {
        ("unreadable_rss", "train"): ((3, 5), ("train-3", "train-5")),
        ("impossible_rss", "train"): ((4,), ("train-4",)),
        ("impossible_rss", "test"): ((2,), ("test-2",)),
        ("unreadable_position", "train"): ((6,), ("train-6",)),
    }
    (unreadable,) = (f for f in check_survey(source).findings if f.code == "unreadable_rss")
    assert unreadable.access_points == ("hall-ap0001", "hall-ap0002")
    assert unreadable.advice == "write dBm, or 100 where it is not heard"
    with pytest.raises(BadInputError):
        load(source)


def test_a_code_that_was_not_declared(tmp_path: Path) -> None:
    cells: dict[tuple[str, str, int, int], object] = {
        ("trn", "rss", i, j): -110 for i in range(1, 6) for j in range(3)
    }
    (found,) = (f for f in check_survey(written(tmp_path, cells)).findings if f.code == "undeclared_code")
    assert "--not-heard -110" in found.advice
    assert found.rows == (2, 3, 4, 5, 6)


def test_what_cannot_be_listed_is_still_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=r"row 2, column 4: 'ground' is not a number"):
        check_survey(written(tmp_path, {("trn", "crd", 1, 3): "ground"}))
    (tmp_path / "HALL_tstcrd.csv").write_text("1,1,0,0,0\n")
    with pytest.raises(BadInputError, match=r"2 rows; HALL_tstcrd.csv has 1; one row is one scan"):
        check_survey(f"matrix:{tmp_path}/HALL")
