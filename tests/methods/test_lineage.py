"""What a model says of its own making: frozen, and the same once it was written and read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from tutelage.data.fingerprints import Survey
from tutelage.errors import FileFormatError
from tutelage.localizer import Localizer
from tutelage.methods.lineage import (
    Lineage,
    MethodLineage,
    SourceLineage,
    TeacherChoiceRecord,
    TransferLineage,
)
from tutelage.methods.matcher.pretrained import shipped_matcher
from tutelage.methods.teachers.shelf import zoo_teachers
from tutelage.training import GradientShares

FIRST = Lineage(survey="depot", licence="CC BY 4.0", data_hash="a1", n_train=200, seed=0, fit_seconds=1.5)


def full_lineage() -> Lineage:
    """Every field has something to say."""
    card = next(iter(zoo_teachers("dnn").values())).card
    source = SourceLineage(survey="north", licence="", data_hash="b2", n_train=9)
    figures = {"candidate": "zoo", "rival": "none", "mean_m": -0.5, "clear": True}
    choice = TeacherChoiceRecord(
        chosen="zoo", why="it is clear", n_points=60, candidates=({"name": "zoo"},), contests=(figures,)
    )
    second = FIRST.model_copy(update={"data_hash": "c3", "updated_from": FIRST, "dropped": ("AP1",)})
    return Lineage(
        settings={"k": 3, "metric": "sorensen"},
        metrics={"held_out_mae_m": 2.25},
        recipe_name="default",
        recipe={"updates": 9, "rss_min_dbm": None},
        teachers=(card, "untrained"),
        pretrained=shipped_matcher().card,
        transfer=TransferLineage(kind="sequential", sources=(source,)),
        network="dnn",
        share=0.25,
        share_reason="no network: one day",
        fine_tune=True,
        sharpness=1.25,
        n_steps=9,
        learning_curve=(0.9, 0.8),
        gradient_shares=GradientShares(mean={"J_MAE": 0.9}, last={"J_MAE": 0.8}),
        survey="depot",
        licence="CC BY 4.0",
        data_hash="d4",
        n_train=7,
        n_blank=2,
        seed=3,
        fit_seconds=0.25,
        teacher_choice=choice,
        dropped=("AP2", "AP3"),
        ignored=("AP4",),
        updated_from=second,
    )


@pytest.fixture(scope="module")
def model(survey: Survey) -> Localizer:
    settings = {"metric": "sorensen", "representation": "powed", "k": 3}
    return Localizer("knn", settings=settings, calibrate=False).fit(survey)


def assert_every_field_is_set(lineage: Lineage) -> None:
    for name, field in Lineage.model_fields.items():
        assert field.is_required() or getattr(lineage, name) != field.default, name


@pytest.mark.parametrize("name", [*Lineage.model_fields])
def test_no_field_can_be_changed(name: str) -> None:
    with pytest.raises(ValidationError, match="frozen"):
        setattr(FIRST, name, "other")


def test_fit_writes_what_it_learnt_from(model: Localizer, survey: Survey) -> None:
    lineage = model.lineage_
    assert (lineage.survey, lineage.licence) == (survey.name, survey.licence)
    assert (lineage.data_hash, lineage.n_train) == (survey.train.content_hash(), len(survey.train))
    assert (lineage.seed, lineage.updated_from, lineage.earlier()) == (0, None, (lineage,))
    assert lineage.settings is not None
    assert lineage.settings["k"] == 3


def test_lineage_is_the_same_once_it_was_written_and_read(model: Localizer, tmp_path: Path) -> None:
    lineage = full_lineage()
    assert_every_field_is_set(lineage)
    other = Localizer("knn")
    other.method_ = model.method_
    other.frame_ = model.frame_
    other.has_coordinates_ = True
    other.calibration_ = other.place_calibration_ = None
    other.lineage_ = lineage
    other.save(tmp_path / "model")
    read = Localizer.load(tmp_path / "model").lineage_
    assert read == lineage
    assert read.as_dict() == lineage.as_dict()
    assert [type(each) for each in read.earlier()] == [Lineage] * 3


def test_plain_values_are_ready_for_json_and_leave_out_what_does_not_concern_the_fit() -> None:
    plain = full_lineage().as_dict()
    assert json.loads(json.dumps(plain)) == plain
    assert plain["updated_from"]["updated_from"]["data_hash"] == "a1"
    assert "updated_from" not in FIRST.as_dict()
    assert None not in FIRST.as_dict().values()


def test_earlier_lists_the_models_before_the_updates_the_newest_first() -> None:
    assert [each.data_hash for each in full_lineage().earlier()] == ["d4", "c3", "a1"]


@pytest.mark.parametrize(
    "change",
    [{"sorce": "depot"}, {"n_train": "many"}, {"transfer": {"kind": "collective"}}, {"teachers": ["taught"]}],
)
def test_what_is_no_lineage_is_refused_in_a_model_file(
    model: Localizer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: dict[str, Any]
) -> None:
    model.save(tmp_path / "model")
    content = json.loads((tmp_path / "model" / "model.json").read_text())
    del content["sha256"]
    content["lineage"] |= change
    monkeypatch.setattr("tutelage.localizer.read_model_folder", lambda _: (content, model.method_.tensors()))
    with pytest.raises(FileFormatError, match="does not fit this version"):
        Localizer.load(tmp_path / "model")


def test_method_says_only_what_concerns_it() -> None:
    assert MethodLineage().as_dict() == {"metrics": {}, "teachers": []}
    with pytest.raises(ValidationError, match="extra"):
        MethodLineage(epochs=3)  # type: ignore[call-arg]
