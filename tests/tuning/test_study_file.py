"""The study file: a search that is stopped or killed goes on; a file of another search is left alone."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import optuna
import pytest
import small_search as program
from small_search import N_TRIALS, TINY, small_building, small_search

from tutelage.data.fingerprints import Survey
from tutelage.errors import BadInputError, FileFormatError, TutelageError
from tutelage.training import Budget
from tutelage.tuning.study_file import finished_trials, open_study


def settings_tried(study_file: Path) -> list[Any]:
    with open_study(study_file) as study:
        return [trial.user_attrs["settings"] for trial in finished_trials(study)]


@pytest.fixture(scope="module")
def whole_study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The study of an uninterrupted search."""
    study_file = tmp_path_factory.mktemp("kept") / "whole.sqlite"
    small_search(small_building(), study_file=study_file)
    return study_file


@pytest.mark.slow
def test_search_that_was_killed_goes_on_as_if_it_had_not_been(
    building: Survey, tmp_path: Path, whole_study: Path
) -> None:
    study_file = tmp_path / "study.sqlite"
    command = [
        sys.executable,
        str(program.__file__),
        str(study_file),
        "25",
    ]  # ten scores a trial: in the third
    killed = subprocess.run(command, capture_output=True, check=False, timeout=120)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    file = small_search(building, study_file=study_file)
    assert file == small_search(building)
    with open_study(study_file) as study:
        states = [trial.state.name for trial in study.trials]
        cut_short, again = study.trials[2], study.trials[3]
    assert states == ["COMPLETE", "COMPLETE", "FAIL", "COMPLETE", "COMPLETE"]
    assert cut_short.params == again.params
    assert settings_tried(study_file) == settings_tried(whole_study)
    assert [path.name for path in tmp_path.iterdir()] == ["study.sqlite"]


def test_search_that_stopped_before_its_first_score_begins_with_the_defaults(
    building: Survey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study_file = tmp_path / "study.sqlite"

    def stop(*_: object) -> float:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("tutelage.tuning.trial_scoring.mean_error_m", stop)
        with pytest.raises(KeyboardInterrupt):
            small_search(building, study_file=study_file)
    found = small_search(building, study_file=study_file, n_trials=1).search_record
    assert found is not None
    assert found.default_held_out_mae_m == found.held_out_mae_m


@pytest.mark.slow
def test_finished_search_is_not_run_again_and_can_be_made_longer(
    building: Survey, tmp_path: Path, whole_study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study_file = tmp_path / "a {b}%20?#.sqlite"
    study_file.write_bytes(whole_study.read_bytes())
    longer = small_search(building, study_file=study_file, n_trials=N_TRIALS + 1)
    settings_of_trials = settings_tried(study_file)
    assert (len(settings_of_trials), settings_of_trials[:N_TRIALS]) == (
        N_TRIALS + 1,
        settings_tried(whole_study),
    )
    monkeypatch.setattr("tutelage.tuning.trial_scoring.distil", None)  # nothing is trained any more
    assert small_search(building, study_file=study_file) == longer


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seed": 1}, "seed was 0, now 1"),
        ({"network": "bayescnn", "settings": {}}, "network was 'dnn', now 'bayescnn'"),
        ({"settings": {**TINY, "width": 9}}, "settings was"),
        ({"recipe": "paper"}, "recipe was 'default', now 'paper'"),
        ({"budget": Budget(updates=11)}, "updates was 10, now 11"),
        ({"teachers": "untrained"}, r"teachers was \[\], now \['untrained'\]"),
        (
            {"teachers": "untrained", "spaces": ["learning", "constraints"]},
            r"search was \['learning'\], now \['learning', 'constraints'\]",
        ),
    ],
    ids=str,
)
def test_study_of_another_search_is_refused_and_left_alone(
    building: Survey, whole_study: Path, changes: dict[str, Any], message: str
) -> None:
    before = whole_study.read_bytes()
    with pytest.raises(BadInputError, match=f"belongs to another search: {message}"):
        small_search(building, study_file=whole_study, **changes)
    assert whole_study.read_bytes() == before


def test_study_of_another_building_is_refused(whole_study: Path) -> None:
    with pytest.raises(BadInputError, match="belongs to another search: target data was"):
        small_search(small_building(seed=7), study_file=whole_study)


def test_study_in_use_is_refused(building: Survey, whole_study: Path) -> None:
    with open_study(whole_study), pytest.raises(BadInputError, match="another process searches in"):
        small_search(building, study_file=whole_study)


def some_text(path: Path) -> None:
    path.write_text("not a database, but a letter to a friend, long enough for a header" * 4)


def some_tables(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE friends (name TEXT)")


def cut_short(path: Path) -> None:
    some_tables(path)
    path.write_bytes(path.read_bytes()[:700])


def another_study(path: Path) -> None:
    optuna.create_study(storage=f"sqlite:///{path}", study_name="mine")


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (some_text, FileFormatError, "is no study, or is damaged"),
        (cut_short, FileFormatError, "is no study, or is damaged"),
        (some_tables, BadInputError, "holds other data than a search"),
        (another_study, BadInputError, "holds other data than a search"),
        (Path.mkdir, BadInputError, "is a folder"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_file_that_is_no_study_is_refused_and_left_alone(
    building: Survey, tmp_path: Path, make: Any, error: type[TutelageError], message: str
) -> None:
    path = tmp_path / "study.sqlite"
    make(path)
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(error, match=message):
        small_search(building, study_file=path)
    assert (path.read_bytes() if path.is_file() else None) == before
    assert list(tmp_path.iterdir()) == [path]
