"""A user's own table: every fault with its line, and never a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest
from checked import checked_table, codes, found

from tutelage.data.check import check_survey
from tutelage.data.surveys import export_table, load, simulated_survey
from tutelage.errors import BadInputError, ReadAsWarning

HEADER = "scan_id,x_m,y_m,floor,split,a,b\n"
SOUND = "".join(f"s{i},{i // 3 * 4},0,1,train,{-50 - i},{-70 + i}\n" for i in range(9))


def test_a_sound_table_has_no_findings(tmp_path: Path) -> None:
    check = checked_table(tmp_path, HEADER + SOUND)
    assert check.findings == ()
    assert (check.name, check.n_train, check.n_access_points) == ("survey", 9, 2)


@pytest.mark.parametrize(
    ("row", "code", "about"),
    [
        (",1,0,1,train,-50,-60", "no_id", ()),
        ("s3,1,0,1,train,-50,-60", "duplicate_id", ()),
        ("t,,0,1,train,-50,-60", "no_position", ()),
        ("t,1,here,1,train,-50,-60", "unreadable_position", ()),
        ("t,1,0,1,learn,-50,-60", "unknown_split", ()),
        ("t,1,0,1,train,loud,-60", "unreadable_rss", ("a",)),
        ("t,1,0,1,train,-50,40", "impossible_rss", ("b",)),
    ],
)
def test_each_fault_is_an_error_with_its_line(
    tmp_path: Path, row: str, code: str, about: tuple[str, ...]
) -> None:
    check = checked_table(tmp_path, f"{HEADER}{SOUND}{row}\n")
    finding = found(check, code)
    assert (finding.severity, finding.rows, finding.access_points) == ("error", (11,), about)
    assert finding.advice
    with pytest.raises(BadInputError):
        load(tmp_path / "survey.csv")


def test_all_faults_of_a_table_are_found_at_once(tmp_path: Path) -> None:
    rows = ",1,0,1,train,-50,-60\ns0,1,0,1,train,-50,-60\nt,,0,1,train,-50,-60\nu,1,0,1,train,x,40\n"
    check = checked_table(tmp_path, HEADER + SOUND + rows)
    expected = {"no_id", "duplicate_id", "no_position", "unreadable_rss", "impossible_rss"}
    assert codes(check) >= expected
    assert check.n_train == 12  # without the one that has no position
    assert check.n_errors == len(expected)


@pytest.mark.parametrize("code", ["100", "-999", "-120", "-110.5", "-110", "-105", "0"])
def test_a_code_for_not_heard_that_was_not_declared(tmp_path: Path, code: str) -> None:
    rows = "".join(f"s{i},{i // 3 * 4},0,1,train,{code},{code if i % 3 else -60 - i}\n" for i in range(9))
    finding = found(checked_table(tmp_path, HEADER + rows), "undeclared_code")
    assert f"--not-heard {code}" in finding.advice
    assert finding.severity == "error"
    with pytest.raises(BadInputError, match=f"not_heard={code}"):
        load(tmp_path / "survey.csv")
    declared = checked_table(tmp_path, HEADER + rows, not_heard=float(code))
    assert "undeclared_code" not in codes(declared)
    load(tmp_path / "survey.csv", not_heard=float(code))


@pytest.mark.parametrize("faint", ["-104", "-100"])
def test_a_faint_reading_in_most_cells_is_no_code(tmp_path: Path, faint: str) -> None:
    rows = "".join(f"s{i},{i // 3 * 4},0,1,train,{faint},{faint if i % 3 else -60 - i}\n" for i in range(9))
    check = checked_table(tmp_path, HEADER + rows)
    assert "undeclared_code" not in codes(check)
    assert found(check, "common_value").severity == "warning"
    with pytest.warns(ReadAsWarning, match=f"{faint} fills .* pass --not-heard {faint}"):
        load(tmp_path / "survey.csv")


@pytest.mark.parametrize("code", ["-105", "-110", "-120"])
def test_a_code_in_most_readings_beside_the_table(tmp_path: Path, code: str) -> None:
    readings = "".join(f"s{i},{ap},{code if i else -50}\n" for i in range(4) for ap in "ab")
    (tmp_path / "survey_readings.csv").write_text("scan_id,ap,rss_dbm\n" + readings)
    check = checked_table(tmp_path, "scan_id,x_m,y_m\n" + "".join(f"s{i},{i},0\n" for i in range(9)))
    assert found(check, "undeclared_code").rows == (3, 4, 5)
    with pytest.raises(BadInputError, match=f"not_heard={code}"):
        load(tmp_path / "survey.csv")


@pytest.mark.parametrize("silent", ["", "100"])
def test_readings_without_their_minus_sign(tmp_path: Path, silent: str) -> None:
    rows = [(50 + i, silent if i % 3 else 70 - i) for i in range(9)]
    text = "".join(f"s{i},{i // 3 * 4},0,1,train,{a},{b}\n" for i, (a, b) in enumerate(rows))
    finding = found(checked_table(tmp_path, HEADER + text), "impossible_rss")
    assert "--units rss=unsigned" in finding.advice
    assert finding.rows == tuple(range(2, 11))


def test_rows_whose_readings_were_left_out_repeat_nothing(tmp_path: Path) -> None:
    same_but_for_them = "".join(f"t{i},50,0,1,train,{30 + i},-60\n" for i in range(4))
    check = checked_table(tmp_path, HEADER + SOUND + same_but_for_them + "u,50,0,1,test,40,-60\n")
    assert found(check, "impossible_rss").rows == (11, 12, 13, 14, 15)
    assert not codes(check) & {"duplicate_scan", "leak"}


def test_readings_beside_the_table(tmp_path: Path) -> None:
    (tmp_path / "survey_readings.csv").write_text(
        "scan_id,ap,rss_dbm\ns0,a,-50\ns0,b,-60\ns0,a,-51\nghost,a,-50\ns1,a,loud\ns1,b,-70\ns2,b,30\ns2,,-50\n"
    )
    check = checked_table(tmp_path, "scan_id,x_m,y_m\ns0,0,0\ns1,4,0\ns2,8,0\n")
    assert found(check, "repeated_reading").scans == ("s0",)
    assert found(check, "unknown_scan").rows == (5,)
    assert found(check, "unreadable_rss").rows == (3,)
    assert found(check, "impossible_rss").rows == (4,)
    assert found(check, "nameless_access_point").scans == ("s2",)
    assert check.n_access_points == 2


def test_an_id_that_looks_like_the_name_of_a_row_is_no_trouble(tmp_path: Path) -> None:
    check = checked_table(tmp_path, HEADER + SOUND + "row 12,1,0,1,train,-50,-60\n,1,0,1,train,-51,-62\n")
    assert found(check, "no_id").rows == (12,)
    assert check.n_train == 11


def test_times_in_two_ways_are_an_error(tmp_path: Path) -> None:
    rows = "s0,0,0,2024-05-01T09:30:00,-50\ns1,4,0,yesterday,-60\n"
    assert found(checked_table(tmp_path, "scan_id,x_m,y_m,time,a\n" + rows), "unreadable_time").rows == (3,)


def test_training_scans_of_one_place(tmp_path: Path) -> None:
    rows = "s0,1,1,-50\ns1,1,1,-60\ns2,1,1,-70\n"
    assert found(checked_table(tmp_path, "scan_id,x_m,y_m,a\n" + rows), "one_place").rows == (2, 3, 4)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the file is empty"),
        ("scan_id,x_m\ns0,1\n", "column y_m is missing"),
        ("scan_id,x_m,y_m,a\ns0,,,-50\n", "no training scan has a position"),
        ("scan_id,x_m,y_m,a\ns0,1,2\n", "cells, the header has"),
        ("scan_id,x_m,y_m\ns0,1,2\n", "no access points"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(BadInputError, match=said):
        checked_table(tmp_path, text)


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_table_that_we_wrote_is_checked_as_the_survey_it_came_from(tmp_path: Path, suffix: str) -> None:
    survey = simulated_survey(seed=2, n_train=120, n_test=30, n_access_points=12)
    export_table(survey, tmp_path / f"s.{suffix}")
    ours = check_survey(tmp_path / f"s.{suffix}")
    theirs = check_survey(survey)
    assert [finding.code for finding in ours.findings] == [finding.code for finding in theirs.findings]
    assert (ours.n_train, ours.n_test) == (theirs.n_train, theirs.n_test)
    for one, other in zip(ours.findings, theirs.findings, strict=True):
        assert one.scans == other.scans
