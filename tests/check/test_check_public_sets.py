"""The known faults of public sets are found, and nothing there must be mended."""

from __future__ import annotations

from pathlib import Path

import pytest
from checked import codes, found

from tutelage.data.check import check_survey
from tutelage.data.surveys import load

pytestmark = pytest.mark.real_data


def test_faults_of_ujiindoorloc(data_dir: Path) -> None:
    check = check_survey("ujiindoorloc", data_dir=data_dir)
    assert len(found(check, "blank_scan").rows) == 76
    assert len(found(check, "duplicate_scan").rows) == 637
    assert found(check, "impossible_rss").message.startswith("155 readings")
    assert len(found(check, "heard_in_test_only").access_points) == 55
    train = load("ujiindoorloc", data_dir=data_dir).train
    assert [int(train.n_heard[row - 1]) for row in found(check, "blank_scan").rows] == [0] * 76
    assert check.n_errors == 0


def test_test_scans_of_tampere_that_are_training_scans(data_dir: Path) -> None:
    check = check_survey("tampere", data_dir=data_dir)
    assert len(found(check, "leak").rows) == 10
    assert found(check, "few_scans").severity == "note"


@pytest.mark.parametrize("name", ["dsi1", "tut1", "tut5", "tut6", "tut7", "uji_library"])
def test_public_sets_can_be_learnt_from(name: str, data_dir: Path) -> None:
    check = check_survey(name, data_dir=data_dir)
    assert check.n_errors == 0
    assert "heard_in_train_only" in codes(check)
