"""Files that people really have, written in other ways; `python -m benchmarks.variations N` tries more."""

from __future__ import annotations

import pytest
from benchmarks.variations import Variation, outcome_of, variations, varied_files
from hypothesis import HealthCheck, given, settings


@pytest.mark.cases
@settings(max_examples=100, suppress_health_check=list(HealthCheck))
@given(variations())
def test_no_wrong_result_comes_without_a_word(variation: Variation) -> None:
    assert outcome_of(variation) in ("same", "part", "as written", "refused", "told")


@pytest.mark.cases
@pytest.mark.parametrize(
    ("name", "change", "outcome"),
    [
        ("00-base/survey.csv", ("columns shuffled", 1), "same"),
        ("00-base/survey.csv", ("rows cut", 1), "same"),
        ("00-base/survey.csv", ("percent", 1), "same"),
        ("00-base/survey.csv", ("percent", 2), "refused"),
        ("20-encodings/quoted.csv", ("column doubled", 6), "refused"),
        ("00-base/survey.csv", ("names of other coordinates", 0), "refused"),
        ("01-find3-rooms/later.jsons", ("records shuffled", 1), "same"),
    ],
)
def test_each_change_ends_as_it_should(name: str, change: tuple[str, int], outcome: str) -> None:
    assert outcome_of(Variation(name, (change,), "as it is")) == outcome


@pytest.mark.cases
def test_a_wrong_result_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    file = varied_files()["00-base/survey.csv"]
    assert file.varied([("rows shuffled", 1)]).has_ids
    assert len({scan["id"] for scan in file.content}) == 90
    monkeypatch.setitem(file.content[3], "position", (1.0, 1.0))
    with pytest.raises(AssertionError, match="position"):
        outcome_of(Variation("00-base/survey.csv", (), "as it is"))
