"""Transfer through the localizer: lineage, the model folder, and what does not go together."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import sparse

from tutelage.data.fingerprints import FingerprintSet, Survey
from tutelage.errors import BadInputError, UnknownNameError
from tutelage.localizer import Localizer
from tutelage.paper.transfer import Source
from tutelage.training import Budget, RunOptions

SMALL = {"width": 32, "d_e": 16, "encoder_width": 24, "batch_size": 32}
BRIEF = RunOptions(device="cpu", budget=Budget(2))
both_kinds = pytest.mark.parametrize("kind", ["collective", "sequential"])


def localizer(**arguments: Any) -> Localizer:
    given: dict[str, Any] = {"method": "dnn", "settings": SMALL, "run": BRIEF, **arguments}
    return Localizer(**given)


@pytest.fixture(scope="module")
def surveys(sources: list[Source]) -> list[Survey]:
    return [Survey(name, train, None, licence=f"licence of {name}") for name, train in sources]


@both_kinds
def test_lineage_names_the_transfer_and_its_sources(
    target: FingerprintSet, surveys: list[Survey], kind: Any
) -> None:
    lineage = localizer(transfer=kind, sources=[surveys[0], surveys[1].train]).fit(target).lineage_
    assert lineage.transfer is not None
    assert lineage.transfer.kind == kind
    assert lineage.teachers == ()
    assert lineage.data_hash == target.content_hash()
    assert lineage.recipe is not None
    assert lineage.recipe["encoder_width"] == 24
    named, unnamed = lineage.transfer.sources
    assert (named.survey, named.licence) == ("north", "licence of north")
    assert (unnamed.survey, unnamed.licence) == ("unnamed", "")
    assert [s.data_hash for s in (named, unnamed)] == [s.train.content_hash() for s in surveys]
    assert [s.n_train for s in (named, unnamed)] == [len(s.train) for s in surveys]


def test_lineage_without_transfer_has_no_sources(target: FingerprintSet) -> None:
    settings = {name: SMALL[name] for name in ("width", "d_e")}
    lineage = localizer(settings=settings).fit(target).lineage_
    assert lineage.transfer is None


@both_kinds
def test_saved_model_answers_bit_for_bit(
    target: FingerprintSet, surveys: list[Survey], tmp_path: Path, kind: Any
) -> None:
    model = localizer(transfer=kind, sources=surveys).fit(target)
    model.save(tmp_path / "model")
    again = Localizer.load(tmp_path / "model")
    np.testing.assert_array_equal(again.predict(target).position_m, model.predict(target).position_m)
    assert again.access_points_ == model.access_points_
    assert again.lineage_ == model.lineage_


def test_blank_scans_of_a_source_are_left_out(target: FingerprintSet, surveys: list[Survey]) -> None:
    train = surveys[0].train
    nothing = sparse.csr_array((3, train.n_access_points), dtype=np.float32)
    with_blanks = replace(train, rss_dbm=sparse.vstack([nothing, train.rss_dbm[3:]], format="csr"))
    assert (with_blanks.n_heard == 0).sum() == 3
    one, same = (
        localizer(transfer="collective", sources=[scans]).fit(target).predict(target).position_m
        for scans in (with_blanks, with_blanks[3:])
    )
    np.testing.assert_array_equal(one, same)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (
            {"transfer": "colective"},
            UnknownNameError,
            "'colective'. Did you mean collective",
        ),
        ({"transfer": "collective", "sources": []}, BadInputError, "name at least one source"),
        ({"transfer": "none"}, BadInputError, "source buildings are given, and no transfer"),
        ({"transfer": "sequential", "teachers": "untrained"}, BadInputError, "takes no teachers"),
        ({"transfer": "sequential", "method": "knn", "settings": {}}, BadInputError, "knn takes no transfer"),
        ({"transfer": "sequential", "settings": {"trunck": 1}}, UnknownNameError, "Did you mean trunk"),
        ({"transfer": "sequential", "settings": {"weight_sim": 1}}, UnknownNameError, "'weight_sim'"),
        ({"transfer": "sequential", "recipe": "papper"}, UnknownNameError, "paper"),
    ],
)
def test_what_does_not_go_together_is_refused(
    target: FingerprintSet,
    surveys: list[Survey],
    arguments: dict[str, Any],
    error: type[Exception],
    message: str,
) -> None:
    with pytest.raises(error, match=message):
        localizer(**{"sources": surveys} | arguments).fit(target)


def test_transfer_takes_teachers_that_are_none(target: FingerprintSet, surveys: list[Survey]) -> None:
    model = localizer(transfer="collective", sources=surveys, teachers="none").fit(target)
    assert model.lineage_.teachers == ()


def test_a_single_source_may_stand_alone(target: FingerprintSet, surveys: list[Survey]) -> None:
    for source in (surveys[0], surveys[0].train):
        record = localizer(transfer="collective", sources=source).fit(target).lineage_.transfer
        assert record is not None
        assert [s.data_hash for s in record.sources] == [surveys[0].train.content_hash()]


def test_source_of_a_single_place_is_refused_by_name(target: FingerprintSet, surveys: list[Survey]) -> None:
    train = surveys[0].train
    one_place = replace(surveys[0], train=replace(train, position_m=np.zeros((len(train), 2))))
    with pytest.raises(BadInputError, match=r"scans of 'north' .* 1 reference point\(s\)"):
        localizer(transfer="collective", sources=[one_place]).fit(target)
