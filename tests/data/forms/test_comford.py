"""comford's tables: names of splits, what is unknown, and tables that do not fit together."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from changed import change, refusal

from tutelage.data.fingerprints import Survey
from tutelage.data.surveys import export_survey, load, simulated_survey
from tutelage.errors import BadInputError


def test_tables_are_read_with_what_is_unknown_left_out(made: Path) -> None:
    survey = load(made / "comford")
    assert (survey.name, len(survey.train)) == ("comford", 18)
    assert survey.test is not None
    assert survey.test.scan_id.tolist() == [
        "0",
        "4",
        "8",
        "12",
        "16",
        "20",
    ]  # validation, as there is no test
    assert survey.train.access_points[-1] == "never-heard"
    assert survey.train.building is None
    assert survey.train.device is not None
    assert survey.train.user is not None
    assert survey.train.time is not None
    assert (set(survey.train.device), set(survey.train.user)) == ({"13"}, {"2"})
    assert str(survey.train.time[0]) == "2013-06-20T07:35:34.000"
    assert survey.train.absolute_position_m[:2].tolist() == [[4, 0], [8, 0]]
    assert survey.train.rss_dbm.dtype == np.float32


def test_validation_scans_are_training_scans_where_there_are_test_scans(made: Path) -> None:
    change(
        made / "comford" / "Samples.csv",
        "0.0;0.0;None;1371713733;validation",
        "0.0;0.0;None;1371713733;testing",
    )
    survey = load(made / "comford")
    assert survey.test is not None
    assert (len(survey.train), survey.test.scan_id.tolist()) == (23, ["0"])


def test_names_and_delimiter_of_the_readme_are_read_as_well(made: Path) -> None:
    folder = made / "comford"
    expected = load(folder)
    for old, new in (("Samples", "Sample"), ("RSSI", "RSSI"), ("APs", "AP")):
        text = (folder / f"{old}.csv").read_text().replace(";", ",").replace("set,", "test/train/val,")
        (folder / f"{old}.csv").unlink()
        (folder / f"{new}.csv").write_text(text.replace("training", "train"))
    assert load(folder).train.content_hash() == expected.train.content_hash()


@pytest.mark.parametrize(
    ("file", "old", "new", "row", "column", "said"),
    [
        ("Samples", "\n1;4.0", "\n0;4.0", 3, "sample_id", "'0' appears twice"),
        ("Samples", "\n1;4.0", "\n1;east", 3, "x", "'east' is not allowed here"),
        ("Samples", "\n1;4.0", "\n1;None", 3, "x", "no coordinate"),
        ("Samples", "1371713734;training", "1371713734;learn", 3, "set", "'learn' is no split"),
        ("Samples", "1371713734", "noon", 3, "timestamp", "unix seconds"),
        ("Samples", "sample_id;", "id;", None, None, "column sample_id is missing"),
        ("RSSI", "0;-51.0;", "0;loud;", 2, "rssi", "'loud' is not allowed here"),
        ("RSSI", "0;-51.0;", "0;40.0;", 2, "rssi", "40 is outside [-120, 0] dBm"),
        ("RSSI", "0;-51.0;", "99;-40.0;", 2, "sample_id", "no scan '99' in the table of scans"),
        ("RSSI", "00:0b:86:27:36:d1", "new", 3, "ap_id", "no access point 'new' in the list of them"),
        ("APs", "00:0b:86:27:36:d1", "00-0B-86-27-36-C1", 3, "ap_id", "'00:0b:86:27:36:c1' appears twice"),
        ("APs", "00:0b:86:27:36:d1", "", 3, "ap_id", "no name"),
    ],
)  # fmt: skip
def test_a_fault_is_refused_with_its_table_and_row(
    made: Path, file: str, old: str, new: str, row: int | None, column: str | None, said: str
) -> None:
    change(made / "comford" / f"{file}.csv", old, new)
    error = refusal(made / "comford")
    assert (Path(str(error.file)).name, error.row, error.column) == (f"{file}.csv", row, column), str(error)
    assert said in str(error)


@pytest.mark.parametrize("file", ["RSSI.csv", "APs.csv"])
def test_a_missing_or_empty_table_is_refused(made: Path, file: str) -> None:
    (made / "comford" / file).write_text("")
    assert "the file is empty" in str(refusal(made / "comford"))
    (made / "comford" / file).unlink()
    assert f"there is no {file}; comford's tables are" in str(refusal(made / "comford"))


def test_a_folder_that_holds_something_else_is_not_written_over(tmp_path: Path) -> None:
    survey = simulated_survey(seed=3, n_train=40, n_test=12, n_access_points=6)
    (tmp_path / "diary.txt").write_text("dear diary")
    with pytest.raises(BadInputError, match="holds something else; name a new folder"):
        export_survey(survey, tmp_path, form="comford")
    assert [path.name for path in tmp_path.iterdir()] == ["diary.txt"]
    export_survey(survey, tmp_path / "tables", form="comford")
    export_survey(survey, tmp_path / "tables", form="comford", split="train")  # its own it may replace
    assert load(tmp_path / "tables").test is None


def test_a_label_that_would_be_read_as_unknown_is_refused(tmp_path: Path) -> None:
    survey = simulated_survey(seed=3, n_train=40, n_test=12, n_access_points=6)
    named = replace(survey.train, floor=np.full(len(survey.train), "None"))
    with pytest.raises(BadInputError, match="a floor is called None"):
        export_survey(Survey("x", named), tmp_path / "tables", form="comford", split="train")
    assert list(tmp_path.iterdir()) == []
