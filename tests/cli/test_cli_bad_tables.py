"""Tables that break a rule: exit code 2, one message with file, row and column, and nothing written."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import Command, assert_refused, files_below

HEADER = "scan_id,x_m,y_m,ap1,ap2\n"
SOUND = HEADER + "s1,0,0,-50,-60\ns2,4,3,-55,\ns3,8,1,,-70\n"

BAD_TABLES = [
    pytest.param("", ["is empty"], id="empty"),
    pytest.param(HEADER, ["no row of data"], id="header only"),
    pytest.param(SOUND[:-6], ["row 4", "truncated"], id="truncated"),
    pytest.param(SOUND.replace("s2,4,3,-55,", "s2,4,3"), ["row 3", "3 cells"], id="short row"),
    pytest.param(SOUND.encode().replace(b"s2", b"s\xe9"), ["row 3", "UTF-8"], id="not UTF-8"),
    pytest.param(SOUND.replace("x_m", "q"), ["x_m is missing", "--columns 'x_m=q'"], id="wrong column"),
    pytest.param(SOUND.replace("-55", "loud") + "s4,9,1,-51,\n", ["row 3", "column ap1", "'loud'"],
                 id="text for RSS"),
    pytest.param(SOUND.replace("-55", "inf"), ["row 3", "column ap1", "finite"], id="infinite RSS"),
    pytest.param(SOUND.replace("-55", "7"), ["row 3", "column ap1", "--not-heard 7"], id="positive RSS"),
    pytest.param(SOUND.replace("-55,", "-55,100"), ["row 3", "column ap2", "--not-heard 100"], id="code 100"),
    pytest.param(SOUND.replace("-60", "-110").replace(",\n", ",-110\n").replace(",,-70", ",-110,-110"),
                 ["-110 fills 67%", "not_heard=-110"], id="code -110"),
    pytest.param(SOUND.replace("-60", "0").replace(",\n", ",0\n").replace(",,-70", ",0,0"),
                 ["0 fills 67%", "not_heard=0"], id="code 0"),
    pytest.param(SOUND.replace("s3", "s1"), ["row 4", "column scan_id", "'s1' appears twice"], id="same id"),
    pytest.param(SOUND.replace("4,3,", "0,0,").replace("8,1,", "0,0,"), ["all 3 training scans"],
                 id="zero-variance coordinates"),
    pytest.param(HEADER + "s1,0,0,-50,\n", ["reference points"], id="a single reference point"),
]  # fmt: skip


@pytest.fixture
def survey(tmp_path: Path) -> Path:
    return tmp_path / "survey.csv"


def put(path: Path, content: str | bytes) -> None:
    path.write_bytes(content.encode() if isinstance(content, str) else content)


def test_sound_table_is_accepted(tutelage: Command, survey: Path) -> None:
    put(survey, SOUND)
    ended = tutelage("fit", survey, "--method", "knn", "--set", "k=1", "--out", survey.parent / "m")
    assert ended.code == 0, ended.stderr


@pytest.mark.parametrize(("content", "said"), BAD_TABLES)
def test_bad_table_is_refused_by_fit_and_teach_with_its_place(
    tutelage: Command, survey: Path, content: str | bytes, said: list[str]
) -> None:
    put(survey, content)
    before = files_below(survey.parent)
    for command in (
        ("fit", survey, "--method", "knn", "--out", survey.parent / "m"),
        ("teach", survey, "--epochs", 1, "--out", survey.parent / "t.teacher"),
    ):
        assert_refused(tutelage(*command), str(survey), *said)
        assert files_below(survey.parent) == before


@pytest.mark.parametrize(("content", "said"), BAD_TABLES[:-2])  # scans to locate may come from one place
def test_bad_table_is_refused_by_evaluate_and_keeps_the_old_report(
    tutelage: Command, made: Path, survey: Path, content: str | bytes, said: list[str]
) -> None:
    put(survey, content)
    report = survey.with_name("report.html")
    report.write_text("the old report")
    assert_refused(tutelage("evaluate", made / "knn", "--on", survey, "--report", report), str(survey), *said)
    assert report.read_text() == "the old report"
    assert len(files_below(survey.parent)) == 2


@pytest.mark.parametrize(
    ("content", "said"),
    [p for p in BAD_TABLES[:-2] if p.id != "wrong column"],
)
def test_bad_scans_are_refused_by_locate_and_keep_the_old_answers(
    tutelage: Command, made: Path, survey: Path, content: str | bytes, said: list[str]
) -> None:
    put(survey, content)
    answers = survey.with_name("answers.csv")
    answers.write_text("the old answers")
    assert_refused(tutelage("locate", made / "knn", survey, "--out", answers), str(survey), *said)
    assert answers.read_text() == "the old answers"
    assert len(files_below(survey.parent)) == 2


@pytest.mark.parametrize(
    "command",
    [
        ("fit", "--method", "knn", "--out", "m"),
        ("teach", "--out", "t.teacher"),
        ("evaluate", "{made}/knn", "--on"),
        ("locate", "{made}/knn"),
        ("evaluate", "--on", "{tables}/truth.csv"),
        ("pretrain", "--out", "p.matcher"),
    ],
    ids=["fit", "teach", "evaluate", "locate", "answers", "pretrain"],
)
def test_missing_table_is_named(
    tutelage: Command,
    made: Path,
    tables: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: tuple[str, ...],
) -> None:
    monkeypatch.chdir(tmp_path)
    filled = [part.format(made=made, tables=tables) for part in command]
    assert_refused(tutelage(*filled, tmp_path / "gone.csv"), "gone.csv", "o such file")
    assert files_below(tmp_path) == {}


def test_scans_without_positions_cannot_be_evaluated_on(tutelage: Command, made: Path, survey: Path) -> None:
    put(survey, "scan_id,ap1\ns1,-50\ns2,-60\n")
    assert_refused(tutelage("evaluate", made / "knn", "--on", survey), str(survey), "x_m, y_m is missing")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("P_trncrd.csv", "0,0,0,0,0\n", ["P_trncrd.csv", "1 rows, P_trnrss.csv has 2"]),
        ("P_tstrss.csv", "-50,-60,-70\n", ["P_tstrss.csv", "3 columns, the training file has 2"]),
        ("P_trnrss.csv", "-50,100\n-60\n", ["P_trnrss.csv", "row 2"]),
        ("P_trnrss.csv", "-50,100\n-60,NaN\n", ["P_trnrss.csv", "row 2", "column 2"]),
        ("P_tstcrd.csv", None, ["P_tstcrd.csv", "cannot be read"]),
    ],
    ids=["mismatched rows", "mismatched columns", "short row", "NaN", "missing file"],
)
def test_matrix_pair_that_disagrees_is_refused(
    tutelage: Command, tmp_path: Path, name: str, content: str | None, said: list[str]
) -> None:
    sound = {
        "P_trnrss.csv": "-50,100\n-60,-70\n",
        "P_trncrd.csv": "0,0,0,0,0\n5,1,0,0,0\n",
        "P_tstrss.csv": "-55,-65\n",
        "P_tstcrd.csv": "2,1,0,0,0\n",
    }
    for file, text in (sound | {name: content}).items():
        if text is not None:
            (tmp_path / file).write_text(text)
    before = files_below(tmp_path)
    ended = tutelage("fit", f"matrix:{tmp_path}/P", "--method", "knn", "--out", tmp_path / "m")
    assert_refused(ended, *said)
    assert files_below(tmp_path) == before


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", ["row 1", "column scan_id"]),
        ("scan_id,x_m,y_m\n", ["no answers"]),
        ("scan_id,x_m,y_m\ns1,0\n", ["row 2", "2 cells"]),
        ("scan_id,x_m,y_m\ns1,0,here\n", ["row 2", "column y_m", "'here'"]),
        ("scan_id,x_m,y_m\nelsewhere,0,0\n", ["no answer"]),
    ],
    ids=["empty", "header only", "short row", "text", "other scans"],
)
def test_bad_answers_are_refused_by_evaluate(
    tutelage: Command, tables: Path, tmp_path: Path, content: str, said: list[str]
) -> None:
    (tmp_path / "answers.csv").write_text(content)
    assert_refused(tutelage("evaluate", tmp_path / "answers.csv", "--on", tables / "truth.csv"), *said)
