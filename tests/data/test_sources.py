"""Which source goes to which reader, and which combinations are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tutelage.data.sets.public_sets import public_datasets
from tutelage.data.surveys import dataset_table, export_table, fetch, load, load_several, simulated_survey
from tutelage.errors import BadInputError, UnknownNameError


def test_unknown_name_suggests_near_misses() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean ujiindoorloc"):
        load("ujindoorloc")
    with pytest.raises(UnknownNameError, match="Did you mean tampere"):
        fetch("tamper")


def test_months_after_another_name_are_unknown() -> None:
    with pytest.raises(UnknownNameError, match="ujiindoorloc:3"):
        load("ujiindoorloc:3")


@pytest.mark.parametrize("source", ["survey.csv", "folder/survey", "folder/survey.parquet"])
def test_missing_path_is_bad_input_not_an_unknown_name(source: str) -> None:
    with pytest.raises(BadInputError, match="no such file"):
        load(source)


@pytest.mark.parametrize(
    ("source", "options"),
    [
        ("tampere", {"not_heard": -110}),
        ("simulated", {"epsg": 3857}),
        ("tampere", {"months": "1"}),
        ("uji_library:1", {"months": "2"}),
        ("uji_library:26", {}),
        ("simulated:few", {}),
    ],
)
def test_options_that_do_not_fit_the_source_are_refused(source: str, options: dict[str, Any]) -> None:
    with pytest.raises(BadInputError):
        load(source, **options)


def test_simulated_source_passes_the_seed_on() -> None:
    assert load("simulated").train.content_hash() == load("simulated:0").train.content_hash()
    assert load("simulated:1").train.content_hash() != load("simulated:0").train.content_hash()


def test_user_table_is_read_by_its_path(tmp_path: Path) -> None:
    table = tmp_path / "office.csv"
    table.write_text("scan_id,x_m,y_m,ap1,ap2\na,0,0,-50,-110\nb,1,0,-60,-70\nc,0,2,-110,-55\n")
    survey = load(table, not_heard=-110)
    assert (survey.name, survey.train.n_heard.tolist()) == ("office", [1, 2, 1])


def test_table_of_data_sets_is_complete_and_states_licences(tmp_path: Path) -> None:
    table = dataset_table(tmp_path)
    assert [status.name for status in table] == list(public_datasets())
    assert len(table) == 10
    assert all(status.licence and status.citation and status.title for status in table)
    assert [status.name for status in table if not status.verified] == ["utsindoorloc"]


def test_options_for_own_files_hold_for_those_among_several(tmp_path: Path) -> None:
    survey = simulated_survey(seed=0, n_train=40, n_test=8, n_floors=1)
    export_table(survey, tmp_path / "mine.csv")
    simulated, mine = load_several(["simulated:1", tmp_path / "mine.csv"], epsg=25830)
    assert (simulated.name, mine.name) == ("simulated", "mine")
    assert mine.train.frame.epsg == 25830
    assert simulated.train.frame.epsg is None


def test_options_for_own_files_are_refused_where_there_are_none() -> None:
    with pytest.raises(BadInputError, match="for your own files"):
        load_several(["simulated:1", "simulated:2"], not_heard=100)


@pytest.mark.parametrize("name", ["log.txt", "map.geojson", "found.jsons", "map.csv"])
def test_empty_file_is_refused_whatever_it_is_called(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    with pytest.raises(BadInputError, match="the file is empty"):
        load(tmp_path / name)


def test_file_of_no_form_is_told_which_there_are(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("dear diary")
    with pytest.raises(BadInputError, match="no table, and no form that is known"):
        load(tmp_path / "notes.txt")
    with pytest.raises(BadInputError, match="or a folder of comford's tables or of logs"):
        load(tmp_path)


def test_empty_lines_are_passed_over_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "survey.csv"
    path.write_text("\nscan_id,x_m,y_m,a\ns1,0,0,-50\n\ns2,1,0,-60\ns3,2,0,loud\n", encoding="utf-8")
    with pytest.raises(BadInputError, match="row 6, column a: 'loud'"):
        load(path)
